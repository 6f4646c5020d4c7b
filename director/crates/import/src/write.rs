//! From what the files want to the lines of a `director.toml`.

use crate::draft::{
    Check, Cluster, Dialogue, Draft, Forward, Group, Key, Mail, Node, Quorum, Server, Service,
    Setting, Sync, Value, Virtual, Wrapping,
};
use crate::place::At;
use crate::sheet::{Item, Loss, key, quoted};
use director_config::format_duration;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// All of it, in the order of the grammar.
pub(crate) fn items(draft: &Draft, key_file: &str) -> Vec<Item> {
    let mut items = vec![cluster(&draft.cluster, key_file)];
    items.extend(draft.nodes.iter().map(node));
    items.extend(draft.groups.iter().map(group));
    items.extend(draft.services.iter().map(service));
    items.extend(draft.alerts.iter().enumerate().map(|(number, it)| alert(number, it)));
    items
}

fn cluster(cluster: &Cluster, key_file: &str) -> Item {
    let mut item = Item::new("the cluster".to_owned(), None, "[cluster]".to_owned());
    if let Some(name) = &cluster.name {
        item.pair("name", &quoted(&name.value), Some(name.place), Loss::Line);
    }
    let durations = [
        ("keepalive", &cluster.keepalive),
        ("deadtime", &cluster.deadtime),
        ("initdead", &cluster.initdead),
    ];
    for (name, at) in durations {
        duration(&mut item, name, at.as_ref());
    }
    if let Some(failback) = &cluster.failback {
        let word = if failback.value { "\"auto\"" } else { "\"manual\"" };
        item.pair("failback", word, Some(failback.place), Loss::Line);
    }
    duration(&mut item, "failback-delay", cluster.failback_delay.as_ref());
    if let Some(port) = &cluster.port {
        item.pair("port", &port.value.to_string(), Some(port.place), Loss::Line);
    }
    let key_place = cluster.secret.as_ref().map(|secret| secret.place);
    item.pair("key-file", &quoted(key_file), key_place, Loss::Nothing);
    if !cluster.links.is_empty() {
        item.line("links", "links = [".to_owned(), None, Loss::Nothing);
        for link in &cluster.links {
            let group = cluster.multicast.get(&link.value);
            let group = group.map(|group| format!(", multicast = {}", quoted(&group.to_string())));
            let text = format!(
                "  {{ interface = {}{} }},",
                quoted(&link.value),
                group.unwrap_or_default()
            );
            item.line(&format!("link {}", link.value), text, Some(link.place), Loss::Line);
        }
        item.line("links", "]".to_owned(), None, Loss::Nothing);
    }
    announce(&mut item, cluster);
    if !cluster.witnesses.is_empty() {
        let list: Vec<String> =
            cluster.witnesses.iter().map(|at| quoted(&at.value.to_string())).collect();
        let place = cluster.witnesses.first().map(|at| at.place);
        item.pair("witnesses", &format!("[{}]", list.join(", ")), place, Loss::Line);
    }
    if let Some(at) = &cluster.sync {
        item.pair("sync", &sync(&at.value), Some(at.place), Loss::Line);
    }
    item
}

fn sync(sync: &Sync) -> String {
    let mut pairs = vec![format!("interface = {}", quoted(&sync.interface))];
    let numbers = [
        ("id", sync.id),
        ("port", sync.port),
        ("ttl", sync.ttl),
        ("max-payload", sync.max_payload),
    ];
    let given = numbers.into_iter().filter_map(|(name, number)| Some((name, number?)));
    pairs.extend(given.map(|(name, number)| format!("{name} = {number}")));
    pairs.extend(sync.group.map(|group| format!("group = {}", quoted(&group.to_string()))));
    format!("{{ {} }}", pairs.join(", "))
}

fn duration(item: &mut Item, name: &str, at: Option<&At<Duration>>) {
    if let Some(at) = at {
        let text = quoted(&format_duration(at.value));
        item.pair(name, &text, Some(at.place), Loss::Line);
    }
}

fn announce(item: &mut Item, cluster: &Cluster) {
    if let Some(count) = &cluster.announce_count {
        let text = count.value.to_string();
        item.pair("announce.count", &text, Some(count.place), Loss::Line);
    }
    duration(item, "announce.interval", cluster.announce_interval.as_ref());
    duration(item, "announce.refresh", cluster.announce_refresh.as_ref());
}

fn node(node: &Node) -> Item {
    let name = &node.name.value;
    let header = format!("[nodes.{}]", key(name));
    let mut item = Item::new(format!("node {name}"), Some(node.name.place), header);
    for (interface, address) in &node.addresses {
        let what = format!("addresses.{}", key(interface));
        let text = quoted(&address.value.to_string());
        item.pair(&what, &text, Some(address.place), Loss::Item);
    }
    if node.addresses.is_empty() {
        item.pair("addresses", "{}", None, Loss::Item);
    }
    let priority = node.priority.value.to_string();
    item.pair("priority", &priority, Some(node.priority.place), Loss::Item);
    item
}

