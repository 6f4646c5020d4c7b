//! What a hunt must know of the directors' configurations.

use super::Faults;
use super::case::Unit;
use super::kind::Kind;
use crate::guard::calm::calm_after;
use crate::run::BadInput;
use director_core::config::{Config, Failback};
use scenario::{Action, NodeKind, Scenario};
use std::net::IpAddr;
use std::time::Duration;

/// The longest start of a process in the model.
const LAUNCH: Duration = Duration::from_millis(20);
/// What neither configuration nor model names: announcements, steps of a pass, a client's timeout.
const SLACK: Duration = Duration::from_secs(3);

/// What the kernel has refused is tried again after this.
const RETRY: Duration = Duration::from_secs(1);

/// An owner that announces itself this often needs nobody to tell it of a heal.
const REFRESH: Duration = Duration::from_secs(2);

/// One server that the configuration wants in every director's table.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) service: String,
    pub(super) node: String,
    pub(super) weight: u16,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// From here on the pair serves, if nothing happened.
    pub(super) ready: Duration,
    pub(super) deadtime: Duration,
    keepalive: Duration,
    /// What a director has to see to in that time: the packets of its peers over every link, its
    /// own, and what witnesses and the voter answer.
    works: u32,
    /// How long a kernel may refuse everything and no address runs out.
    renewal: Duration,
    /// Whether an owner announces itself again soon without having heard of a heal.
    pub(super) refreshes: bool,
    /// How long a table may differ that nobody tells of, and an announcement be missed that was
    /// lost.
    resync: Duration,
    refresh: Duration,
    /// How long an orderly stop may take.
    stop: Duration,
    /// How long after the last statement everything must be as it should.
    pub(super) settle: Duration,
    /// How long after the last fault nothing may change any more.
    pub(super) calm: Duration,
    pub(super) directors: Vec<String>,
    /// Who takes the addresses back when it can; none when owners stay.
    pub(super) preferred: Option<String>,
    pub(super) groups: Vec<(String, Vec<IpAddr>)>,
    pub(super) servers: Vec<Wanted>,
    /// Services with a fallback.
    pub(super) fallbacks: Vec<String>,
    /// Which faults are drawn.
    pub(super) faults: Faults,
}

/// Each peer says something over every link, and this node; others are asked and answer.
fn works(config: &Config) -> u32 {
    let cluster = &config.cluster;
    let peers = config.nodes.len().saturating_sub(1);
    let asked = cluster.witnesses.len() + usize::from(cluster.voter.is_some());
    u32::try_from(peers * cluster.links.len() + 1 + asked * 2).unwrap_or(u32::MAX)
}

impl Settings {
    /// # Errors
    /// When there is no director, or its configuration is wrong.
    pub(super) fn of(scenario: &Scenario) -> Result<Self, BadInput> {
        let mut configs: Vec<Config> = Vec::new();
        let mut texts: Vec<&str> = Vec::new();
        for (_, file) in scenario.directors() {
            if !texts.contains(&file.text.as_str()) {
                texts.push(&file.text);
                let config = director_config::parse(&file.path, &file.text)
                    .map_err(|wrong| BadInput(wrong.to_string()))?;
                configs.push(config);
            }
        }
        let [config] = configs.as_slice() else {
            let text = "a hunt needs directors that share one configuration";
            return Err(BadInput(format!("{}: {text}", scenario.file)));
        };
        let cluster = &config.cluster;
        let back = match cluster.failback {
            Failback::Auto { delay } => delay + cluster.deadtime,
            Failback::Manual => Duration::ZERO,
        };
        let checks = config.services.values().map(|service| {
            let check = &service.check;
            (check.interval + check.timeout) * (u32::from(check.rise.get()) + 1)
        });
        let start = LAUNCH + cluster.initdead;
        let witnesses = if cluster.is_witnessed() { 4 } else { 0 };
        let settle = start
            + cluster.deadtime * (3 + witnesses)
            + back
            + checks.max().unwrap_or_default()
            + SLACK;
        let loads = scenario.clients.iter().map(|client| client.start).max().unwrap_or_default();
        Ok(Self {
            ready: loads.max(start + SLACK) + Duration::from_secs(1),
            deadtime: cluster.deadtime,
            keepalive: cluster.keepalive,
            works: works(config),
            // Renewed each quarter, tried again after a second, and then again.
            renewal: cluster
                .lease
                .map_or(Duration::MAX, |lease| (lease * 3 / 4).saturating_sub(RETRY * 2)),
            refreshes: cluster.announce.refresh.is_some_and(|refresh| refresh <= REFRESH),
            resync: cluster.resync + RETRY,
            refresh: cluster.announce.refresh.unwrap_or_default(),
            stop: Duration::from_secs(1) + cluster.deadtime + cluster.keepalive * 5,
            settle,
            calm: calm_after(config),
            directors: scenario.directors().map(|(node, _)| node.name.clone()).collect(),
            preferred: preferred(scenario, config),
            groups: config
                .groups
                .iter()
                .map(|(name, group)| {
                    let addresses = group.addresses.iter().map(|one| one.address).collect();
                    (name.to_string(), addresses)
                })
                .collect(),
            servers: servers(scenario, config),
            fallbacks: config
                .services
                .iter()
                .filter(|(_, service)| service.fallback.is_some())
                .map(|(name, _)| name.to_string())
                .collect(),
            faults: Faults::All,
        })
    }

