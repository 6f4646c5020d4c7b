//! Firewall marks, by nftables rules in a table of the director's own.
//!
//! They are written and read by the program `nft`, with its JSON form for reading: the crates that
//! speak nf_tables themselves need a C library or have a licence that is none of ours, and marks
//! change so rarely that a process for each change costs nothing.

use crate::error::NET_ADMIN;
use crate::kernel::LinuxKernel;
use director_core::config::{Protocol, Traffic};
use director_core::desired::Marks;
use director_engine::ports::{KernelError, PacketMarks};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::process::{Command, Output, Stdio};

/// Ours by its name; nobody else's rules belong into it.
const TABLE: &str = "inet director";
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

/// Header, field and value of an equality.
fn matched(expression: &Value) -> Option<(&str, &str, &Value)> {
    let equality = expression.get("match")?;
    (equality.get("op")? == "==").then_some(())?;
    let payload = equality.get("left")?.get("payload")?;
    let (header, field) = (payload.get("protocol")?, payload.get("field")?);
    Some((header.as_str()?, field.as_str()?, equality.get("right")?))
}

/// Runs `nft` with this text as its input.
fn nft(arguments: &[&str], input: &str) -> Result<Output, KernelError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => KernelError::Unsupported {
            cure: "firewall marks need the program nft: install the package nftables".to_owned(),
        },
        _ => KernelError::Other(format!("cannot run nft: {error}")),
    };
    let mut child = Command::new("nft")
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(failed)?;
    }
    child.wait_with_output().map_err(failed)
}

/// What `nft` complained of, in the terms of the port.
fn complaint(output: &Output, what: &str) -> KernelError {
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().next().unwrap_or("it did not say why");
    if said.contains("Operation not permitted") {
        return KernelError::Denied { capability: NET_ADMIN };
    }
    if said.contains("not supported") {
        let cure = format!("firewall marks need nf_tables in the kernel ({first})");
        return KernelError::Unsupported { cure };
    }
    KernelError::Other(format!("cannot {what}: nft says: {first}"))
}

impl PacketMarks for LinuxKernel {
    fn marks(&mut self) -> Result<Option<Marks>, KernelError> {
        let output = nft(&["-j", "list", "table", "inet", "director"], "")?;
        if output.status.success() {
            return Ok(listed(&String::from_utf8_lossy(&output.stdout)));
        }
        if String::from_utf8_lossy(&output.stderr).contains("No such file or directory") {
            return Ok(Some(Marks::new()));
        }
        Err(complaint(&output, "list the rules for firewall marks"))
    }

    fn set_marks(&mut self, marks: &Marks) -> Result<(), KernelError> {
        let output = nft(&["-f", "-"], &ruleset(marks))?;
        if output.status.success() {
            return Ok(());
        }
        Err(complaint(&output, "set the rules for firewall marks"))
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
