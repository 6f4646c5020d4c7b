//! From a configuration back to the text of a `director.toml`.

mod alerts;
mod check;
mod vrrp;

use crate::duration::format_duration;
use check::check;
use director_core::config::{
    Announce, Cluster, Config, Detection, Failback, Forward, Group, Hook, Link, Node, OnFailure,
    Operations, Overrides, Policy, SchedulerFlags, Server, Service, ServiceSettings, SyncSettings,
    Thresholds, Tunnel, VirtualAddress,
};
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

/// The text of a `director.toml` that means this configuration.
///
/// Every setting is written, also when it has its default. [`parse`](crate::parse) of the text
/// gives an equal configuration when the configuration came from `parse`. One that was made
/// otherwise may have what this release does not read: [`Detection::Ask`] with other times than
/// [`Detection::ask`] gives (written as `"ask"`), IPv6, services other than TCP, other forwarding
/// methods.
#[must_use]
pub fn render(config: &Config) -> String {
    let mut tables = vec![cluster(&config.cluster)];
    tables.extend(config.nodes.iter().map(|(name, it)| node(name.as_str(), it)));
    tables.extend(config.groups.iter().map(|(name, it)| group(name.as_str(), it)));
    tables.extend(config.services.iter().map(|(name, it)| service(name.as_str(), it)));
    tables.extend(config.alerts.iter().map(|(name, it)| alerts::table(name.as_str(), it)));
    let operations = operations(&config.operations).into_iter();
    tables.extend(operations.map(|(name, pairs)| pairs.table(name)));
    tables.join("\n")
}

fn overrides(own: &Overrides) -> Pairs {
    let mut pairs = Pairs::new();
    if !own.interfaces.is_empty() {
        let mut interfaces = Pairs::new();
        for (common, own) in &own.interfaces {
            interfaces.text(common.as_str(), own);
        }
        pairs.raw("interfaces", interfaces.inline());
    }
    for (key, hook) in [("fence", &own.fence), ("notify", &own.notify)] {
        if let Some(hook) = hook {
            pairs.raw(key, self::hook(hook));
        }
    }
    for (key, table) in operations(&own.operations) {
        pairs.raw(key, table.inline());
    }
    pairs
}

fn operations(operations: &Operations) -> Vec<(&'static str, Pairs)> {
    let mut tables = Vec::new();
    if let Some(metrics) = operations.metrics {
        let mut pairs = Pairs::new();
        pairs.text("metrics", metrics);
        tables.push(("telemetry", pairs));
    }
    if let Some(api) = &operations.api {
        let mut pairs = Pairs::new();
        pairs.text("listen", api.listen);
        pairs.text("certificate", &api.certificate);
        pairs.text("key-file", &api.key_file);
        pairs.text("clients", &api.clients);
        if !api.operators.is_empty() {
            let names: Vec<String> = api.operators.iter().map(|name| quoted(name)).collect();
            pairs.raw("operators", format_args!("[{}]", names.join(", ")));
        }
        tables.push(("api", pairs));
    }
    if let Some(directory) = &operations.maintenance {
        let mut pairs = Pairs::new();
        pairs.text("directory", directory);
        tables.push(("maintenance", pairs));
    }
    tables
}

/// Lines of a table, or pairs of an inline table.
struct Pairs(Vec<String>);

impl Pairs {
    const fn new() -> Self {
        Self(Vec::new())
    }

    fn raw(&mut self, key: &str, value: impl Display) {
        self.0.push(format!("{} = {value}", toml_edit::Key::new(key)));
    }

    fn text(&mut self, key: &str, value: impl Display) {
        self.raw(key, quoted(&value.to_string()));
    }

