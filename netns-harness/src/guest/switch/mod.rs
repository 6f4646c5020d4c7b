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
#[derive(Default)]
pub(super) struct Switches {
    /// The ports of nodes that have power.
    ports: BTreeSet<String>,
    /// Those of them whose node is just losing it.
    silenced: BTreeSet<String>,
    /// Those of them that were held up before.
    held: BTreeSet<String>,
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
        let switches = Self::default();
        switches.block()?;
        Ok(switches)
    }

    /// Plugs a node into its segments; `pid` is a process in its network namespace.
    pub(super) fn connect(&mut self, node: &Node, pid: u32) -> anyhow::Result<()> {
        let mut links = String::new();
        for Port { segment, switch_port, hardware, mtu, .. } in &node.ports {
            writeln!(
                links,
                "link add name {switch_port} type veth peer name {segment} address {hardware} \
                 netns {pid}\n\
                 link set dev {switch_port} master br-{segment}\n\
                 link set dev {switch_port} mtu {mtu} up"
            )?;
            self.ports.insert(switch_port.clone());
        }
        feed("ip", &["-batch", "-"], &links).with_context(|| format!("connecting {}", node.name))
    }

    /// From this moment on nothing gets through that these ports send, all of them at once: the
    /// first half of a power loss. Links that go down one after the other would be noticed on the
    /// node, and what it still forwards would shorten the outage, by as long as a machine under
    /// load takes between two commands.
    pub(super) fn silence<'a>(
        &mut self,
        ports: impl Iterator<Item = &'a Port>,
    ) -> anyhow::Result<()> {
        self.silenced.extend(ports.map(|port| port.switch_port.clone()));
        self.block()
    }

    /// Takes the ports of a node away that is gone: the second half. What the next interfaces are
    /// like is to be said anew.
    pub(super) fn remove(&mut self, ports: &[Port]) -> anyhow::Result<()> {
        for port in ports {
            self.ports.remove(&port.switch_port);
            self.silenced.remove(&port.switch_port);
            self.held.remove(&port.switch_port);
            self.wires.muted.retain(|name| *name != port.switch_port);
            self.wires.unplugged.retain(|name| *name != port.switch_port);
            self.wires.impaired.retain(|impaired| impaired.port != port.switch_port);
        }
        let names = ports.iter().map(|port| port.switch_port.as_str());
        // The kernel removes them with the node's namespace, but when it pleases, and the names
        // are needed again at power-on: one that is not there is what is wanted.
        let _ = links(names.map(|port| format!("link del dev {port}")), &["-force"]);
        self.block()
    }

    /// From now on exactly the blocked pairs carry nothing, nor what the muted and the silenced
    /// ports send; one transaction.
    fn block(&self) -> anyhow::Result<()> {
        let mut rules = String::from(
            "add table bridge lab\n\
             add chain bridge lab cut { type filter hook forward priority 0; policy accept; }\n\
             flush chain bridge lab cut\n",
        );
        for (from, to) in &self.wires.blocked {
            writeln!(rules, "add rule bridge lab cut iifname \"{from}\" oifname \"{to}\" drop")?;
        }
        for port in self.wires.muted.iter().chain(&self.silenced) {
            writeln!(rules, "add rule bridge lab cut iifname \"{port}\" drop")?;
        }
        feed("nft", &["-f", "-"], &rules).context("cutting links")
    }

    /// From now on the wires are like this; what is so already is not touched.
    pub(super) fn set(&mut self, wires: &Wires) -> anyhow::Result<()> {
        let mut wires = wires.clone();
        wires.unplugged.retain(|port| self.ports.contains(port));
        wires.impaired.retain(|impaired| self.ports.contains(&impaired.port));
        wires.muted.retain(|port| self.ports.contains(port));
        let before = std::mem::replace(&mut self.wires, wires);
        let wires = &self.wires;
        // What has come in before a machine stands still has left it, too.
        for port in wires.muted.iter().filter(|port| !before.muted.contains(port)) {
            impair::hold(port, !self.held.insert(port.clone()))?;
        }
        if (&wires.blocked, &wires.muted) != (&before.blocked, &before.muted) {
            self.block()?;
        }
        for port in before.muted.iter().filter(|port| !wires.muted.contains(port)) {
            impair::release(port)?;
        }
        let down = wires.unplugged.iter().filter(|port| !before.unplugged.contains(port));
        let down = down.map(|port| format!("link set dev {port} down"));
        let up = before.unplugged.iter().filter(|port| !wires.unplugged.contains(port));
        let up = up.map(|port| format!("link set dev {port} up"));
        links(down.chain(up), &[]).context("plugs")?;
        let (before, after) = (by_port(&before), by_port(wires));
        for port in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            if before.get(port) != after.get(port) {
                let list = after.get(port).map(Vec::as_slice).unwrap_or_default();
                impair::change(port, before.get(port).map_or(0, Vec::len), list)?;
            }
        }
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

/// A switch forgets what it has learnt: the next frame to each address goes to every port.
pub(super) fn forget(segment: &str) -> anyhow::Result<()> {
    let name = format!("br-{segment}");
    ask("ip", &["link", "set", "dev", &name, "type", "bridge", "fdb_flush"])
        .map(drop)
        .with_context(|| format!("the switch of {segment}"))
}

fn links(lines: impl Iterator<Item = String>, flags: &[&str]) -> anyhow::Result<()> {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return Ok(());
    }
    let flags = [flags, &["-batch", "-"]].concat();
    feed("ip", &flags, &format!("{}\n", lines.join("\n")))
}
