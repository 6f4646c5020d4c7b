//! How long each step of an outage took, as far as this director sees it.

use director_core::Report;
use director_core::report::{PeerCause, PeerState, Role, RoleCause};
use director_core::time::Instant;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Step {
    step: &'static str,
}

/// From the last word of a dead peer until it is given up.
const SILENCE: &str = "silence";
/// From there until this node has decided to take its group: witnesses, voter, fence.
const DECISION: &str = "decision";
/// From the decision until the kernel holds the addresses.
const TAKING: &str = "taking";
/// From the decision to give a group up until the kernel holds no address of it.
const RELEASING: &str = "releasing";

/// From a millisecond to a minute.
const BUCKETS: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 10.0, 60.0];

/// When what goes on began, by the name of the peer or group.
#[derive(Debug, Default)]
struct Begun {
    dead: BTreeMap<String, Instant>,
    changing: BTreeMap<String, Instant>,
}

/// The steps of outages; a clone counts on together with the first.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    steps: Family<Step, Histogram, fn() -> Histogram>,
    begun: Arc<Mutex<Begun>>,
}

impl Outage {
    pub(super) fn new() -> Self {
        let new: fn() -> Histogram = || Histogram::new(BUCKETS);
        let steps = Family::new_with_constructor(new);
        for step in [SILENCE, DECISION, TAKING, RELEASING] {
            drop(steps.get_or_create(&Step { step }));
        }
        Self { steps, begun: Arc::default() }
    }

    pub(super) fn note(&self, report: &Report, now: Instant) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        match report {
            Report::Peer { peer, state: PeerState::Dead, why } => {
                if let PeerCause::Unanswered { silent_ms, .. } | PeerCause::Deadtime { silent_ms } =
                    why
                {
                    self.took(SILENCE, Duration::from_millis(*silent_ms));
                }
                begun.dead.insert(peer.to_string(), now);
            }
            Report::Role { group, to: Role::Taking, why, .. } => {
                if let RoleCause::OwnerDied { peer } = why
                    && let Some(since) = begun.dead.get(&peer.to_string())
                {
                    self.took(DECISION, now.since(*since));
                }
                begun.changing.insert(group.to_string(), now);
            }
            Report::Role { group, to: Role::Releasing, .. } => {
                begun.changing.insert(group.to_string(), now);
            }
            Report::Role { group, from, to, .. } => {
                let step = match (from, to) {
                    (Role::Taking, Role::Active) => TAKING,
                    (Role::Releasing, _) => RELEASING,
                    _ => return,
                };
                if let Some(since) = begun.changing.remove(&group.to_string()) {
                    self.took(step, now.since(since));
                }
            }
            _ => {}
        }
    }

    fn took(&self, step: &'static str, took: Duration) {
        self.steps.get_or_create(&Step { step }).observe(took.as_secs_f64());
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "How long the steps of takeovers and handovers took";
        registry.register("outage_step_seconds", help, self.steps.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use director_core::name::{GroupName, NodeName};
    use prometheus_client::encoding::text::encode;

    fn role(from: Role, to: Role, why: RoleCause) -> Report {
        Report::Role { group: GroupName::new("web").unwrap(), from, to, why }
    }

    #[test]
    fn each_step_of_a_takeover_and_a_handover_is_measured() {
        let outage = Outage::new();
        let peer = NodeName::new("d1").unwrap();
        let at = |ms| Instant::ZERO + Duration::from_millis(ms);
        let why = PeerCause::Unanswered { silent_ms: 169, asks: 5 };
        let dead = Report::Peer { peer: peer.clone(), state: PeerState::Dead, why };
        outage.note(&dead, at(1000));
        let died = RoleCause::OwnerDied { peer };
        outage.note(&role(Role::Standby, Role::Taking, died), at(1030));
        outage.note(&role(Role::Taking, Role::Active, RoleCause::AddressesHeld), at(1034));
        outage.note(&role(Role::Active, Role::Releasing, RoleCause::Handover), at(5000));
        let released = RoleCause::AddressesReleased;
        outage.note(&role(Role::Releasing, Role::Standby, released), at(5003));
        // Nothing is measured of a change that takes no time.
        outage.note(&role(Role::Waiting, Role::Standby, RoleCause::Heard), at(9000));
        let mut registry = Registry::default();
        outage.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for (step, sum) in
            [(SILENCE, "0.169"), (DECISION, "0.03"), (TAKING, "0.004"), (RELEASING, "0.003")]
        {
            for line in [
                format!("outage_step_seconds_sum{{step=\"{step}\"}} {sum}"),
                format!("outage_step_seconds_count{{step=\"{step}\"}} 1"),
            ] {
                assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
            }
        }
    }
}
