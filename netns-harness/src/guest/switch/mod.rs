//! The switches between the nodes: one bridge per segment, one veth pair per port.

mod impair;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::clock;
use crate::plan::{Impaired, Node, Port, Wires};
use crate::shell::{ask, feed};

/// A link that is not up after this never will be.
const SETTLE_LIMIT: Duration = Duration::from_secs(20);

/// Every switch, and how the wires are at the moment.
pub(super) struct Switches {
    /// The ports of nodes that have power.
    ports: BTreeSet<String>,
    wires: Wires,
}

impl Switches {
    /// Builds the bridges and the table of blocked pairs.
    pub(super) fn build(segments: &[String]) -> anyhow::Result<Self> {
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
                "link add name br-{segment} type bridge stp_state 0 forward_delay 0 \
                 mcast_snooping 0\n\
                 link set dev br-{segment} up"
            )?;
        }
        feed("ip", &["-batch", "-"], &batch).context("building the segments")?;
        let wires = Wires::default();
        block(&wires)?;
        Ok(Self { ports: BTreeSet::new(), wires })
    }

    /// Plugs a node into its segments; `pid` is a process in its network namespace.
    pub(super) fn connect(&mut self, node: &Node, pid: u32) -> anyhow::Result<()> {
        let mut links = String::new();
        for Port { segment, switch_port, hardware, .. } in &node.ports {
            writeln!(
                links,
                "link add name {switch_port} type veth peer name {segment} address {hardware} \
                 netns {pid}\n\
                 link set dev {switch_port} master br-{segment}\n\
                 link set dev {switch_port} up"
            )?;
            self.ports.insert(switch_port.clone());
        }
        feed("ip", &["-batch", "-"], &links).with_context(|| format!("connecting {}", node.name))
    }

    /// Takes the link from every port of a node at once: the first half of a power loss.
    pub(super) fn unplug(&mut self, ports: &[Port]) -> anyhow::Result<()> {
        for port in ports {
            // What its next interface is like is to be said anew.
            self.ports.remove(&port.switch_port);
            self.wires.unplugged.retain(|name| *name != port.switch_port);
            self.wires.impaired.retain(|impaired| impaired.port != port.switch_port);
        }
        let names = ports.iter().map(|port| port.switch_port.as_str());
        links(names.map(|port| format!("link set dev {port} down")), &[]).context("unplugging")
    }

    /// From now on the wires are like this; what is so already is not touched.
    pub(super) fn set(&mut self, wires: &Wires) -> anyhow::Result<()> {
        let mut wires = wires.clone();
        wires.unplugged.retain(|port| self.ports.contains(port));
        wires.impaired.retain(|impaired| self.ports.contains(&impaired.port));
        if (&wires.blocked, &wires.muted) != (&self.wires.blocked, &self.wires.muted) {
            block(&wires)?;
        }
        let (before, after) = (&self.wires.unplugged, &wires.unplugged);
        let down = after.iter().filter(|port| !before.contains(port));
        let down = down.map(|port| format!("link set dev {port} down"));
        let up = before.iter().filter(|port| !after.contains(port));
        let up = up.map(|port| format!("link set dev {port} up"));
        links(down.chain(up), &[]).context("plugs")?;
        let (before, after) = (by_port(&self.wires), by_port(&wires));
        for port in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            if before.get(port) != after.get(port) {
                let list = after.get(port).map(Vec::as_slice).unwrap_or_default();
                impair::change(port, before.get(port).map_or(0, Vec::len), list)?;
            }
        }
        self.wires = wires;
        Ok(())
    }
}

fn by_port(wires: &Wires) -> BTreeMap<&str, Vec<&Impaired>> {
    let mut found: BTreeMap<&str, Vec<&Impaired>> = BTreeMap::new();
    for impaired in &wires.impaired {
        found.entry(&impaired.port).or_default().push(impaired);
    }
    found
}

/// Makes the way from the switch to each port as long as the scenario says.
pub(super) fn delay(ports: &[Port]) -> anyhow::Result<()> {
    let lines = ports.iter().map(|port| impair::usual(&port.switch_port, port.latency));
    let lines = lines.collect::<anyhow::Result<String>>()?;
    feed("tc", &["-batch", "-"], &lines).context("the segments' latency")
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

/// Removes the ports of a node that is gone. The kernel removes them with the node's namespace,
/// but when it pleases; the name is needed again at power-on.
pub(super) fn remove(ports: &[Port]) {
    let names = ports.iter().map(|port| port.switch_port.as_str());
    // The kernel may have been faster: a name that is not there is what is wanted.
    let _ = links(names.map(|port| format!("link del dev {port}")), &["-force"]);
}

fn links(lines: impl Iterator<Item = String>, flags: &[&str]) -> anyhow::Result<()> {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return Ok(());
    }
    let flags = [flags, &["-batch", "-"]].concat();
    feed("ip", &flags, &format!("{}\n", lines.join("\n")))
}

/// From now on exactly these pairs carry nothing, nor what these ports send; one transaction.
fn block(wires: &Wires) -> anyhow::Result<()> {
    let mut rules = String::from(
        "add table bridge lab\n\
         add chain bridge lab cut { type filter hook forward priority 0; policy accept; }\n\
         flush chain bridge lab cut\n",
    );
    for (from, to) in &wires.blocked {
        writeln!(rules, "add rule bridge lab cut iifname \"{from}\" oifname \"{to}\" drop")?;
    }
    for port in &wires.muted {
        writeln!(rules, "add rule bridge lab cut iifname \"{port}\" drop")?;
    }
    feed("nft", &["-f", "-"], &rules).context("cutting links")
}