    /// Nothing where there is nothing.
    fn given(&mut self, key: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn duration(&mut self, key: &str, value: Duration) {
        self.text(key, format_duration(value));
    }

    fn table(&self, header: &str) -> String {
        format!("[{header}]\n{}\n", self.0.join("\n"))
    }

    fn named(&self, kind: &str, name: &str) -> String {
        self.table(&format!("{kind}.{}", toml_edit::Key::new(name)))
    }

    fn inline(&self) -> String {
        format!("{{ {} }}", self.0.join(", "))
    }
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

fn cluster(cluster: &Cluster) -> String {
    let mut pairs = Pairs::new();
    pairs.text("name", &cluster.name);
    pairs.duration("keepalive", cluster.keepalive);
    pairs.duration("deadtime", cluster.deadtime);
    pairs.text(
        "detection",
        match cluster.detection {
            Detection::Deadtime => "deadtime",
            Detection::Ask { .. } => "ask",
        },
    );
    pairs.duration("initdead", cluster.initdead);
    match cluster.failback {
        Failback::Manual => pairs.text("failback", "manual"),
        Failback::Auto { delay } => {
            pairs.text("failback", "auto");
            pairs.duration("failback-delay", delay);
        }
    }
    pairs.raw("port", cluster.port);
    pairs.text("key-file", &cluster.key_file);
    let links: Vec<String> = cluster.links.iter().map(link).collect();
    pairs.raw("links", format!("[{}]", links.join(", ")));
    let witness = |witness: &_| quoted(&format!("{witness}"));
    let witnesses: Vec<String> = cluster.witnesses.iter().map(witness).collect();
    pairs.raw("witnesses", format!("[{}]", witnesses.join(", ")));
    if let Some(voter) = cluster.voter {
        pairs.text("voter", voter);
    }
    for (key, hook) in [("fence", &cluster.fence), ("notify", &cluster.notify)] {
        if let Some(hook) = hook {
            pairs.raw(key, self::hook(hook));
        }
    }
    pairs.raw("check-marks", cluster.check_marks.first());
    pairs.raw("announce", announce(&cluster.announce));
    pairs.text("lease", cluster.lease.map_or_else(|| "off".to_owned(), format_duration));
    pairs.duration("resync", cluster.resync);
    if let Some(it) = &cluster.sync {
        pairs.raw("sync", sync(it));
    }
    pairs.table("cluster")
}

fn link(link: &Link) -> String {
    let mut pairs = Pairs::new();
    pairs.text("interface", &link.interface);
    if let Some(group) = link.multicast {
        pairs.text("multicast", group);
    }
    pairs.inline()
}

fn hook(hook: &Hook) -> String {
    let words: Vec<String> = hook.command.iter().map(|word| quoted(word)).collect();
    let mut pairs = Pairs::new();
    pairs.raw("command", format!("[{}]", words.join(", ")));
    pairs.duration("timeout", hook.timeout);
    pairs.inline()
}

fn announce(announce: &Announce) -> String {
    let mut pairs = Pairs::new();
    pairs.raw("count", announce.count);
    pairs.duration("interval", announce.interval);
    pairs.text("refresh", announce.refresh.map_or_else(|| "off".to_owned(), format_duration));
    pairs.inline()
}

fn sync(sync: &SyncSettings) -> String {
    let mut pairs = Pairs::new();
    let daemon = &sync.daemon;
    pairs.text("interface", &daemon.interface);
    pairs.raw("id", daemon.id);
    pairs.text("group", daemon.group);
    pairs.raw("port", daemon.port);
    pairs.raw("ttl", daemon.ttl);
    if let Some(payload) = daemon.max_payload {
        pairs.raw("max-payload", payload);
    }
    pairs.raw("threshold", sync.threshold);
    pairs.raw("period", sync.period);
    pairs.text("refresh", sync.refresh.map_or_else(|| "off".to_owned(), format_duration));
    pairs.raw("retries", sync.retries);
    pairs.duration("warm", sync.warm);
    pairs.inline()
}

fn node(name: &str, node: &Node) -> String {
    let mut addresses = Pairs::new();
    for (interface, address) in &node.addresses {
        addresses.text(interface.as_str(), address);
    }
    let mut pairs = Pairs::new();
    pairs.raw("addresses", addresses.inline());
    pairs.raw("priority", node.priority.get());
    let own = overrides(&node.overrides);
    if !own.0.is_empty() {
        pairs.raw("override", own.inline());
    }
    pairs.named("nodes", name)
}

fn group(name: &str, group: &Group) -> String {
    let addresses: Vec<String> =
        group.addresses.iter().map(|address| quoted(&place(address))).collect();
    let mut pairs = Pairs::new();
    pairs.raw("addresses", format!("[{}]", addresses.join(", ")));
    if !group.priorities.is_empty() {
        let mut priorities = Pairs::new();
        for (node, priority) in &group.priorities {
            priorities.raw(node.as_str(), priority.get());
        }
        pairs.raw("priorities", priorities.inline());
    }
    if let Some(vrrp) = &group.vrrp {
        pairs.raw("vrrp", vrrp::inline(vrrp));
    }
    pairs.named("groups", name)
}

fn service(name: &str, service: &Service) -> String {
    let mut pairs = Pairs::new();
    listen(service, &mut pairs);
    settings(service, &mut pairs);
    forward(service.forward, &mut pairs);
    pairs.raw("check", check(&service.check));
    pairs.text(
        "on-failure",
        match service.on_failure {
            OnFailure::Quiesce => "quiesce",
            OnFailure::Remove => "remove",
        },
    );
    pairs.duration("drain", service.drain);
    let port = service.key.address().map_or(0, |address| address.port());
    if let Some(fallback) = service.fallback {
        pairs.text("fallback", endpoint(fallback, port));
    }
    if let Some(command) = &service.fallback_command {
        pairs.raw("fallback-command", hook(command));
    }
    policy(&service.policy, &mut pairs);
    pairs.raw("servers", servers(service, port));
    pairs.named("services", name)
}

fn policy(policy: &Policy, pairs: &mut Pairs) {
    if let Some(quorum) = policy.quorum {
        let mut inline = Pairs::new();
        inline.raw("weight", quorum.weight);
        inline.raw("hysteresis", quorum.hysteresis);
        pairs.raw("quorum", inline.inline());
    }
    if let Some(share) = policy.panic {
        pairs.raw("panic-threshold", share.get());
    }
    if let Some(length) = policy.slow_start {
        pairs.duration("slow-start", length);
    }
    if let Some(limit) = policy.half_open {
        pairs.raw("half-open-limit", limit);
    }
    if let Some(damping) = policy.damping {
        let mut inline = Pairs::new();
        inline.raw("changes", damping.changes);
        inline.duration("within", damping.within);
        inline.duration("hold", damping.hold);
        pairs.raw("flap-damping", inline.inline());
    }
}

fn listen(service: &Service, pairs: &mut Pairs) {
    if let Some(mark) = service.key.mark() {
        pairs.raw("fwmark", mark);
        if service.marked.is_empty() {
            pairs.text("family", if service.key.is_ipv6() { "ipv6" } else { "ipv4" });
            return;
        }
        let sockets = service.marked.iter().map(|traffic| quoted(&traffic.to.to_string()));
        pairs.raw("listen", format!("[{}]", sockets.collect::<Vec<_>>().join(", ")));
    }
    if let Some(address) = service.key.address() {
        pairs.text("listen", address);
    }
    let marked = service.marked.first().map(|traffic| traffic.protocol);
    if let Some(protocol) = service.key.protocol().or(marked) {
        pairs.text("protocol", protocol);
    }
}

fn settings(service: &Service, pairs: &mut Pairs) {
    let ServiceSettings { scheduler, flags, persistence, one_packet } = service.settings;
    pairs.text("scheduler", scheduler);
    if flags != SchedulerFlags::NONE {
        let flags: Vec<String> = flags.names(scheduler).map(quoted).collect();
        pairs.raw("scheduler-flags", format!("[{}]", flags.join(", ")));
    }
    if let Some(persistence) = persistence {
        let mut table = Pairs::new();
        table.duration("timeout", persistence.timeout);
        table.raw("prefix", persistence.prefix);
        if let Some(engine) = persistence.engine {
            table.text("engine", engine.name());
        }
        pairs.raw("persistence", table.inline());
    }
    if one_packet {
        pairs.raw("one-packet", true);
    }
}

fn forward(forward: Forward, pairs: &mut Pairs) {
    pairs.text("forward", forward.method());
    let mut table = Pairs::new();
    match forward {
        Forward::Direct | Forward::Nat => return,
        Forward::Tunnel(Tunnel::Ipip) => table.text("type", "ipip"),
        Forward::Tunnel(Tunnel::Gue { port, checksum }) => {
            table.text("type", "gue");
            table.raw("port", port);
            table.text("checksum", checksum.name());
        }
        Forward::Tunnel(Tunnel::Gre { checksum }) => {
            table.text("type", "gre");
            table.text("checksum", if checksum { "outer" } else { "off" });
        }
    }
    pairs.raw("tunnel", table.inline());
}

fn servers(service: &Service, port: u16) -> String {
    if service.servers.is_empty() {
        return "[]".to_owned();
    }
    let line = |(address, server): (&SocketAddr, &Server)| {
        let mut pairs = Pairs::new();
        pairs.text("address", endpoint(*address, port));
        pairs.raw("weight", server.weight);
        if let Some(own) = server.forward {
            forward(own, &mut pairs);
        }
        let Thresholds { upper, lower } = server.thresholds;
        if upper > 0 {
            pairs.raw("upper-threshold", upper);
        }
        if lower > 0 {
            pairs.raw("lower-threshold", lower);
        }
        format!("  {},\n", pairs.inline())
    };
    let lines: String = service.servers.iter().map(line).collect();
    format!("[\n{lines}]")
}

/// The address, with its port when that is not the service's own.
fn endpoint(address: SocketAddr, port: u16) -> String {
    if address.port() == port { address.ip().to_string() } else { address.to_string() }
}

/// Where an address is, without the device that its virtual router makes.
fn place(address: &VirtualAddress) -> String {
    VirtualAddress { mac: None, ..address.clone() }.to_string()
}
