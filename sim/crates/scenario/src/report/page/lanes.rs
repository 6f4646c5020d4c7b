//! Swim lanes: what each thing was from when to when.

use super::subject::{Subject, subjects};
use crate::history::nanos;
use crate::{Action, Event, History, Names, Scenario, State};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// One lane.
#[derive(Serialize)]
pub(super) struct Lane {
    /// What it shows: `owner`, `arp`, `role`, `machine`, `peer`, `server`, `table`, `segment`.
    pub(super) kind: &'static str,
    /// The node that it stands with; none for the whole.
    pub(super) node: Option<String>,
    /// What tells it from the others of its kind.
    pub(super) key: Vec<String>,
    /// What stands before it.
    pub(super) label: String,
    /// In time order, one after the other, from the start to the end.
    pub(super) spans: Vec<Stretch>,
}

/// From when to when it was the same.
#[derive(Serialize)]
pub(super) struct Stretch {
    #[serde(rename = "from_ns", serialize_with = "nanos::serialize")]
    from: Duration,
    #[serde(rename = "to_ns", serialize_with = "nanos::serialize")]
    to: Duration,
    text: String,
    tone: Tone,
}

/// How it is to be taken.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Tone {
    Good,
    Idle,
    Passing,
    Bad,
    Off,
}

/// What is the case at a moment.
pub(super) struct Moment<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) state: State,
    /// What each director thinks of each other.
    pub(super) peers: BTreeMap<(String, String), String>,
}

impl Moment<'_> {
    fn apply(&mut self, names: &Names<'_>, event: &Event) {
        self.state.apply(names, event);
        match event {
            Event::Peer { node, peer, state, .. } => {
                self.peers.insert((node.clone(), peer.clone()), state.clone());
            }
            Event::Statement { index, .. } => {
                let statement = self.scenario.timeline.get(*index);
                let action = statement.map(|statement| &statement.action);
                if let Some(Action::PowerOff { node } | Action::Kill { node }) = action {
                    self.peers.retain(|(at, _), _| at != node);
                }
            }
            _ => {}
        }
    }
}

pub(super) fn lanes(scenario: &Scenario, history: &History) -> Vec<Lane> {
    let names = Names::of(scenario);
    let subjects = subjects(scenario, history, &names);
    let mut found: Vec<(Subject, Lane)> =
        subjects.into_iter().map(|subject| (subject.clone(), subject.lane())).collect();
    let state = State::start(scenario);
    let mut moment = Moment { scenario, state, peers: BTreeMap::new() };
    note(&mut found, &moment, Duration::ZERO);
    for record in history.records() {
        if !matches!(record.event, Event::Connection { .. } | Event::Note { .. }) {
            moment.apply(&names, &record.event);
            note(&mut found, &moment, record.at);
        }
    }
    found.into_iter().filter_map(|(subject, lane)| finished(&subject, lane, history.end)).collect()
}

/// The lane up to the end, without what lasted no time; none where it has nothing to say.
fn finished(subject: &Subject, mut lane: Lane, end: Duration) -> Option<Lane> {
    if let Some(last) = lane.spans.last_mut() {
        last.to = end;
    }
    lane.spans.retain(|span| span.to > span.from);
    lane.spans.dedup_by(|next, span| {
        let is_same = span.text == next.text && span.tone == next.tone;
        if is_same {
            span.to = next.to;
        }
        is_same
    });
    let is_news = lane.spans.iter().any(|span| span.tone != Tone::Good);
    (is_news || !subject.only_when_troubled()).then_some(lane)
}

fn note(found: &mut [(Subject, Lane)], moment: &Moment<'_>, at: Duration) {
    for (subject, lane) in found {
        let (text, tone) = subject.now(moment);
        match lane.spans.last_mut() {
            Some(last) if last.text == text && last.tone == tone => continue,
            Some(last) => last.to = at,
            None => {}
        }
        lane.spans.push(Stretch { from: at, to: at, text, tone });
    }
}
