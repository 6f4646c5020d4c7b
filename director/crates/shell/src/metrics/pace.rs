//! How long the loop is kept by one thing, and how late it comes to what is due.

use super::gauges::Float;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// What a turn of the loop did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Turn {
    /// It took in a heartbeat packet.
    Packet,
    /// It did what was due.
    Deadline,
    /// It took in the end of a check.
    Check,
    /// It took in the end of a pass over the kernel.
    Pass,
    /// It took in anything else that happened.
    Event,
    /// It obeyed or answered an operator.
    Order,
}

impl Turn {
    const ALL: [Self; 6] =
        [Self::Packet, Self::Deadline, Self::Check, Self::Pass, Self::Event, Self::Order];

    const fn name(self) -> &'static str {
        match self {
            Self::Packet => "packet",
            Self::Deadline => "deadline",
            Self::Check => "check",
            Self::Pass => "pass",
            Self::Event => "event",
            Self::Order => "order",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// From a twentieth of a millisecond to a second.
const BUCKETS: [f64; 10] = [0.000_05, 0.000_2, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2, 1.0];

/// The pace of the loop.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    turns: Histogram,
    longest: Family<Kind, Float>,
    late: Histogram,
}

impl Pace {
    pub(super) fn new() -> Self {
        let longest = Family::<Kind, Float>::default();
        for turn in Turn::ALL {
            drop(longest.get_or_create(&Kind { kind: turn.name() }));
        }
        Self { turns: Histogram::new(BUCKETS), longest, late: Histogram::new(BUCKETS) }
    }

    pub(super) fn turned(&self, turn: Turn, took: Duration) {
        let seconds = took.as_secs_f64();
        self.turns.observe(seconds);
        let longest = self.longest.get_or_create(&Kind { kind: turn.name() });
        if longest.get() < seconds {
            longest.set(seconds);
        }
    }

    pub(super) fn late(&self, by: Duration) {
        self.late.observe(by.as_secs_f64());
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "For how long the loop was kept by one thing";
        registry.register("turn_seconds", help, self.turns.clone());
        let help = "The longest that the loop was kept by one thing of this kind";
        registry.register("longest_turn_seconds", help, self.longest.clone());
        let help =
            "How late the loop came to what was due: checks, heartbeats, looks at the kernel";
        registry.register("late_seconds", help, self.late.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    #[test]
    fn the_longest_turn_of_each_kind_is_kept() {
        let pace = Pace::new();
        pace.turned(Turn::Check, Duration::from_millis(4));
        pace.turned(Turn::Check, Duration::from_millis(3));
        pace.turned(Turn::Pass, Duration::from_millis(20));
        pace.late(Duration::from_micros(300));
        let mut registry = Registry::default();
        pace.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "longest_turn_seconds{kind=\"check\"} 0.004",
            "longest_turn_seconds{kind=\"pass\"} 0.02",
            "longest_turn_seconds{kind=\"order\"} 0.0",
            "turn_seconds_count 3",
            "late_seconds_bucket{le=\"0.0002\"} 0",
            "late_seconds_bucket{le=\"0.001\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
