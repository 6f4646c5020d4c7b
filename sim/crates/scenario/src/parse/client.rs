//! Clients: who connects to what, how often, from where.

use super::draft::{Draft, Wanted};
use super::source::{Mistake, Source, key_offset};
use super::{range, value};
use crate::{Client, Node, NodeKind, Protocol, Serve};
use std::net::SocketAddr;
use std::time::Duration;
use toml_edit::{Table, TableLike};

/// How long a client waits when its table does not say.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn clients(source: &mut Source<'_>, root: &Table, draft: &mut Draft<'_>) {
    for (name, at, table) in source.tables_at(root, "clients") {
        source.unknown_keys(
            table,
            &["target", "new", "start", "timeout", "hold", "request", "from"],
            "a client",
        );
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
    let (start, timeout, hold) = (time("start"), time("timeout"), time("hold"));
    let request = request(source, table, target, draft);
    Client {
        name: name.to_owned(),
        target: target.unwrap_or_else(|| ([0, 0, 0, 0], 0).into()),
        new: new.unwrap_or(crate::Rate { count: 1, per: PATIENCE }),
        start: start.unwrap_or_default(),
        timeout: timeout.unwrap_or(PATIENCE),
        hold,
        request,
        from: from(source, at, table, draft),
    }
}

/// How long a request is, of those that HTTP has.
fn request(
    source: &mut Source<'_>,
    table: &dyn TableLike,
    target: Option<SocketAddr>,
    draft: &Draft<'_>,
) -> Option<u16> {
    let request = source.bytes_at(table, "request", crate::request::LENGTH)?;
    let serves = || draft.scenario.nodes.iter().flat_map(Node::serves);
    let there = |serve: &&Serve| target.is_some_and(|target| target.port() == serve.port);
    // Behind NAT the port is another one.
    let spoken = serves().find(there).or_else(|| serves().next()).map(|serve| serve.protocol);
    if spoken.is_some_and(|spoken| spoken != Protocol::Http) {
        let at = key_offset(table, "request");
        source.report(at, "only requests of HTTP have a length", "take the line out");
    }
    Some(request)
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