fn group(group: &Group) -> Item {
    let name = &group.name.value;
    let header = format!("[groups.{}]", key(name));
    let mut item = Item::new(format!("group {name}"), Some(group.name.place), header);
    item.line("addresses", "addresses = [".to_owned(), None, Loss::Item);
    for at in &group.addresses {
        let Virtual { address, prefix, interface } = &at.value;
        let prefix = prefix.unwrap_or(if address.is_ipv4() { 32 } else { 128 });
        let interface = interface.as_deref().unwrap_or("eth0");
        let text = quoted(&format!("{address}/{prefix} on {interface}"));
        let what = format!("address {address}");
        item.line(&what, format!("  {text},"), Some(at.place), Loss::Line);
    }
    item.line("addresses", "]".to_owned(), None, Loss::Item);
    item
}

fn service(service: &Service) -> Item {
    let header = format!("[services.{}]", key(&service.name));
    let what = format!("service {}", service.name);
    let mut item = Item::new(what, Some(service.place), header);
    listen(&mut item, service);
    if let Some(at) = &service.scheduler {
        item.pair("scheduler", &quoted(&at.value), Some(at.place), Loss::Item);
    }
    if !service.flags.is_empty() {
        let flags: Vec<String> = service.flags.iter().map(|it| quoted(&it.value)).collect();
        let place = service.flags.first().map(|it| it.place);
        item.pair("scheduler-flags", &format!("[{}]", flags.join(", ")), place, Loss::Line);
    }
    let forward = service.forward.value.word();
    item.pair("forward", &quoted(forward), Some(service.forward.place), Loss::Item);
    if let Some(tunnel) = service.forward.value.tunnel() {
        item.pair("tunnel", &tunnel, Some(service.forward.place), Loss::Item);
    }
    persistence(&mut item, service);
    if let Some(check) = &service.check {
        dialogue(&mut item, check, service.key.value);
    }
    let on_failure = if service.quiesce.value { "quiesce" } else { "remove" };
    item.pair("on-failure", &quoted(on_failure), Some(service.quiesce.place), Loss::Line);
    if let Some(at) = &service.fallback {
        let text = quoted(&endpoint(at.value.address, at.value.port));
        item.pair("fallback", &text, Some(at.place), Loss::Line);
    }
    if let Some(At { value, place }) = &service.fallback_command {
        let text = format!("{{ command = {} }}", texts(value));
        item.pair("fallback-command", &text, Some(*place), Loss::Line);
    }
    if let Some(At { value: Quorum { weight, hysteresis }, place }) = service.quorum {
        let text = format!("{{ weight = {weight}, hysteresis = {hysteresis} }}");
        item.pair("quorum", &text, Some(place), Loss::Line);
    }
    item.line("servers", "servers = [".to_owned(), None, Loss::Item);
    for server in &service.servers {
        let what = format!("server {}", endpoint(server.address, server.port));
        item.line(&what, one_server(server, service), Some(server.place), Loss::Line);
    }
    item.line("servers", "]".to_owned(), None, Loss::Item);
    item
}

fn alert(number: usize, mail: &Mail) -> Item {
    let name = if number == 0 { "email".to_owned() } else { format!("email-{}", number + 1) };
    let place = Some(mail.place);
    let mut item = Item::new(format!("alerts {name}"), place, format!("[alerts.{name}]"));
    let mut pairs = vec![format!("to = {}", texts(&mail.to))];
    pairs.push(format!("from = {}", quoted(&mail.from)));
    if let Some((server, port)) = &mail.server {
        pairs.push(format!("server = {}", quoted(server)));
        pairs.extend(port.map(|port| format!("port = {port}")));
    }
    // Neither ldirectord nor keepalived makes the connection secret.
    pairs.push("tls = \"off\"".to_owned());
    pairs.extend(mail.helo.as_ref().map(|helo| format!("helo = {}", quoted(helo))));
    item.pair("mail", &format!("{{ {} }}", pairs.join(", ")), place, Loss::Item);
    item.pair("events", &texts(&mail.events), place, Loss::Line);
    if !mail.services.is_empty() {
        item.pair("services", &texts(&mail.services), place, Loss::Line);
    }
    for (key, time) in [("repeat", mail.repeat), ("timeout", mail.timeout)] {
        if let Some(time) = time {
            item.pair(key, &quoted(&format_duration(time)), place, Loss::Line);
        }
    }
    item
}

