//! Statements that wait for a condition, watched while a run goes on.

use crate::{Condition, Event, Facts, Names, Scenario, State};
use std::sync::Arc;
use std::time::Duration;

/// What is waited for, and what is the case.
#[derive(Debug, Clone)]
pub struct Reactions {
    count: usize,
    scenario: Arc<Scenario>,
    facts: Facts,
    state: State,
    waiting: Vec<Waiting>,
}

/// One statement that was not carried out yet.
#[derive(Debug, Clone)]
struct Waiting {
    condition: Condition,
    /// Its place among the reactions.
    place: usize,
    offset: Duration,
    /// Whether the condition was true when it was asked last.
    was: bool,
}

impl Reactions {
    /// Those of a scenario, with their offsets drawn from the seed; `None` without any.
    pub fn of(scenario: &Arc<Scenario>, seed: u64) -> Option<Self> {
        let reactions = scenario.reactions(seed);
        if reactions.is_empty() {
            return None;
        }
        let state = State::start(scenario);
        let reactions = reactions.into_iter().enumerate();
        let waiting: Vec<Waiting> = reactions
            .map(|(place, (condition, scheduled))| Waiting {
                condition: condition.clone(),
                place,
                offset: scheduled.at,
                was: state.holds(condition),
            })
            .collect();
        let scenario = Arc::clone(scenario);
        let facts = scenario.facts();
        let count = waiting.len();
        Some(Self { count, scenario, facts, state, waiting })
    }

    /// How many there were at the start.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Takes note of what happened. Returns what is to be carried out because of it: places in
    /// [`Scenario::reactions`], and how long after this moment.
    pub fn note(&mut self, event: &Event) -> Vec<(usize, Duration)> {
        let names = Names::with(&self.scenario, &self.facts);
        if !self.state.apply(&names, event) {
            return Vec::new();
        }
        let mut due = Vec::new();
        let state = &self.state;
        self.waiting.retain_mut(|waiting| {
            let is = state.holds(&waiting.condition);
            let became = is && !std::mem::replace(&mut waiting.was, is);
            if became {
                due.push((waiting.place, waiting.offset));
            }
            !became
        });
        due
    }
}
