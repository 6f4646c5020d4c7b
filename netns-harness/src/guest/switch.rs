//! The switches between the nodes: one bridge per segment, one veth pair per port.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::clock;
use crate::plan::{Node, Port};
use crate::shell::{ask, feed};

/// A link that is not up after this never will be.
const SETTLE_LIMIT: Duration = Duration::from_secs(20);

/// Builds the bridges and the table of blocked pairs.
pub(super) fn build(segments: &[String]) -> anyhow::Result<()> {
    // The switch itself must not speak: no addresses, no neighbour discovery.
    for scope in ["all", "default"] {
        let file = format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6");
        if std::path::Path::new(&file).exists() {
            std::fs::write(&file, "1").with_context(|| format!("cannot write {file}"))?;
        }
    }
    let mut batch = String::from("link set dev lo up\n");
    for segment in segments {
        writeln!(
            batch,
            "link add name br-{segment} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n\
             link set dev br-{segment} up"
        )?;
    }
    feed("ip", &["-batch", "-"], &batch).context("building the segments")?;
    block(&[])
}

/// Plugs a node into its segments; `pid` is a process in its network namespace.
pub(super) fn connect(node: &Node, pid: u32) -> anyhow::Result<()> {
    let mut links = String::new();
    for Port { segment, switch_port, hardware, .. } in &node.ports {
        writeln!(
            links,
            "link add name {switch_port} type veth peer name {segment} address {hardware} \
             netns {pid}\n\
             link set dev {switch_port} master br-{segment}\n\
             link set dev {switch_port} up"
        )?;
    }
    feed("ip", &["-batch", "-"], &links).with_context(|| format!("connecting {}", node.name))
}

/// Makes the way from the switch to each port as long as the scenario says.
pub(super) fn delay(ports: &[Port]) -> anyhow::Result<()> {
    let mut delays = String::new();
    for Port { switch_port, latency, .. } in ports.iter().filter(|port| !port.latency.is_zero()) {
        let micros = latency.as_micros();
        writeln!(delays, "qdisc add dev {switch_port} root netem delay {micros}us limit 100000")?;
    }
    feed("tc", &["-batch", "-"], &delays).context("the segments' latency")
}

/// Waits until every switch and every port is up: the kernel brings a port up behind our back, and
/// the first packets of a run must not meet one that is still on its way.
pub(super) fn settle() -> anyhow::Result<()> {
    let deadline = clock::now() + SETTLE_LIMIT;
    loop {
        let links = ask("ip", &["-o", "link", "show"])?;
        let waiting: Vec<&str> = links
            .lines()
            .filter(|line| line.contains(" br-") || line.contains(" master br-"))
            .filter(|line| !line.contains(" state UP "))
            .collect();
        if waiting.is_empty() {
            // The ends inside the nodes are up as well; their queues follow some ticks later.
            clock::sleep_until(clock::now() + Duration::from_millis(100));
            return Ok(());
        }
        if clock::now() > deadline {
            bail!("these links did not come up:\n{}", waiting.join("\n"));
        }
        clock::sleep_until(clock::now() + Duration::from_millis(20));
    }
}

/// Takes the link from every port at once: the first half of a power loss.
pub(super) fn unplug(ports: &[Port]) -> anyhow::Result<()> {
    each(ports, &[], |port| format!("link set dev {port} down")).context("unplugging")
}

/// Removes the ports of a node that is gone. The kernel removes them with the node's namespace,
/// but when it pleases; the name is needed again at power-on.
pub(super) fn remove(ports: &[Port]) {
    // The kernel may have been faster: a name that is not there is what is wanted.
    let _ = each(ports, &["-force"], |port| format!("link del dev {port}"));
}

fn each(ports: &[Port], flags: &[&str], line: impl Fn(&str) -> String) -> anyhow::Result<()> {
    let batch: Vec<String> = ports.iter().map(|port| line(&port.switch_port)).collect();
    let flags = [flags, &["-batch", "-"]].concat();
    feed("ip", &flags, &format!("{}\n", batch.join("\n")))
}

/// From now on exactly these pairs, from and to, carry nothing; one transaction.
pub(super) fn block(pairs: &[(String, String)]) -> anyhow::Result<()> {
    let mut rules = String::from(
        "add table bridge lab\n\
         add chain bridge lab cut { type filter hook forward priority 0; policy accept; }\n\
         flush chain bridge lab cut\n",
    );
    for (from, to) in pairs {
        writeln!(rules, "add rule bridge lab cut iifname \"{from}\" oifname \"{to}\" drop")?;
    }
    feed("nft", &["-f", "-"], &rules).context("cutting links")
}