fn texts(all: &[impl AsRef<str>]) -> String {
    let all: Vec<String> = all.iter().map(|it| quoted(it.as_ref())).collect();
    format!("[{}]", all.join(", "))
}

fn listen(item: &mut Item, service: &Service) {
    let place = Some(service.key.place);
    match service.key.value {
        Key::Tcp(address) => item.pair("listen", &quoted(&address.to_string()), place, Loss::Item),
        Key::Udp(address) | Key::Sctp(address) => {
            item.pair("listen", &quoted(&address.to_string()), place, Loss::Item);
            let protocol = quoted(service.key.value.protocol());
            item.pair("protocol", &protocol, place, Loss::Item);
        }
        Key::FwMark(mark) => item.pair("fwmark", &mark.to_string(), place, Loss::Item),
        Key::FwMark6(mark) => {
            item.pair("fwmark", &mark.to_string(), place, Loss::Item);
            item.pair("family", "\"ipv6\"", place, Loss::Item);
        }
    }
    if let Some(place) = service.one_packet {
        item.pair("one-packet", "true", Some(place), Loss::Line);
    }
}

fn persistence(item: &mut Item, service: &Service) {
    let Some(At { value, place }) = &service.persistence else { return };
    let timeout = quoted(&format_duration(value.timeout));
    item.pair("persistence.timeout", &timeout, Some(*place), Loss::Line);
    if let Some(prefix) = &value.prefix {
        let text = prefix.value.to_string();
        item.pair("persistence.prefix", &text, Some(prefix.place), Loss::Line);
    }
    if let Some(engine) = &value.engine {
        item.pair("persistence.engine", &quoted(&engine.value), Some(engine.place), Loss::Line);
    }
}

/// A server's own dialogue has no place of its own: it is noted where it was read.
fn one_server(server: &Server, service: &Service) -> String {
    let port = match service.key.value.address() {
        Some(listen) if server.port == Some(listen.port()) => None,
        _ => server.port,
    };
    let mut pairs = vec![format!("address = {}", quoted(&endpoint(server.address, port)))];
    pairs.push(format!("weight = {}", server.weight));
    if server.forward != service.forward.value {
        pairs.push(format!("forward = {}", quoted(server.forward.word())));
        // What it does not say itself it takes from its service.
        let tunnel = server.forward.tunnel().or_else(|| {
            let is_usual = server.forward == Forward::Tunnel(Wrapping::Ipip);
            let other = service.forward.value.tunnel().is_some();
            (is_usual && other).then(|| "{ type = \"ipip\" }".to_owned())
        });
        pairs.extend(tunnel.map(|tunnel| format!("tunnel = {tunnel}")));
    }
    let thresholds = [("upper-threshold", &server.upper), ("lower-threshold", &server.lower)];
    for (name, at) in thresholds {
        if let Some(at) = at {
            pairs.push(format!("{name} = {}", at.value));
        }
    }
    format!("  {{ {} }},", pairs.join(", "))
}

fn endpoint(address: IpAddr, port: Option<u16>) -> String {
    match (address, port) {
        (_, Some(port)) => SocketAddr::new(address, port).to_string(),
        (IpAddr::V4(address), None) => address.to_string(),
        (IpAddr::V6(address), None) => address.to_string(),
    }
}

fn dialogue(item: &mut Item, check: &Check, key: Key) {
    let place = Some(check.place);
    let Dialogue { kind, settings } = &check.dialogue;
    let instead = match key {
        Key::Tcp(_) | Key::Sctp(_) if *kind != "tcp" => "tcp",
        Key::FwMark(_) | Key::FwMark6(_) if check.port.is_some() && *kind != "tcp" => "tcp",
        _ if *kind != "ping" => "ping",
        _ => "",
    };
    let loss = || Loss::Dialogue(instead.to_owned());
    item.pair("check.type", &quoted(kind), place, loss());
    for Setting { key, value, place: own } in settings {
        // Without it the dialogue would be another one.
        let loss = if *key == "tls" { loss() } else { Loss::Setting };
        item.pair(&format!("check.{key}"), &written(value), own.or(place), loss);
    }
    if let Some(port) = check.port {
        item.pair("check.port", &port.to_string(), place, Loss::Line);
    }
    let interval = check.interval.max(check.timeout);
    item.pair("check.interval", &quoted(&format_duration(interval)), place, Loss::Line);
    item.pair("check.timeout", &quoted(&format_duration(check.timeout)), place, Loss::Line);
    item.pair("check.fall", &check.fall.to_string(), place, Loss::Line);
    item.pair("check.rise", &check.rise.to_string(), place, Loss::Line);
}

fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Flag(flag) => flag.to_string(),
        Value::Texts(all) => texts(all),
    }
}
