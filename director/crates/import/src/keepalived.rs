//! `keepalived.conf`: its text, its blocks, what they want.

mod alerts;
mod check;
mod expand;
mod merge;
mod service;
pub(crate) mod table;
mod tree;
mod values;
mod vrrp;

use crate::draft::{Draft, Node, Sync};
use crate::log::Log;
use crate::place::{At, Place};
use crate::surroundings::{Options, Surroundings};
use std::collections::BTreeMap;
use tree::Statement;
use values::{seconds, text};

const TOP: &str = "top";
const GLOBAL: &str = "global_defs";

/// Reads the files into the draft: each is that of one node.
pub(crate) fn read(
    files: &[(&str, &str)],
    options: &Options,
    draft: &mut Draft,
    around: &dyn Surroundings,
    log: &mut Log,
) {
    let host = around.host_name();
    let short = host.split('.').next().unwrap_or(&host).to_owned();
    let mut nodes = Vec::new();
    for (name, content) in files {
        let file = log.file(name, content);
        let id = options.config_id.clone().unwrap_or_else(|| short.clone());
        let lines = expand::expand(file, name, content, &id, around, log);
        let statements = tree::parse(&lines, log);
        let only = files.len() == 1;
        let node = one(file, &statements, (only, &short, around), draft, log);
        nodes.push(node);
    }
    merge::nodes(nodes, draft, log);
}

/// Reads one node's file.
fn one(
    file: usize,
    statements: &[Statement],
    (is_alone, host, around): (bool, &str, &dyn Surroundings),
    draft: &mut Draft,
    log: &mut Log,
) -> merge::Read {
    table::note(TOP, statements, log);
    let start = Place { file, line: 0, column: 0 };
    let globals: Vec<&Statement> = statements.iter().filter(|it| it.name() == GLOBAL).collect();
    let mut name = None;
    for block in &globals {
        table::note(GLOBAL, block.children(), log);
        name = block.last("router_id").and_then(|it| it.value(0)).cloned().or(name);
        global(block, draft, log);
        alerts::read(block, around, draft, log);
    }
    let name = match name {
        Some(name) => name.map(|name| valid_name(&name)),
        None if is_alone => At::new(host.to_owned(), start),
        None => At::new(format!("d{}", file + 1), start),
    };
    let default_interface = globals.iter().find_map(|it| text(it, "default_interface"));
    let vrrp = vrrp::read(statements, default_interface, draft, log);
    service::read(statements, draft, log);
    let node = Node {
        name,
        addresses: BTreeMap::new(),
        priority: vrrp.priority.clone().unwrap_or(At::new(100, start)),
    };
    merge::Read { node, vrrp }
}

fn valid_name(name: &str) -> String {
    let valid = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    name.chars().map(valid).take(63).collect()
}

fn global(block: &Statement, draft: &mut Draft, log: &mut Log) {
    let cluster = &mut draft.cluster;
    if let Some(at) = values::number(block, "vrrp_garp_master_repeat", log) {
        cluster.announce_count = Some(at.map(u64::from));
    }
    for name in ["vrrp_garp_interval", "vrrp_gna_interval"] {
        if let Some(at) = seconds(block, name, log).filter(|at| !at.value.is_zero()) {
            cluster.announce_interval = Some(at);
        }
    }
    if let Some(at) = seconds(block, "vrrp_garp_master_refresh", log) {
        cluster.announce_refresh = Some(at).filter(|at| !at.value.is_zero());
    }
    if let Some(statement) = block.last("lvs_sync_daemon") {
        cluster.sync = sync(statement);
    }
}

/// `lvs_sync_daemon INTERFACE [inst NAME] [id N] [maxlen N] [port N] [ttl N] [group ADDRESS]`.
fn sync(statement: &Statement) -> Option<At<Sync>> {
    let interface = statement.value(0)?;
    let after = |name: &str| {
        let words = &statement.words;
        let at = words.iter().skip(2).position(|word| word.value == name)?;
        words.get(at + 3).map(|word| word.value.as_str())
    };
    let number = |name: &str| after(name).and_then(|text| text.parse().ok());
    let sync = Sync {
        interface: interface.value.clone(),
        id: number("id"),
        port: number("port"),
        ttl: number("ttl"),
        max_payload: number("maxlen"),
        group: after("group").and_then(|text| text.parse().ok()),
    };
    Some(At::new(sync, statement.place()))
}
