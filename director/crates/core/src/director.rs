//! The whole machine: routes inputs to the state machines, recomputes what is desired, and says what
//! is to be done.

use crate::config::Config;
use crate::effect::Effect;
use crate::input::Input;
use crate::name::NodeName;
use crate::observed::Snapshot;
use crate::report::Report;
use crate::time::{Deadline, Instant};
use crate::view::View;
use alloc::collections::VecDeque;
use alloc::sync::Arc;

/// One director.
#[derive(Clone, Debug)]
pub struct Director {
    config: Arc<Config>,
    node: NodeName,
    effects: VecDeque<Effect>,
    reports: VecDeque<Report>,
}

impl Director {
    /// A director that starts at `now` on a kernel that holds `found`. `node` must be configured.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        node: NodeName,
        seed: u64,
        found: &Snapshot,
        now: Instant,
    ) -> Self {
        let _ = (seed, found, now);
        Self { config, node, effects: VecDeque::new(), reports: VecDeque::new() }
    }

    /// Takes in what happened. Drain effects and reports afterwards.
    pub fn handle(&mut self, input: Input, now: Instant) {
        let _ = (input, now);
    }

    /// When to call again with [`Input::Deadline`], and what for.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        None
    }

    /// The next thing to be done.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The next thing to be told.
    pub fn next_report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    /// What the director looks like at `now`.
    #[must_use]
    pub fn view(&self, now: Instant) -> View {
        let _ = (now, &self.config, &self.node);
        unimplemented!()
    }
}
