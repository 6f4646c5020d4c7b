//! Counts what comes to directors on its way from real servers to clients.
//!
//! With direct routing and tunnelling nothing does, with NAT everything. It is counted on the
//! switches, where every kernel of the lab can count.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use anyhow::Context;
use scenario::Event;

use super::spent::{counters, directors};
use crate::plan::{Node, Plan, Returning};
use crate::record::Recorder;
use crate::shell::feed;

/// A table of the lab's own, before everything that could drop a frame.
const TABLE: &str = "bridge lab-returning";

/// Begins to count, when an expectation asks for it.
pub(super) fn begin(plan: &Plan) -> anyhow::Result<()> {
    let Some(what) = &plan.returning else { return Ok(()) };
    let mut rules = String::new();
    for node in directors(plan) {
        of_director(&mut rules, what, node)?;
    }
    let text = format!(
        "table {TABLE} {{\nchain seen {{\n\
         type filter hook prerouting priority -400; policy accept;\n{rules}}}\n}}\n"
    );
    feed("nft", &["-f", "-"], &text).context("counting what returns")
}

/// Tells what was counted.
pub(super) fn finish(plan: &Plan, recorder: &Recorder) -> anyhow::Result<()> {
    if plan.returning.is_none() {
        return Ok(());
    }
    let found: BTreeMap<String, u64> = counters(TABLE).context("what returned")?;
    for node in directors(plan) {
        let packets = found.get(&node.name).copied().unwrap_or(0);
        recorder.now(Event::Returned { node: node.name.clone(), packets });
    }
    Ok(())
}

fn of_director(rules: &mut String, what: &Returning, node: &Node) -> std::fmt::Result {
    let own: Vec<&str> = node.ports.iter().map(|port| port.hardware.as_str()).collect();
    let (own, senders) = (own.join(", "), what.from.join(", "));
    for (family, wanted) in [("ip", true), ("ip6", false)] {
        let of_family = what.to.iter().filter(|address| address.is_ipv4() == wanted);
        let clients: Vec<String> = of_family.map(IpAddr::to_string).collect();
        if !clients.is_empty() && !senders.is_empty() && !own.is_empty() {
            writeln!(
                rules,
                "ether saddr {{ {senders} }} ether daddr {{ {own} }} {family} daddr {{ {} }} \
                 counter comment \"{}\"",
                clients.join(", "),
                node.name
            )?;
        }
    }
    Ok(())
}
