//! Addresses at which only virtual services are to be had, by nftables rules in a table of the
//! director's own.
//!
//! What a virtual service takes for another host leaves the kernel's way in at IPVS, which stands
//! there at priority 99 (`ip_vs_ops` in `net/netfilter/ipvs/ip_vs_core.c`). The rules stand behind
//! it: what they see nobody has taken, or is for a server on this machine, whose port is open.

use crate::kernel::LinuxKernel;
use crate::nft::{self, matched};
use director_core::config::Protocol;
use director_core::desired::{Closed, Open};
use director_engine::ports::{ClosedAddresses, KernelError};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::net::IpAddr;

/// Ours by its name; nobody else's rules belong into it.
const TABLE: &str = "inet director_closed";
/// Behind IPVS.
const PRIORITY: i64 = 150;
/// Who needs what is missing.
const NEEDS: &str = "accept = false needs";
/// Neighbour discovery (RFC 4861): without it nobody finds the address.
const DISCOVERY: [&str; 4] =
    ["nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert"];

fn ruleset(closed: &Closed) -> String {
    // The first line makes sure that there is something to delete.
    let mut text = format!("table {TABLE}\ndelete table {TABLE}\n");
    if closed.is_empty() {
        return text;
    }
    let _ = writeln!(
        text,
        "table {TABLE} {{\n  chain input {{\n    \
         type filter hook input priority {PRIORITY}; policy accept;\n    \
         iifname \"lo\" accept\n    \
         icmpv6 type {{ {} }} accept",
        DISCOVERY.join(", ")
    );
    for (address, open) in closed {
        let family = if address.is_ipv4() { "ip" } else { "ip6" };
        for open in open {
            let what = match open {
                Open::Port(protocol, 0) => format!("meta l4proto {protocol}"),
                Open::Port(protocol, port) => format!("{protocol} dport {port}"),
                Open::Mark(mark) => format!("meta mark {mark}"),
            };
            let _ = writeln!(text, "    {family} daddr {address} {what} accept");
        }
        let _ = writeln!(text, "    {family} daddr {address} drop");
    }
    text.push_str("  }\n}\n");
    text
}

/// What a table closes, in the form of `nft -j list table`; `None` when it has anything that
/// [`ruleset`] would not have written.
fn listed(text: &str) -> Option<Closed> {
    let document: Value = serde_json::from_str(text).ok()?;
    let mut read = Read::default();
    for entry in document.get("nftables")?.as_array()? {
        let (kind, body) = entry.as_object()?.iter().next()?;
        match kind.as_str() {
            "metainfo" | "table" => {}
            "chain" => {
                let wanted = json!({ "name": "input", "type": "filter", "hook": "input",
                                     "prio": PRIORITY, "policy": "accept" });
                let fits = |(key, value): (&String, &Value)| body.get(key) == Some(value);
                read.chains += 1;
                wanted.as_object()?.iter().all(fits).then_some(())?;
            }
            "rule" => read.rule(body.get("expr")?.as_array()?)?,
            _ => return None,
        }
    }
    (read.chains == 1 && read.exceptions == 2 && read.open.is_none()).then_some(read.closed)
}

/// What was read so far.
#[derive(Default)]
struct Read {
    chains: usize,
    /// Rules for this machine itself and for neighbour discovery, which come first.
    exceptions: usize,
    /// The address that is not shut yet, and what is open there.
    open: Option<(IpAddr, std::collections::BTreeSet<Open>)>,
    closed: Closed,
}

impl Read {
    fn rule(&mut self, expressions: &[Value]) -> Option<()> {
        let (verdict, matches) = expressions.split_last()?;
        let accepts = verdict == &json!({ "accept": null });
        match matches {
            [one] if accepts => {
                let wanted = match self.exceptions {
                    0 => (&json!({ "meta": { "key": "iifname" } }), &json!("lo")),
                    _ => (
                        &json!({ "payload": { "protocol": "icmpv6", "field": "type" } }),
                        &json!({ "set": DISCOVERY }),
                    ),
                };
                self.exceptions += 1;
                (equality(one)? == wanted && self.closed.is_empty()).then_some(())
            }
            [one] if verdict == &json!({ "drop": null }) => {
                let address = destination(one)?;
                let open = self.open.take().unwrap_or((address, [].into()));
                (open.0 == address).then_some(())?;
                self.closed.insert(address, open.1).is_none().then_some(())
            }
            [one, other] if accepts => {
                let address = destination(one)?;
                let open = self.open.get_or_insert((address, [].into()));
                (open.0 == address).then_some(())?;
                open.1.insert(opening(other)?).then_some(())
            }
            _ => None,
        }
    }
}

/// Both sides of an equality.
fn equality(expression: &Value) -> Option<(&Value, &Value)> {
    let equality = expression.get("match")?;
    (equality.get("op")? == "==").then_some(())?;
    Some((equality.get("left")?, equality.get("right")?))
}

fn destination(expression: &Value) -> Option<IpAddr> {
    let (family, field, address) = matched(expression)?;
    let address: IpAddr = address.as_str()?.parse().ok()?;
    let wanted = if address.is_ipv4() { "ip" } else { "ip6" };
    ((family, field) == (wanted, "daddr")).then_some(address)
}

fn opening(expression: &Value) -> Option<Open> {
    let protocol = |name: &str| Protocol::ALL.iter().find(|known| known.name() == name).copied();
    if let Some((name, field, port)) = matched(expression) {
        let port = u16::try_from(port.as_u64()?).ok().filter(|port| *port > 0)?;
        return (field == "dport").then_some(Open::Port(protocol(name)?, port));
    }
    let (left, right) = equality(expression)?;
    match left.get("meta")?.get("key")?.as_str()? {
        "l4proto" => Some(Open::Port(protocol(right.as_str()?)?, 0)),
        "mark" => Some(Open::Mark(u32::try_from(right.as_u64()?).ok()?)),
        _ => None,
    }
}

impl ClosedAddresses for LinuxKernel {
    fn closed(&mut self) -> Result<Option<Closed>, KernelError> {
        match nft::listing(TABLE, "list the rules of closed addresses", NEEDS)? {
            Some(text) => Ok(listed(&text)),
            None => Ok(Some(Closed::new())),
        }
    }

    fn close(&mut self, closed: &Closed) -> Result<(), KernelError> {
        nft::load(&ruleset(closed), "set the rules of closed addresses", NEEDS)
    }
}
