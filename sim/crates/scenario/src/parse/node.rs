//! Segments and nodes.

use super::draft::Draft;
use super::source::{Mistake, Source, Text, key_offset, list};
use super::{range, value};
use crate::{ConfigFile, Node, NodeKind, Port, Segment, Serve};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use toml_edit::{Table, TableLike};

const KINDS: [&str; 5] = ["router", "director", "server", "client", "voter"];
/// The keys of a node that are not segments.
const KEYS: [&str; 7] = ["kind", "config", "serve", "vip_on_lo", "prepare", "gateway", "icmp"];
/// What a segment may carry: IPv6 needs the one (RFC 8200 §5), and Ethernet cards do the other.
const MTU: RangeInclusive<u16> = 1280..=9000;

pub(super) fn segments(source: &mut Source<'_>, root: &Table, draft: &mut Draft<'_>) {
    for (name, at, table) in source.tables_at(root, "segments") {
        source.unknown_keys(table, &["latency", "mtu"], "a segment");
        if let Err(mistake) = range::names(name) {
            source.report(at, mistake.text, mistake.help);
        }
        let mut segment = Segment::DEFAULT;
        if let Some(text) = source.string_at(table, "latency") {
            let parsed = value::spread(&text.value, 0);
            segment.latency = source.keep(&text, parsed).unwrap_or(segment.latency);
        }
        segment.mtu = source.bytes_at(table, "mtu", MTU).unwrap_or(segment.mtu);
        draft.scenario.segments.insert(name.to_owned(), segment);
    }
}

pub(super) fn nodes(source: &mut Source<'_>, root: &Table, draft: &mut Draft<'_>) {
    if !root.contains_key("nodes") {
        source.report(0, "`nodes` is missing", "add [nodes.gw] with kind and addresses, and so on");
    }
    for (key, at, table) in source.tables_at(root, "nodes") {
        match range::names(key) {
            Err(mistake) => source.report(at, mistake.text, mistake.help),
            Ok(names) => several(source, &names, at, table, draft),
        }
    }
    let used = |name: &str| draft.scenario.members(name).next().is_some();
    let idle: Vec<&String> = draft.scenario.segments.keys().filter(|name| !used(name)).collect();
    for name in idle {
        let at = root.get("segments").and_then(|item| item.as_table_like());
        let at = at.map_or(0, |table| key_offset(table, name));
        let help = format!("give a node an address there: {name} = \"10.0.0.1/24\"");
        source.report(at, format!("no node is on segment `{name}`"), help);
    }
}

/// The nodes of one table.
fn several(
    source: &mut Source<'_>,
    names: &[String],
    at: usize,
    table: &dyn TableLike,
    draft: &mut Draft<'_>,
) {
    let before = source.problems.len();
    let kind = kind(source, at, table, draft);
    let gateway = gateway(source, table);
    let drops_icmp = drops_icmp(source, table);
    let prepare = prepare(source, table, draft);
    let mut nodes: Vec<Node> = names
        .iter()
        .map(|name| Node {
            name: name.clone(),
            kind: kind.clone(),
            ports: Vec::new(),
            gateway,
            drops_icmp,
            prepare: prepare.clone(),
        })
        .collect();
    for (key, _) in table.iter().filter(|(key, _)| !KEYS.contains(key)) {
        ports(source, key, table, &mut nodes, draft);
    }
    if nodes.iter().all(|node| node.ports.is_empty()) && source.problems.len() == before {
        let help = "add SEGMENT = \"10.0.0.1/24\" for each segment that it is on";
        source.report(at, format!("`{}` has no address", names.join("`, `")), help);
    }
    for node in nodes {
        if draft.scenario.node(&node.name).is_some() {
            source.report(at, format!("there are two nodes `{}`", node.name), "rename one of them");
        }
        if source.problems.len() > before {
            draft.doubtful.insert(node.name.clone());
        }
        draft.scenario.nodes.push(node);
    }
}

