//! UDP ports that take packets in generic UDP encapsulation.
//!
//! The generic netlink family `fou` is spoken by no crate.

use super::iproute::ip;
use director_core::realserver::GuePort;
use director_engine::ports::KernelError;
use std::collections::BTreeSet;

/// The ports that are open for it.
pub(super) fn open() -> Result<BTreeSet<GuePort>, KernelError> {
    Ok(listed(&ip(&["fou", "show"])?))
}

/// Opens (`add`) or closes (`del`) a port.
pub(super) fn change(verb: &str, port: GuePort) -> Result<(), KernelError> {
    let number = port.port.to_string();
    let mut words = vec!["fou", verb, "port", &number];
    if verb == "add" {
        words.push("gue");
    }
    if port.ipv6 {
        words.push("-6");
    }
    ip(&words).map(|_| ())
}

/// Lines such as `port 6080 gue`, with `-6` behind it for IPv6; others are of no concern.
fn listed(text: &str) -> BTreeSet<GuePort> {
    let port = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "port")?;
        let port = words.get(at + 1)?.parse().ok()?;
        let has = |wanted: &str| words.contains(&wanted);
        has("gue").then(|| GuePort { port, ipv6: has("-6") })
    };
    text.lines().filter_map(port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ports_for_this_encapsulation_are_listed() {
        let text = "port 5555 ipproto 4\nport 6080 gue\nport 6081 gue -6\nport 0 gue\nnonsense\n";
        let told: Vec<String> = listed(text).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["UDP port 6080 for GUE over IPv4", "UDP port 6081 for GUE over IPv6"]);
    }
}
