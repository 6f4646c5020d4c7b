//! Firewall marks, by nftables rules in a table of the director's own.

use crate::kernel::LinuxKernel;
use crate::nft::{self, matched};
use director_core::config::{Protocol, Traffic};
use director_core::desired::Marks;
use director_engine::ports::{KernelError, PacketMarks};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// Ours by its name; nobody else's rules belong into it.
const TABLE: &str = "inet director";
/// Who needs what is missing.
const NEEDS: &str = "firewall marks need";
/// Before routing, at the priority where packets are usually changed.
const CHAIN: &str = "type filter hook prerouting priority mangle; policy accept;";

/// The rules as `nft -f` takes them, in one transaction: no packet sees half of them.
fn ruleset(marks: &Marks) -> String {
    // The first line makes sure that there is something to delete.
    let mut text = format!("table {TABLE}\ndelete table {TABLE}\n");
    if marks.is_empty() {
        return text;
    }
    let _ = writeln!(text, "table {TABLE} {{\n  chain marks {{\n    {CHAIN}");
    for (Traffic { protocol, to }, mark) in marks {
        let family = if to.is_ipv4() { "ip" } else { "ip6" };
        let (address, port) = (to.ip(), to.port());
        let _ = writeln!(
            text,
            "    {family} daddr {address} {protocol} dport {port} meta mark set {mark}"
        );
    }
    text.push_str("  }\n}\n");
    text
}

/// The marks that a table gives, in the form of `nft -j list table`; `None` when it has anything
/// that [`ruleset`] would not have written.
fn listed(text: &str) -> Option<Marks> {
    let document: Value = serde_json::from_str(text).ok()?;
    let mut marks = Marks::new();
    let mut chains = 0;
    for entry in document.get("nftables")?.as_array()? {
        let (kind, body) = entry.as_object()?.iter().next()?;
        match kind.as_str() {
            "metainfo" | "table" => {}
            "chain" => {
                let wanted = json!({ "name": "marks", "type": "filter", "hook": "prerouting",
                                     "prio": -150, "policy": "accept" });
                let fits = |(key, value): (&String, &Value)| body.get(key) == Some(value);
                chains += 1;
                wanted.as_object()?.iter().all(fits).then_some(())?;
            }
            "rule" => {
                let (traffic, mark) = rule(body.get("expr")?.as_array()?)?;
                marks.insert(traffic, mark).is_none().then_some(())?;
            }
            _ => return None,
        }
    }
    (chains == 1).then_some(marks)
}

/// What one rule marks, and with what.
fn rule(expressions: &[Value]) -> Option<(Traffic, u32)> {
    let [address, port, mark] = expressions else { return None };
    let (family, field, address) = matched(address)?;
    let address: IpAddr = address.as_str()?.parse().ok()?;
    let wanted = if address.is_ipv4() { "ip" } else { "ip6" };
    ((family, field) == (wanted, "daddr")).then_some(())?;
    let (protocol, field, port) = matched(port)?;
    let protocol = Protocol::ALL.iter().find(|known| known.name() == protocol)?;
    (field == "dport").then_some(())?;
    let port = u16::try_from(port.as_u64()?).ok()?;
    let mangle = mark.get("mangle")?;
    (mangle.get("key")? == &json!({ "meta": { "key": "mark" } })).then_some(())?;
    let mark = u32::try_from(mangle.get("value")?.as_u64()?).ok()?;
    Some((Traffic { protocol: *protocol, to: SocketAddr::new(address, port) }, mark))
}

impl PacketMarks for LinuxKernel {
    fn marks(&mut self) -> Result<Option<Marks>, KernelError> {
        match nft::listing(TABLE, "list the rules for firewall marks", NEEDS)? {
            Some(text) => Ok(listed(&text)),
            None => Ok(Some(Marks::new())),
        }
    }

    fn set_marks(&mut self, marks: &Marks) -> Result<(), KernelError> {
        nft::load(&ruleset(marks), "set the rules for firewall marks", NEEDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> Marks {
        let traffic = |protocol, to: &str| Traffic { protocol, to: to.parse().expect("a socket") };
        Marks::from([
            (traffic(Protocol::Tcp, "10.0.0.100:80"), 7),
            (traffic(Protocol::Udp, "[2001:db8::100]:53"), 8),
        ])
    }

    #[test]
    fn rules_replace_those_that_were_there_at_once() {
        let text = ruleset(&marks());
        assert!(text.starts_with("table inet director\ndelete table inet director\n"), "{text}");
        assert!(text.contains("ip daddr 10.0.0.100 tcp dport 80 meta mark set 7\n"), "{text}");
        assert!(text.contains("ip6 daddr 2001:db8::100 udp dport 53 meta mark set 8\n"), "{text}");
        assert!(!ruleset(&Marks::new()).contains("chain"));
    }

    /// As nft 1.0.6 lists the rules of [`marks`].
    const LISTED: &str = r#"{"nftables": [{"metainfo": {"version": "1.0.6",
        "release_name": "Lester Gooch #5", "json_schema_version": 1}},
        {"table": {"family": "inet", "name": "director", "handle": 3}},
        {"chain": {"family": "inet", "table": "director", "name": "marks", "handle": 1,
        "type": "filter", "hook": "prerouting", "prio": -150, "policy": "accept"}},
        {"rule": {"family": "inet", "table": "director", "chain": "marks", "handle": 2, "expr": [
        {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}},
        "right": "10.0.0.100"}}, {"match": {"op": "==", "left": {"payload": {"protocol": "tcp",
        "field": "dport"}}, "right": 80}}, {"mangle": {"key": {"meta": {"key": "mark"}},
        "value": 7}}]}},
        {"rule": {"family": "inet", "table": "director", "chain": "marks", "handle": 3, "expr": [
        {"match": {"op": "==", "left": {"payload": {"protocol": "ip6", "field": "daddr"}},
        "right": "2001:db8::100"}}, {"match": {"op": "==", "left": {"payload": {"protocol": "udp",
        "field": "dport"}}, "right": 53}}, {"mangle": {"key": {"meta": {"key": "mark"}},
        "value": 8}}]}}]}"#;

    #[test]
    fn rules_are_read_back() {
        assert_eq!(listed(LISTED), Some(marks()));
    }

    #[test]
    fn rules_that_somebody_else_wrote_are_not_taken_for_ours() {
        for (ours, other) in [
            ("\"daddr\"", "\"saddr\""),
            ("\"prerouting\"", "\"output\""),
            ("\"accept\"", "\"drop\""),
            ("{\"mangle\": {", "{\"counter\": {"),
            ("\"op\": \"==\"", "\"op\": \"!=\""),
            ("{\"table\": {", "{\"set\": {"),
            ("\"value\": 7", "\"value\": -7"),
        ] {
            let text = LISTED.replacen(ours, other, 1);
            assert_ne!(text, LISTED);
            assert_eq!(listed(&text), None, "{other}");
        }
    }
}
