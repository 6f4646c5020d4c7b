//! Counts what comes to a director on its way from a real server to a client.
//!
//! With direct routing and tunnelling nothing does, with NAT everything.

use std::fmt::Write as _;
use std::net::IpAddr;

use anyhow::Context;

use crate::plan::Returning;
use crate::shell::{ask, feed};

/// A table of the lab's own, before everything that could drop a packet.
const TABLE: &str = "inet lab-returning";

/// Begins to count.
pub(super) fn begin(what: &Returning) -> anyhow::Result<()> {
    let senders = what.from.join(", ");
    let mut rules = String::new();
    for (family, wanted) in [("ip", true), ("ip6", false)] {
        let of_family = what.to.iter().filter(|address| address.is_ipv4() == wanted);
        let clients: Vec<String> = of_family.map(IpAddr::to_string).collect();
        if !clients.is_empty() && !senders.is_empty() {
            writeln!(
                rules,
                "ether saddr {{ {senders} }} {family} daddr {{ {} }} counter",
                clients.join(", ")
            )?;
        }
    }
    let text = format!(
        "table {TABLE} {{\nchain seen {{\n\
         type filter hook prerouting priority -400;\n{rules}}}\n}}\n"
    );
    feed("nft", &["-f", "-"], &text).context("counting what returns")
}

/// How many packets there were.
pub(super) fn count() -> anyhow::Result<u64> {
    let mut arguments = vec!["-j", "list", "table"];
    arguments.extend(TABLE.split(' '));
    let text = ask("nft", &arguments).context("what returned")?;
    let answer: serde_json::Value = serde_json::from_str(&text).context("what nft says")?;
    Ok(counters(&answer))
}

/// The sum of every counter of a ruleset (libnftables-json(5)).
fn counters(value: &serde_json::Value) -> u64 {
    match value {
        serde_json::Value::Array(all) => all.iter().map(counters).sum(),
        serde_json::Value::Object(all) => {
            let own = all.get("counter").and_then(|counter| counter.get("packets")?.as_u64());
            own.unwrap_or_else(|| all.values().map(counters).sum())
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_counters_of_a_ruleset_are_added_up() {
        let text = r#"{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"rule": {"expr": [
            {"match": {"op": "==", "left": 7, "right": 9}},
            {"counter": {"packets": 3, "bytes": 180}}]}},
            {"rule": {"expr": [{"counter": {"packets": 4, "bytes": 1}}]}}]}"#;
        assert_eq!(counters(&serde_json::from_str(text).unwrap()), 7);
    }
}