fn kind(
    source: &mut Source<'_>,
    at: usize,
    table: &dyn TableLike,
    draft: &mut Draft<'_>,
) -> NodeKind {
    let text = source.string_at(table, "kind");
    let word = text.as_ref().map_or("", |text| text.value.as_str());
    let kind = match word {
        "router" => NodeKind::Router,
        "client" => NodeKind::Client,
        "director" => NodeKind::Director {
            config: config(source, at, table, draft),
            serve: serve(source, table),
        },
        "voter" => NodeKind::Voter { config: config(source, at, table, draft) },
        "server" => NodeKind::Server {
            serve: required_serve(source, at, table),
            vip_on_lo: vip_on_lo(source, table),
        },
        _ => {
            let help = format!("write kind = one of {}", list(&KINDS));
            match &text {
                Some(text) => source.report(
                    source.start_of(text),
                    format!("`{word}` is not a kind of node"),
                    help,
                ),
                None if table.contains_key("kind") => {}
                None => source.report(at, "the node has no `kind`", help),
            }
            return NodeKind::Client;
        }
    };
    let owners: [(&str, &[&str]); 5] = [
        ("config", &["director", "voter"]),
        ("serve", &["server", "director"]),
        ("vip_on_lo", &["server"]),
        ("prepare", &["server", "director"]),
        ("icmp", &["router"]),
    ];
    for (key, owners) in owners {
        if !owners.contains(&word) && table.contains_key(key) {
            let help = format!("only a {} has it: take the line out", owners.join(" or a "));
            source.report(key_offset(table, key), format!("a {word} has no `{key}`"), help);
        }
    }
    kind
}

fn config(
    source: &mut Source<'_>,
    at: usize,
    table: &dyn TableLike,
    draft: &mut Draft<'_>,
) -> ConfigFile {
    let nothing = ConfigFile::new("", String::new());
    let Some(text) = source.string_at(table, "config") else {
        if !table.contains_key("config") {
            let help = "add config = \"../config/pair.toml\": its director.toml";
            source.report(at, "the node has no `config`", help);
        }
        draft.facts = None;
        return nothing;
    };
    let read = draft.config(&text.value, 0);
    source.keep(&text, read).unwrap_or(nothing)
}

fn required_serve(source: &mut Source<'_>, at: usize, table: &dyn TableLike) -> Vec<Serve> {
    let before = source.problems.len();
    let found = serve(source, table);
    if found.is_empty() && source.problems.len() == before {
        let help = "add serve = \"http 80 ok\": protocol, port, behaviour, and the page if not OK";
        source.report(at, "the server does not serve anything", help);
    }
    found
}

fn serve(source: &mut Source<'_>, table: &dyn TableLike) -> Vec<Serve> {
    let texts: Vec<Text> = if table.get("serve").is_some_and(toml_edit::Item::is_array) {
        source.strings_at(table, "serve").unwrap_or_default()
    } else {
        source.string_at(table, "serve").into_iter().collect()
    };
    let mut found: Vec<Serve> = Vec::new();
    for text in texts {
        let parsed = value::serve(&text.value).and_then(|serve| {
            match found.iter().any(|other| other.port == serve.port) {
                true => Err(Mistake::new(
                    0,
                    format!("port {} is served twice", serve.port),
                    "keep one of them",
                )),
                false => Ok(serve),
            }
        });
        found.extend(source.keep(&text, parsed));
    }
    found
}

fn vip_on_lo(source: &mut Source<'_>, table: &dyn TableLike) -> bool {
    let Some(value) = source.value_at(table, "vip_on_lo") else { return true };
    value.as_bool().unwrap_or_else(|| {
        let at = super::source::offset(value.span());
        source.report(at, "`vip_on_lo` must be true or false", "write vip_on_lo = false");
        true
    })
}

