//! Two nodes on one segment, and a third that asks them.

use e2e::processes::{Outcome, run};

/// What `ip` is told, one command a line; `NODE:` stands for "in this namespace".
const TOPOLOGY: &str = "
netns add segment
netns add d
netns add k
netns add r
link add lan netns d type veth peer name p0 netns segment
link add lan netns k type veth peer name p1 netns segment
link add lan netns r type veth peer name p2 netns segment
segment: link add name br0 type bridge mcast_snooping 0
segment: link set br0 up
segment: link set p0 master br0 up
segment: link set p1 master br0 up
segment: link set p2 master br0 up
d: addr add 10.0.0.1/24 dev lan
d: -6 addr add fd00:a::1/64 dev lan nodad
k: addr add 10.0.0.2/24 dev lan
k: -6 addr add fd00:a::2/64 dev lan nodad
r: addr add 10.0.0.3/24 dev lan
r: -6 addr add fd00:a::3/64 dev lan nodad
";

pub(crate) fn build() -> Outcome<()> {
    for line in TOPOLOGY.lines().filter(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some((node, words)) => ip_in(node, words)?,
            None => ip(line)?,
        }
    }
    for node in ["d", "k", "r"] {
        // The link-local address is there at once.
        let script = "cd /proc/sys/net/ipv6/conf; \
                      for it in all default lan; do echo 0 >$it/accept_dad; done";
        run("ip", &["netns", "exec", node, "sh", "-c", script])?;
        ip_in(node, "link set lo up")?;
        ip_in(node, "link set lan up")?;
    }
    // keepalived leaves this to who runs it: questions for neighbours that carry the virtual
    // address as their source tell of the interface's own hardware address.
    let script = "echo 2 >/proc/sys/net/ipv4/conf/lan/arp_announce";
    run("ip", &["netns", "exec", "k", "sh", "-c", script]).map(|_| ())
}

fn ip(words: &str) -> Outcome<()> {
    run("ip", &words.split_whitespace().collect::<Vec<_>>()).map(|_| ())
}

pub(crate) fn ip_in(node: &str, words: &str) -> Outcome<()> {
    ip(&format!("-n {node} {words}"))
}

/// The link-local address of a node.
pub(crate) fn link_local(node: &str) -> Outcome<String> {
    let text = run("ip", &["-n", node, "-6", "-o", "addr", "show", "dev", "lan", "scope", "link"])?;
    let word = text.split_whitespace().find(|word| word.starts_with("fe80:"));
    let address = word.and_then(|word| word.split('/').next());
    address.map(str::to_owned).ok_or_else(|| format!("{node} has no link-local address: {text}"))
}

/// An address of a node's own.
pub(crate) fn put_on(node: &str, address: &str) -> Outcome<()> {
    ip_in(node, &format!("addr add {address} dev lan"))
}

/// The devices with hardware addresses of virtual routers on a node.
pub(crate) fn devices(node: &str) -> Outcome<Vec<String>> {
    let text = run("ip", &["-n", node, "-o", "link", "show", "type", "macvlan"])?;
    let name = |line: &str| line.split([':', '@']).nth(1).map(|name| name.trim().to_owned());
    Ok(text.lines().filter_map(name).collect())
}

/// What a killed program leaves.
pub(crate) fn take_off(node: &str, address: &str) {
    for device in devices(node).unwrap_or_default() {
        let _ = run("ip", &["-n", node, "link", "del", &device]);
    }
    // It may not be there: then there is nothing to do.
    let _ = run("ip", &["-n", node, "addr", "del", address, "dev", "lan"]);
}
