//! What directors spend: packets on their own account, and processor time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use scenario::Event;
use serde_json::Value;

use super::mounts::special;
use crate::plan::{Node, Plan, Role};
use crate::record::Recorder;
use crate::shell::{ask, feed};

/// A table of the lab's own, before everything that could drop a frame.
const TABLE: &str = "bridge lab-spent";
/// The control groups, one for each director.
const GROUPS: &str = "/mnt/cgroup";

/// The control group of a director's processes.
pub(super) fn group(node: &str) -> String {
    format!("{GROUPS}/{node}")
}

/// Begins to count what the plan says.
pub(super) fn begin(plan: &Plan) -> anyhow::Result<()> {
    if plan.counting.packets {
        feed("nft", &["-f", "-"], &rules(plan)?).context("counting what directors send")?;
    }
    if plan.counting.computing {
        fs::create_dir_all(GROUPS).context("control groups")?;
        special("cgroup2", GROUPS)?;
        for node in directors(plan) {
            fs::create_dir(group(&node.name)).context("a control group")?;
        }
    }
    Ok(())
}

/// Tells what was counted.
pub(super) fn finish(plan: &Plan, recorder: &Recorder) -> anyhow::Result<()> {
    if plan.counting.packets {
        let found = counters(TABLE).context("what directors sent")?;
        for node in directors(plan) {
            let of = |kind: Kind| found.get(&kind.of(&node.name)).copied().unwrap_or(0);
            recorder.now(Event::Sent {
                node: node.name.clone(),
                peers: of(Kind::Peers),
                servers: of(Kind::Servers),
                others: of(Kind::Others),
            });
        }
    }
    if plan.counting.computing {
        for node in directors(plan) {
            let file = Path::new(&group(&node.name)).join("cpu.stat");
            let text =
                fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            let time = usage(&text).with_context(|| format!("no usage in {}", file.display()))?;
            recorder.now(Event::Computed { node: node.name.clone(), time });
        }
    }
    Ok(())
}

pub(super) fn directors(plan: &Plan) -> impl Iterator<Item = &Node> {
    plan.nodes.iter().filter(|node| matches!(node.role, Role::Director(_)))
}

/// Whom a packet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Peers,
    Servers,
    Others,
}

impl Kind {
    /// The comment of a rule, by which its counter is found.
    fn of(self, node: &str) -> String {
        let word = match self {
            Self::Peers => "peers",
            Self::Servers => "servers",
            Self::Others => "others",
        };
        format!("{node} {word}")
    }
}

fn rules(plan: &Plan) -> anyhow::Result<String> {
    let mut rules = String::new();
    for node in directors(plan) {
        of_director(&mut rules, plan, node)?;
    }
    Ok(format!(
        "table {TABLE} {{\nchain sent {{\n\
         type filter hook prerouting priority -400; policy accept;\n{rules}}}\n}}\n"
    ))
}

/// A packet is counted by the first rule that fits. What has another sender's address is passed on.
fn of_director(rules: &mut String, plan: &Plan, node: &Node) -> std::fmt::Result {
    let ports: Vec<String> =
        node.ports.iter().map(|port| format!("\"{}\"", port.switch_port)).collect();
    let from = format!("iifname {{ {} }}", ports.join(", "));
    let count = |kind: Kind| format!("counter accept comment \"{}\"", kind.of(&node.name));
    writeln!(rules, "{from} ether type arp {}", count(Kind::Others))?;
    // Questions for neighbours and reports of groups (RFC 4861, RFC 3810).
    writeln!(
        rules,
        "{from} ip6 saddr {{ ::, fe80::/10 }} meta l4proto ipv6-icmp {}",
        count(Kind::Others)
    )?;
    for (family, is_ipv4) in [("ip", true), ("ip6", false)] {
        let own = addresses(of(node), is_ipv4);
        if own.is_empty() {
            continue;
        }
        let own = format!("{from} {family} saddr {{ {own} }}");
        // A packet of a client's in a tunnel: IP in IP, IPv6 in IP, GRE.
        writeln!(rules, "{own} meta l4proto {{ 4, 41, 47 }} accept")?;
        // A check through the service itself asks its address.
        let servers = nodes(plan, |role| matches!(role, Role::Server { .. }));
        let servers = addresses(servers.chain(plan.addresses.iter().copied()), is_ipv4);
        let others = addresses(nodes(plan, |role| matches!(role, Role::Router { .. })), is_ipv4);
        for (to, kind) in [(servers, Kind::Servers), (others, Kind::Others)] {
            if !to.is_empty() {
                writeln!(rules, "{own} {family} daddr {{ {to} }} {}", count(kind))?;
            }
        }
        writeln!(rules, "{own} {}", count(Kind::Peers))?;
    }
    Ok(())
}

fn of(node: &Node) -> impl Iterator<Item = IpAddr> {
    node.ports.iter().flat_map(|port| &port.addresses).map(|(address, _)| *address)
}

fn nodes(plan: &Plan, wanted: fn(&Role) -> bool) -> impl Iterator<Item = IpAddr> {
    plan.nodes.iter().filter(move |node| wanted(&node.role)).flat_map(of)
}

/// Those of one family, as the elements of a set.
fn addresses(all: impl Iterator<Item = IpAddr>, is_ipv4: bool) -> String {
    let all = all.filter(|address| address.is_ipv4() == is_ipv4);
    all.map(|address| address.to_string()).collect::<Vec<_>>().join(", ")
}

/// The counters of a table by their rules' comments.
pub(super) fn counters(table: &str) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut arguments = vec!["-j", "list", "table"];
    arguments.extend(table.split(' '));
    let text = ask("nft", &arguments)?;
    let answer = serde_json::from_str(&text).context("what nft says")?;
    Ok(counted(&answer))
}

/// The counters of a ruleset by their rules' comments, those of the same comment together
/// (libnftables-json(5)).
fn counted(answer: &Value) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let entries = answer.get("nftables").and_then(Value::as_array);
    for rule in entries.into_iter().flatten().filter_map(|entry| entry.get("rule")) {
        let comment = rule.get("comment").and_then(Value::as_str);
        let parts = rule.get("expr").and_then(Value::as_array);
        let packets = parts
            .into_iter()
            .flatten()
            .filter_map(|part| part.get("counter")?.get("packets")?.as_u64());
        if let Some(comment) = comment {
            *found.entry(comment.to_owned()).or_default() += packets.sum::<u64>();
        }
    }
    found
}

/// From `cpu.stat` (cgroup-v2, "CPU Interface Files"): `usage_usec 1234`.
fn usage(text: &str) -> Option<Duration> {
    let micros = text.lines().find_map(|line| line.strip_prefix("usage_usec "))?;
    micros.parse().ok().map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_by_their_comments() {
        let text = r#"{"nftables": [{"metainfo": {"version": "1.0.6"}},
            {"rule": {"comment": "d1 peers", "expr": [{"match": {}},
            {"counter": {"packets": 3, "bytes": 180}}, {"accept": null}]}},
            {"rule": {"comment": "d1 peers", "expr": [{"counter": {"packets": 4, "bytes": 1}}]}},
            {"rule": {"expr": [{"accept": null}]}}]}"#;
        let found = counted(&serde_json::from_str(text).unwrap());
        assert_eq!(found, [("d1 peers".to_owned(), 7)].into());
    }

    #[test]
    fn the_usage_of_a_group_is_in_microseconds() {
        let text = "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n";
        assert_eq!(usage(text), Some(Duration::from_micros(1_234_567)));
        assert_eq!(usage("user_usec 1\n"), None);
    }
}
