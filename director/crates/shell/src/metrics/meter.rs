//! What is counted while a director runs.

use super::gauges;
use super::outage::Outage;
use super::pace::{Pace, Turn};
use director_core::Report;
use director_core::probe::{Outcome, Phase, Phases};
use director_core::report::{Level, PeerState};
use director_core::time::Instant;
use director_core::view::View;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Result {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Change {
    group: String,
    to: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    peer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Group {
    group: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Severity {
    level: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Part {
    phase: &'static str,
}

fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Connect => "connect",
        Phase::Tls => "tls",
        Phase::Answer => "answer",
        Phase::Body => "body",
        Phase::Whole => "whole",
    }
}

/// The counters; a clone counts on together with the first.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    role_changes: Family<Change, Counter>,
    beats_sent: Counter,
    beats_received: Counter,
    rejected: Counter,
    late: Family<Of, Counter>,
    deaths: Family<Of, Counter>,
    two_owners: Family<Group, Counter>,
    checks: Family<Result, Counter>,
    check_seconds: Histogram,
    phase_seconds: Family<Part, Histogram, fn() -> Histogram>,
    server_changes: Family<Result, Counter>,
    steps: Family<Result, Counter>,
    drift: Counter,
    reloads: Family<Result, Counter>,
    orders: Family<Result, Counter>,
    stalls: Counter,
    reports: Family<Severity, Counter>,
    pace: Pace,
    outage: Outage,
}

/// From a millisecond to half a minute: what a check may take.
const BUCKETS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0];

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            role_changes: Family::default(),
            beats_sent: Counter::default(),
            beats_received: Counter::default(),
            rejected: Counter::default(),
            late: Family::default(),
            deaths: Family::default(),
            two_owners: Family::default(),
            checks: Family::default(),
            check_seconds: Histogram::new(BUCKETS),
            phase_seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            server_changes: Family::default(),
            steps: Family::default(),
            drift: Counter::default(),
            reloads: Family::default(),
            orders: Family::default(),
            stalls: Counter::default(),
            reports: Family::default(),
            pace: Pace::new(),
            outage: Outage::new(),
        }
    }

    pub(crate) fn sent(&self) {
        self.beats_sent.inc();
    }

    pub(crate) fn received(&self) {
        self.beats_received.inc();
    }

    /// A check ended by itself.
    pub(crate) fn checked(&self, outcome: &Outcome, phases: &Phases, took: Duration) {
        let result = if outcome.is_ok() { "passed" } else { "failed" };
        self.checks.get_or_create(&Result { result }).inc();
        self.check_seconds.observe(took.as_secs_f64());
        for (phase, took) in phases.iter() {
            let part = Part { phase: word(phase) };
            self.phase_seconds.get_or_create(&part).observe(took.as_secs_f64());
        }
    }

    /// The loop was kept by one thing for so long.
    pub(crate) fn turned(&self, turn: Turn, took: Duration) {
        self.pace.turned(turn, took);
    }

    /// The loop came so late to what was due.
    pub(crate) fn late(&self, by: Duration) {
        self.pace.late(by);
    }

    pub(crate) fn reloaded(&self, good: bool) {
        let result = if good { "used" } else { "refused" };
        self.reloads.get_or_create(&Result { result }).inc();
    }

    pub(crate) fn ordered(&self, good: bool) {
        let result = if good { "done" } else { "refused" };
        self.orders.get_or_create(&Result { result }).inc();
    }

    /// Counts what a report tells that has just come.
    pub(crate) fn note(&self, report: &Report, now: Instant) {
        self.outage.note(report, now);
        let level = match report.level() {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
        };
        self.reports.get_or_create(&Severity { level }).inc();
        match report {
            Report::Role { group, to, .. } => {
                let change = Change { group: group.to_string(), to: to.to_string() };
                self.role_changes.get_or_create(&change).inc();
            }
            Report::Peer { peer, state: PeerState::Suspect, .. } => {
                self.late.get_or_create(&Of { peer: peer.to_string() }).inc();
            }
            Report::Peer { peer, state: PeerState::Dead, .. } => {
                self.deaths.get_or_create(&Of { peer: peer.to_string() }).inc();
            }
            Report::TwoOwners { group, .. } => {
                self.two_owners.get_or_create(&Group { group: group.to_string() }).inc();
            }
            Report::Rejected { .. } => {
                self.rejected.inc();
            }
            Report::Server { state, .. } => {
                let result = gauges::health(*state);
                self.server_changes.get_or_create(&Result { result }).inc();
            }
            Report::StepDone { .. } => {
                self.steps.get_or_create(&Result { result: "done" }).inc();
            }
            Report::StepFailed { .. } => {
                self.steps.get_or_create(&Result { result: "refused" }).inc();
            }
            Report::Drift { .. } => {
                self.drift.inc();
            }
            Report::Stalled { .. } => {
                self.stalls.inc();
            }
            _ => {}
        }
    }

    /// All metrics, with the state that `view` shows.
    pub(crate) fn text(&self, view: &View) -> String {
        self.begin(view);
        let mut registry = Registry::with_prefix("director");
        self.register(&mut registry);
        gauges::register(&mut registry, view);
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _written = encode(&mut text, &registry);
        text
    }

    /// Every counter that there can be is there from the beginning: the first event must be seen
    /// as an increase.
    fn begin(&self, view: &View) {
        for (family, results) in [
            (&self.checks, &["passed", "failed"][..]),
            (&self.server_changes, &["unknown", "up", "down"]),
            (&self.steps, &["done", "refused"]),
            (&self.reloads, &["used", "refused"]),
            (&self.orders, &["done", "refused"]),
        ] {
            for result in results {
                drop(family.get_or_create(&Result { result }));
            }
        }
        for phase in Phases::ALL {
            drop(self.phase_seconds.get_or_create(&Part { phase: word(phase) }));
        }
        for level in ["error", "warn", "info", "debug"] {
            drop(self.reports.get_or_create(&Severity { level }));
        }
        for group in &view.groups {
            drop(self.two_owners.get_or_create(&Group { group: group.name.to_string() }));
            for role in gauges::ROLES {
                let change = Change { group: group.name.to_string(), to: role.to_string() };
                drop(self.role_changes.get_or_create(&change));
            }
        }
        for peer in &view.peers {
            let peer = Of { peer: peer.name.to_string() };
            drop(self.late.get_or_create(&peer));
            drop(self.deaths.get_or_create(&peer));
        }
    }

    fn register(&self, registry: &mut Registry) {
        let mut add = |name: &str, help: &str, metric: Family<Result, Counter>| {
            registry.register(name, help, metric);
        };
        add("checks", "Health checks that ended by themselves", self.checks.clone());
        add("server_changes", "Changes of real servers' states", self.server_changes.clone());
        add("kernel_steps", "Operations on the kernel", self.steps.clone());
        add("reloads", "Configurations that were read anew", self.reloads.clone());
        add("orders", "Orders of the operator", self.orders.clone());
        let mut add = |name: &str, help: &str, metric: &Counter| {
            registry.register(name, help, metric.clone());
        };
        add("heartbeats_sent", "Heartbeat packets sent", &self.beats_sent);
        add("heartbeats_received", "Heartbeat packets received", &self.beats_received);
        add("heartbeats_rejected", "Told rejections of packets", &self.rejected);
        add("drift_repaired", "Steps that undid what somebody else did", &self.drift);
        add("stalls", "Times that this process was not run when it should have been", &self.stalls);
        let (late, deaths) = (self.late.clone(), self.deaths.clone());
        registry.register("peer_late", "Times that a peer's heartbeat was late", late);
        registry.register("peer_deaths", "Times that a peer was given up", deaths);
        let twice = self.two_owners.clone();
        registry.register("two_owners", "Times that another owned the group too", twice);
        let roles = self.role_changes.clone();
        registry.register("role_changes", "Changes of a group's role on this node", roles);
        let reports = self.reports.clone();
        registry.register("reports", "Events by how much they matter", reports);
        self.pace.register(registry);
        self.outage.register(registry);
        let seconds = self.check_seconds.clone();
        registry.register("check_duration_seconds", "How long checks took", seconds);
        let (parts, help) = (self.phase_seconds.clone(), "How long the parts of checks took");
        registry.register("check_phase_seconds", help, parts);
    }
}
