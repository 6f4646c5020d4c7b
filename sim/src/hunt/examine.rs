//! One run, and everything that a campaign wants to know of it.

use super::kind::Strike;
use crate::build::Refusal;
use crate::run::BadInput;
use crate::world::World;
use scenario::{Judged, Ruling, Scenario, judge, parse_duration};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The rule as judged.
    pub text: String,
    /// When it was first untrue.
    pub at: Duration,
    /// What was the case then.
    pub facts: String,
}

impl Broken {
    /// What stays the same when times change: the same rule about the same object.
    #[must_use]
    pub fn rule(&self) -> String {
        let words = self.text.split_whitespace();
        let words = words.map(|word| if parse_duration(word).is_ok() { "…" } else { word });
        words.collect::<Vec<_>>().join(" ")
    }

    /// What the rule is about, whatever the topology: `at … weight`.
    #[must_use]
    pub fn family(&self) -> String {
        let rule = self.rule();
        let bare = rule.strip_prefix("at … not ").or(rule.strip_prefix("at … "));
        let rule = bare.unwrap_or(&rule);
        let rule = rule.trim_start_matches('(');
        let both = if rule.contains(" and arp(") { " and arp" } else { "" };
        match rule.split_once('(') {
            Some((name, _)) => format!("{name}{both}"),
            None => rule.to_owned(),
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What did not hold, expectations first.
    pub broken: Vec<Broken>,
    /// Equal for equal runs.
    pub trace: u64,
    /// Events of the world.
    pub events: u64,
    /// Simulated time.
    pub elapsed: Duration,
    /// The directors that faults struck.
    pub strikes: Vec<Strike>,
    /// When a director changed its role.
    pub turns: Vec<Duration>,
    /// Conditions that were reached.
    pub reached: BTreeSet<&'static str>,
    /// The longest outage of any client.
    pub outage: Duration,
}

/// Runs a scenario under a seed and judges it.
///
/// # Errors
/// When it cannot be run: a wrong configuration, or something that is not modelled.
pub fn examine(scenario: &Arc<Scenario>, seed: u64) -> Result<Examined, BadInput> {
    Ok(judged(scenario, world(scenario, seed)?))
}

/// The trace of the same run with other clocks: what a clock shows must decide nothing.
///
/// # Errors
/// When it cannot be run.
pub fn trace_with_other_clocks(scenario: &Arc<Scenario>, seed: u64) -> Result<u64, BadInput> {
    let mut world = world(scenario, seed)?.with_other_clocks();
    world.run_until(scenario.length);
    Ok(world.trace())
}

fn world(scenario: &Arc<Scenario>, seed: u64) -> Result<World, BadInput> {
    World::new(Arc::clone(scenario), seed).map_err(|refusal| match refusal {
        Refusal::Invalid(text) | Refusal::NotModelled(text) => BadInput(text),
    })
}

fn judged(scenario: &Arc<Scenario>, mut world: World) -> Examined {
    world.run_until(scenario.length);
    let history = world.history();
    let mut verdict = judge(scenario, &history);
    verdict.invariants.extend(world.invariants());
    let broken = verdict.all().filter_map(|Judged { text, ruling }| match ruling {
        Ruling::Violated { at, facts } => {
            Some(Broken { text: text.clone(), at: *at, facts: facts.clone() })
        }
        _ => None,
    });
    Examined {
        broken: broken.collect(),
        trace: world.trace(),
        events: world.events(),
        elapsed: world.elapsed(),
        strikes: world.strikes.clone(),
        turns: world.turns(),
        reached: world.reached(),
        outage: verdict.clients.iter().map(|figures| figures.outage).max().unwrap_or_default(),
    }
}