    /// Whether a director's process comes later and later to what waits for it, and so gives the
    /// group up to the other until somebody has looked: half of the longest delay, for everything.
    pub(super) fn overworks(&self, units: &[Unit]) -> bool {
        let too_slow = |action: &Action| match action {
            Action::Slow { by, .. } => *by * self.works / 2 >= self.keepalive,
            _ => false,
        };
        units.iter().flat_map(|unit| &unit.lines).any(|line| too_slow(&line.action))
    }

    /// How much longer it takes after these faults until everything is as it should.
    pub(super) fn more(&self, units: &[Unit]) -> Duration {
        let lines = units.iter().flat_map(|unit| &unit.lines);
        let more = lines.map(|line| match &line.action {
            Action::Netlink { .. } | Action::Tamper { .. } => self.resync + self.refresh,
            Action::Impair(_) => self.refresh,
            _ => Duration::ZERO,
        });
        more.max().unwrap_or_default()
    }

    /// The longest that a client may wait after a power loss and nothing else: until the other owns
    /// the address and the routers know, and until it tries again (RFC 6298 §2.1).
    pub(super) fn takeover(&self) -> Duration {
        self.deadtime + self.keepalive + Duration::from_millis(1_100)
    }

    /// The longest time that such a fault may last. A director whose kernel refuses an address for
    /// ten deadtimes, or until its lease is over, leaves it to the other until the operator says
    /// `director ready`, which a rule about who is preferred does not know of.
    pub(super) fn most(&self, kind: Kind) -> Duration {
        match kind {
            Kind::NetlinkRefuse | Kind::NetlinkDelay | Kind::NetlinkLose
                if self.preferred.is_some() =>
            {
                (self.deadtime * 3).min(self.renewal)
            }
            _ => Duration::MAX,
        }
    }

    /// The most that a director may be late with everything: more, and it never catches up.
    pub(super) fn slowest(&self) -> Duration {
        if self.preferred.is_some() { self.keepalive / 2 } else { Duration::from_millis(500) }
    }

    /// The shortest time between a fault and what undoes it. An order to start that comes while
    /// the process still ends is lost.
    pub(crate) fn least(&self, fault: &Action) -> Duration {
        match fault {
            Action::Stop { .. } => self.stop,
            _ => Duration::from_millis(1),
        }
    }
}

fn preferred(scenario: &Scenario, config: &Config) -> Option<String> {
    if config.cluster.failback == Failback::Manual {
        return None;
    }
    let there = config.nodes.keys().filter(|name| scenario.node(name.as_str()).is_some());
    // The hunt looks at the first group.
    let group = config.groups.values().next()?;
    let first = |best, name| if config.outranks(group, name, best) { name } else { best };
    let best = there.reduce(first);
    best.map(ToString::to_string)
}

/// Only services whose servers are nodes of their own: a table is asked by the name of the node.
fn servers(scenario: &Scenario, config: &Config) -> Vec<Wanted> {
    let mut found = Vec::new();
    for (service, wanted) in &config.services {
        for (address, server) in &wanted.servers {
            let Some(node) = scenario.node_at(address.ip()) else { continue };
            let ports = wanted.servers.keys().filter(|other| other.ip() == address.ip()).count();
            if ports == 1 && matches!(node.kind, NodeKind::Server { .. }) {
                found.push(Wanted {
                    service: service.to_string(),
                    node: node.name.clone(),
                    weight: server.weight.0,
                });
            }
        }
    }
    found
}
