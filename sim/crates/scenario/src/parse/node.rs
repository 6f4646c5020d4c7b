//! Segments, nodes and clients.

use super::draft::{Draft, Wanted};
use super::source::{Mistake, Source, Text, key_offset, list};
use super::{range, value};
use crate::{Client, ConfigFile, Node, NodeKind, Port, Segment, Serve};
use std::time::Duration;
use toml_edit::{Table, TableLike};

const KINDS: [&str; 4] = ["router", "director", "server", "client"];
/// The keys of a node that are not segments.
const KEYS: [&str; 4] = ["kind", "config", "serve", "vip_on_lo"];
/// How long a client waits when its table does not say.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn segments(source: &mut Source<'_>, root: &Table, draft: &mut Draft<'_>) {
    for (name, at, table) in source.tables_at(root, "segments") {
        source.unknown_keys(table, &["latency"], "a segment");
        if let Err(mistake) = range::names(name) {
            source.report(at, mistake.text, mistake.help);
        }
        let mut segment = Segment::DEFAULT;
        if let Some(text) = source.string_at(table, "latency") {
            let parsed = value::spread(&text.value, 0);
            segment.latency = source.keep(&text, parsed).unwrap_or(segment.latency);
        }
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
    let mut nodes: Vec<Node> = names
        .iter()
        .map(|name| Node { name: name.clone(), kind: kind.clone(), ports: Vec::new() })
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
    let owners: [(&str, &[&str]); 3] =
        [("config", &["director"]), ("serve", &["server", "director"]), ("vip_on_lo", &["server"])];
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
    let nothing = ConfigFile { path: String::new(), text: String::new() };
    let Some(text) = source.string_at(table, "config") else {
        if !table.contains_key("config") {
            let help = "add config = \"../config/pair.toml\": its director.toml";
            source.report(at, "the director has no `config`", help);
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
    let is_address =
        table.get(segment).and_then(|item| item.as_str()).is_some_and(|text| text.contains('/'));
    if let Some(near) = super::source::nearest(segment, &KEYS).filter(|_| !is_address) {
        return source.report(
            at,
            format!("a node has no key `{segment}`"),
            format!("did you mean `{near}`?"),
        );
    }
    let Some(text) = source.string_at(table, segment) else { return };
    let values = range::values(&text.value, nodes.len());
    let Some(values) = source.keep(&text, values) else { return };
    for (node, written) in nodes.iter_mut().zip(&values) {
        let parsed =
            value::cidr(written).and_then(|cidr| match draft.scenario.node_at(cidr.address) {
                Some(other) => Err(Mistake::new(
                    0,
                    format!("`{}` already has the address {}", other.name, cidr.address),
                    "give each node an address of its own",
                )),
                None => Ok(Port { segment: segment.to_owned(), cidr }),
            });
        match source.keep(&text, parsed) {
            Some(port) => node.ports.push(port),
            // The other nodes of a range have the same fault.
            None => break,
        }
    }
    draft.scenario.segments.entry(segment.to_owned()).or_insert(Segment::DEFAULT);
}

pub(super) fn clients(source: &mut Source<'_>, root: &Table, draft: &mut Draft<'_>) {
    for (name, at, table) in source.tables_at(root, "clients") {
        source.unknown_keys(table, &["target", "new", "start", "timeout", "from"], "a client");
        if let Err(mistake) = range::names(name) {
            source.report(at, mistake.text, mistake.help);
        }
        let client = client(source, name, at, table, draft);
        draft.scenario.clients.push(client);
    }
}

fn client(
    source: &mut Source<'_>,
    name: &str,
    at: usize,
    table: &dyn TableLike,
    draft: &Draft<'_>,
) -> Client {
    let mut required = |key: &str, example: &str| {
        if !table.contains_key(key) {
            source.report(
                at,
                format!("client `{name}` has no `{key}`"),
                format!("add {key} = \"{example}\""),
            );
        }
        source.string_at(table, key)
    };
    let target = required("target", "10.0.0.100:80");
    let new = required("new", "20/s");
    let target = target.and_then(|text| {
        let parsed = text.value.parse().map_err(|_| {
            let help = "write address and port: 10.0.0.100:80, [2001:db8::100]:80";
            Mistake::new(0, format!("`{}` is not an address with a port", text.value), help)
        });
        source.keep(&text, parsed)
    });
    let new = new.and_then(|text| source.keep(&text, value::rate(&text.value)));
    let mut time = |key: &str| {
        let text = source.string_at(table, key)?;
        source.keep(&text, value::duration(&text.value, 0))
    };
    let (start, timeout) = (time("start"), time("timeout"));
    Client {
        name: name.to_owned(),
        target: target.unwrap_or_else(|| ([0, 0, 0, 0], 0).into()),
        new: new.unwrap_or(crate::Rate { count: 1, per: PATIENCE }),
        start: start.unwrap_or_default(),
        timeout: timeout.unwrap_or(PATIENCE),
        from: from(source, at, table, draft),
    }
}

/// The node that clients run on: as written, else the first router.
fn from(source: &mut Source<'_>, at: usize, table: &dyn TableLike, draft: &Draft<'_>) -> String {
    let hosts = |kind: &NodeKind| matches!(kind, NodeKind::Router | NodeKind::Client);
    let Some(text) = source.string_at(table, "from") else {
        let mut nodes = draft.scenario.nodes.iter();
        let router = nodes.find(|node| node.kind == NodeKind::Router);
        if router.is_none() && draft.doubtful.is_empty() && !table.contains_key("from") {
            let help = "add from = \"NODE\", a node of kind router or client";
            source.report(at, "there is no router that the clients could run on", help);
        }
        return router.map_or_else(String::new, |node| node.name.clone());
    };
    let found =
        draft.node(&text.value, 0, Wanted::Any).and_then(|name| match draft.scenario.node(&name) {
            Some(node) if !hosts(&node.kind) && !draft.doubtful.contains(&name) => {
                let help = "name a node of kind router or client";
                Err(Mistake::new(0, format!("clients cannot run on `{name}`"), help))
            }
            _ => Ok(name),
        });
    source.keep(&text, found).unwrap_or_default()
}
