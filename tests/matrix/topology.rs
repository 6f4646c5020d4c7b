//! The namespaces: client ─ router ─ segment with the director and two real servers.

use crate::Outcome;
use crate::cells::GUE_PORT;
use e2e::processes::run;
use std::process::{Child, Command};

/// What `ip` is told, one command a line; `NODE:` stands for "in this namespace".
const TOPOLOGY: &str = "
netns add client
netns add router
netns add segment
netns add d
netns add d2
netns add s1
netns add s2
link add lan netns client type veth peer name wan netns router
link add lan netns router type veth peer name p0 netns segment
link add lan netns d type veth peer name p1 netns segment
link add lan netns d2 type veth peer name p4 netns segment
link add hb netns d type veth peer name hb netns d2
link add lan netns s1 type veth peer name p2 netns segment
link add lan netns s2 type veth peer name p3 netns segment
segment: link add name br0 type bridge
segment: link set br0 up
segment: link set p0 master br0 up
segment: link set p1 master br0 up
segment: link set p2 master br0 up
segment: link set p3 master br0 up
segment: link set p4 master br0 up
client: addr add 10.9.0.2/24 dev lan
client: -6 addr add fd00:9::2/64 dev lan nodad
client: addr add 10.9.0.10/24 dev lan
client: addr add 10.9.0.11/24 dev lan
client: addr add 10.9.0.12/24 dev lan
client: addr add 10.9.0.13/24 dev lan
client: addr add 10.9.0.14/24 dev lan
client: addr add 10.9.0.15/24 dev lan
client: addr add 10.9.0.16/24 dev lan
client: addr add 10.9.0.17/24 dev lan
router: addr add 10.9.0.1/24 dev wan
router: -6 addr add fd00:9::1/64 dev wan nodad
router: addr add 10.0.0.254/24 dev lan
router: -6 addr add fd00:a::254/64 dev lan nodad
router: link set wan up
d: addr add 10.0.0.1/24 dev lan
d: -6 addr add fd00:a::1/64 dev lan nodad
d: addr add 10.1.0.1/24 dev hb
d2: addr add 10.0.0.2/24 dev lan
d2: addr add 10.1.0.2/24 dev hb
d: link set hb up
d2: link set hb up
s1: addr add 10.0.0.21/24 dev lan
s1: -6 addr add fd00:a::21/64 dev lan nodad
s2: addr add 10.0.0.22/24 dev lan
s2: -6 addr add fd00:a::22/64 dev lan nodad
";

/// What a real server needs for every method; `SERVER` is its own number's last byte.
///
/// With NAT the answers, which come from its own address, return through the director; all others,
/// which come from the virtual address, go to the clients straight.
const SERVER: &str = "
addr add 10.0.0.100/32 dev lo
-6 addr add fd00:a::100/128 dev lo nodad
link set tunl0 up
link set gre0 up
link set sit0 up
-6 tunnel change ip6tnl0 mode any
link set ip6tnl0 up
link set ip6gre0 up
-6 addr add fe80::1/64 dev ip6gre0 nodad
fou add port GUE gue
-6 fou add port GUE gue
rule add from 10.0.0.SERVER table 7
route add 10.0.0.0/24 dev lan table 7
route add default via 10.0.0.1 table 7
-6 rule add from fd00:a::SERVER table 7
-6 route add fd00:a::/64 dev lan table 7
-6 route add default via fd00:a::1 table 7
";

const SERVER_SETTINGS: [&str; 6] = [
    "net/ipv4/conf/all/rp_filter=0",
    "net/ipv4/conf/default/rp_filter=0",
    "net/ipv4/conf/tunl0/rp_filter=0",
    "net/ipv4/conf/gre0/rp_filter=0",
    "net/ipv4/conf/all/arp_ignore=1",
    "net/ipv4/conf/all/arp_announce=2",
];

/// Programs that end with this value.
pub(crate) struct Servers(Vec<Child>);

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn build() -> Outcome<()> {
    for line in TOPOLOGY.lines().filter(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some((node, words)) => ip_in(node, words)?,
            None => ip(line)?,
        }
    }
    for node in ["client", "router", "d", "d2", "s1", "s2"] {
        // A server that still looks whether its own address is free cannot ask for the router.
        set(node, "net/ipv6/conf/all/accept_dad=0")?;
        set(node, "net/ipv6/conf/lan/accept_dad=0")?;
        ip_in(node, "link set lo up")?;
        ip_in(node, "link set lan up")?;
    }
    set("router", "net/ipv4/ip_forward=1")?;
    set("router", "net/ipv6/conf/all/forwarding=1")?;
    for (node, v4, v6) in [
        ("client", "10.9.0.1", "fd00:9::1"),
        ("d", "10.0.0.254", "fd00:a::254"),
        ("d2", "10.0.0.254", ""),
        ("s1", "10.0.0.254", "fd00:a::254"),
        ("s2", "10.0.0.254", "fd00:a::254"),
    ] {
        ip_in(node, &format!("route add default via {v4}"))?;
        if !v6.is_empty() {
            ip_in(node, &format!("-6 route add default via {v6}"))?;
        }
    }
    for (node, own) in [("s1", "21"), ("s2", "22")] {
        let commands = SERVER.replace("GUE", &GUE_PORT.to_string()).replace("SERVER", own);
        for line in commands.lines().filter(|line| !line.is_empty()) {
            ip_in(node, line)?;
        }
        SERVER_SETTINGS.iter().try_for_each(|setting| set(node, setting))?;
    }
    Ok(())
}

/// The programs of the real servers.
pub(crate) fn servers() -> Outcome<Servers> {
    let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let mut servers = Servers(Vec::new());
    for number in ["1", "2"] {
        let name = format!("s{number}");
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &name]).arg(&own).args(["serve", &name, number]);
        servers.0.push(command.spawn().map_err(|error| format!("server {name}: {error}"))?);
    }
    Ok(servers)
}

fn ip(words: &str) -> Outcome<()> {
    run("ip", &words.split_whitespace().collect::<Vec<_>>()).map(|_| ())
}

/// The same in a namespace.
pub(crate) fn ip_in(node: &str, words: &str) -> Outcome<()> {
    ip(&format!("-n {node} {words}"))
}

fn set(node: &str, setting: &str) -> Outcome<()> {
    let (key, value) = setting.split_once('=').ok_or("a setting without a value")?;
    let script = format!("echo {value} >/proc/sys/{key}");
    run("ip", &["netns", "exec", node, "sh", "-c", &script]).map(|_| ())
}
