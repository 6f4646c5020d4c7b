//! What two engines made of the same scenario, and whether it is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scenario::{Decision, Exit, Scenario, by_subject};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::campaign::{Figures, ns};

/// Means that are not farther apart than this agree.
pub(super) const NEAR: Duration = Duration::from_millis(50);
/// Nor do those that differ by less than this part of the kernel's.
pub(super) const PART: u32 = 10;

/// One run on one side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Side {
    /// `held`, `violated`, `skipped` or `impossible`.
    pub(super) result: String,
    /// What was violated, or why it did not run.
    pub(super) remarks: Vec<String>,
    /// The longest outage of each client.
    pub(super) outages: BTreeMap<String, Duration>,
    /// What the directors decided.
    pub(super) decisions: Vec<Decision>,
}

impl Side {
    fn has_run(&self) -> bool {
        matches!(self.result.as_str(), "held" | "violated")
    }
}

impl Serialize for Side {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos: BTreeMap<&str, u64> =
            self.outages.iter().map(|(client, outage)| (client.as_str(), ns(*outage))).collect();
        let mut fields = serializer.serialize_struct("Side", 3)?;
        fields.serialize_field("result", &self.result)?;
        fields.serialize_field("remarks", &self.remarks)?;
        fields.serialize_field("outages_ns", &nanos)?;
        fields.end()
    }
}

/// The same scenario and seed on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    /// The seed.
    pub(super) seed: u64,
    /// In the simulator.
    pub(super) world: Side,
    /// On the kernel.
    pub(super) kernel: Side,
}

/// What the directors decided differently about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// Who decided.
    pub(super) node: String,
    /// About what.
    pub(super) subject: String,
    /// The verdicts in the simulator, in time order.
    pub(super) world: Vec<String>,
    /// The verdicts on the kernel.
    pub(super) kernel: Vec<String>,
}

impl Pair {
    /// Whether there is something on both sides.
    pub(super) fn is_comparable(&self) -> bool {
        self.world.has_run() && self.kernel.has_run()
    }

    /// Every node and subject about which the verdicts are not the same in the same order.
    pub(super) fn differences(&self) -> Vec<Difference> {
        let (world, kernel) =
            (by_subject(&self.world.decisions), by_subject(&self.kernel.decisions));
        let subjects: BTreeSet<_> = world.keys().chain(kernel.keys()).collect();
        subjects
            .into_iter()
            .filter(|subject| world.get(subject) != kernel.get(subject))
            .map(|subject| Difference {
                node: subject.0.clone(),
                subject: subject.1.clone(),
                world: world.get(subject).cloned().unwrap_or_default(),
                kernel: kernel.get(subject).cloned().unwrap_or_default(),
            })
            .collect()
    }
}

impl Serialize for Pair {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let differences = self.is_comparable().then(|| self.differences());
        let mut fields = serializer.serialize_struct("Pair", 5)?;
        fields.serialize_field("seed", &self.seed)?;
        fields.serialize_field("world", &self.world)?;
        fields.serialize_field("kernel", &self.kernel)?;
        let same = differences.as_ref().map(Vec::is_empty);
        fields.serialize_field("same_decisions", &same)?;
        fields.serialize_field("differences", &differences.unwrap_or_default())?;
        fields.end()
    }
}

/// One client over all seeds that ran on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ClientFigures {
    /// Its name.
    pub(super) client: String,
    /// In the simulator.
    pub(super) world: Figures,
    /// On the kernel.
    pub(super) kernel: Figures,
    /// Whether the means are near each other.
    pub(super) means_agree: bool,
}

/// One scenario over all seeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Comparison {
    /// Its file.
    pub(super) file: String,
    /// Its title.
    pub(super) title: String,
    /// One for each seed.
    pub(super) seeds: Vec<Pair>,
    /// One for each client, unless nothing could be compared.
    pub(super) clients: Vec<ClientFigures>,
}

impl Comparison {
    /// Of all seeds of a scenario.
    pub(super) fn of(scenario: &Scenario, seeds: Vec<Pair>) -> Self {
        let names = scenario.clients.iter().map(|client| client.name.as_str());
        let clients = names.filter_map(|name| figures(name, &seeds)).collect();
        Self { file: scenario.file.clone(), title: scenario.title.clone(), seeds, clients }
    }

    fn exit(&self) -> Exit {
        let sides = || self.seeds.iter().flat_map(|pair| [&pair.world, &pair.kernel]);
        let has = |word: &str| sides().any(|side| side.result == word);
        let compared = || self.seeds.iter().filter(|pair| pair.is_comparable());
        let apart = self.clients.iter().any(|client| !client.means_agree);
        if has("violated") || apart || compared().any(|pair| !pair.differences().is_empty()) {
            Exit::Violated
        } else if has("impossible") {
            Exit::CannotRun
        } else {
            Exit::Held
        }
    }
}

fn figures(client: &str, pairs: &[Pair]) -> Option<ClientFigures> {
    let compared = || pairs.iter().filter(|pair| pair.is_comparable());
    let of = |side: fn(&Pair) -> &Side| {
        Figures::of(compared().filter_map(|p| side(p).outages.get(client).copied()).collect())
    };
    let (world, kernel) = (of(|pair| &pair.world)?, of(|pair| &pair.kernel)?);
    let apart = world.mean.abs_diff(kernel.mean);
    let means_agree = apart <= NEAR || apart <= kernel.mean / PART;
    Some(ClientFigures { client: client.to_owned(), world, kernel, means_agree })
}

/// The exit status: a violation weighs more than a run that could not be done.
pub(super) fn exit(comparisons: &[Comparison]) -> u8 {
    let has = |exit: Exit| comparisons.iter().any(|comparison| comparison.exit() == exit);
    let exits = [Exit::Violated, Exit::CannotRun];
    exits.into_iter().find(|exit| has(*exit)).unwrap_or(Exit::Held).status()
}

#[cfg(test)]
mod tests;