/// The configuration of the directors, by which the real server is prepared.
fn prepare(
    source: &mut Source<'_>,
    table: &dyn TableLike,
    draft: &mut Draft<'_>,
) -> Option<ConfigFile> {
    let text = source.string_at(table, "prepare")?;
    let read = draft.config(&text.value, 0);
    let file = source.keep(&text, read);
    if table.contains_key("vip_on_lo") {
        let help = "take one of the two lines out";
        let wrong = "`prepare` puts the virtual addresses where they belong: `vip_on_lo` does too";
        source.report(key_offset(table, "vip_on_lo"), wrong, help);
    }
    file
}

fn gateway(source: &mut Source<'_>, table: &dyn TableLike) -> Option<IpAddr> {
    let text = source.string_at(table, "gateway")?;
    let parsed = value::ip(&text.value, 0);
    source.keep(&text, parsed)
}

/// Whether a router passes ICMP on.
fn drops_icmp(source: &mut Source<'_>, table: &dyn TableLike) -> bool {
    let Some(text) = source.string_at(table, "icmp") else { return false };
    let parsed = match text.value.as_str() {
        "pass" => Ok(false),
        "drop" => Ok(true),
        word => Err(Mistake::new(
            0,
            format!("`{word}` is not what a router does with ICMP"),
            "write icmp = \"drop\", or take the line out",
        )),
    };
    source.keep(&text, parsed).unwrap_or(false)
}

fn ports(
    source: &mut Source<'_>,
    segment: &str,
    table: &dyn TableLike,
    nodes: &mut [Node],
    draft: &mut Draft<'_>,
) {
    let at = key_offset(table, segment);
    if let Err(mistake) = range::names(segment) {
        return source.report(at, mistake.text, mistake.help);
    }
    let item = table.get(segment);
    let is_array = item.is_some_and(toml_edit::Item::is_array);
    let is_address = is_array || item.and_then(|item| item.as_str()).is_some_and(has_prefix);
    if let Some(near) = super::source::nearest(segment, &KEYS).filter(|_| !is_address) {
        return source.report(
            at,
            format!("a node has no key `{segment}`"),
            format!("did you mean `{near}`?"),
        );
    }
    let texts = match is_array {
        true => source.strings_at(table, segment),
        false => source.string_at(table, segment).map(|text| vec![text]),
    };
    let texts = texts.unwrap_or_default();
    if is_array && texts.is_empty() {
        source.report(at, format!("`{segment}` has no address"), "write [\"10.0.0.1/24\"]");
    }
    for text in texts {
        addresses(source, segment, &text, nodes, draft);
    }
    draft.scenario.segments.entry(segment.to_owned()).or_insert(Segment::DEFAULT);
}

fn has_prefix(text: &str) -> bool {
    text.contains('/')
}

/// One address for each node.
fn addresses(
    source: &mut Source<'_>,
    segment: &str,
    text: &Text,
    nodes: &mut [Node],
    draft: &Draft<'_>,
) {
    let values = range::values(&text.value, nodes.len());
    let Some(values) = source.keep(text, values) else { return };
    for (place, written) in values.iter().enumerate() {
        let parsed = value::cidr(written).and_then(|cidr| {
            let has = |node: &&Node| node.addresses().any(|own| own == cidr.address);
            match draft.scenario.node_at(cidr.address).or_else(|| nodes.iter().find(has)) {
                Some(other) => Err(Mistake::new(
                    0,
                    format!("`{}` already has the address {}", other.name, cidr.address),
                    "give each node an address of its own",
                )),
                None => Ok(cidr),
            }
        });
        // The other nodes of a range have the same fault.
        let Some(cidr) = source.keep(text, parsed) else { break };
        let Some(node) = nodes.get_mut(place) else { break };
        match node.ports.iter_mut().find(|port| port.segment == segment) {
            Some(port) => port.also.push(cidr),
            None => node.ports.push(Port { segment: segment.to_owned(), cidr, also: Vec::new() }),
        }
    }
}
