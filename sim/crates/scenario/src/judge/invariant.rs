//! What must be true of every run, whatever its scenario expects.

use super::figures::connections;
use super::truth::{Truth, first_unexcused};
use super::{Case, Judged, Ruling};
use crate::{Action, Client, Compare, Condition, Mood, show_duration};
use std::net::IpAddr;
use std::time::Duration;

/// How long after a heal two directors may still hold an address: they must hear each other, and
/// one of them must release it.
const SETTLE: Duration = Duration::from_secs(2);

/// Between two comparisons of a director with its kernel when its configuration does not say.
const RESYNC: Duration = Duration::from_secs(10);

/// A client that starts nothing for this long is not measuring.
const STARVED: Duration = Duration::from_secs(1);

pub(super) fn all(case: &Case<'_>) -> Vec<Judged> {
    let addresses = case.names.facts().addresses.iter();
    let owners = addresses.map(|address| single_owner(case, *address));
    let load = case.scenario.clients.iter().map(|client| steady_load(case, client));
    owners.chain(load).collect()
}

/// What is asked for whatever the scenario.
pub(super) fn conditions<'c>(case: &'c Case<'_>) -> impl Iterator<Item = Condition> + 'c {
    case.names.facts().addresses.iter().map(|address| one_owner(*address))
}

fn one_owner(address: IpAddr) -> Condition {
    Condition::Owners { address, compare: Compare::AtMost, count: 1 }
}

/// Two directors may hold an address only while something keeps them from knowing of each other or
/// from acting on it, while a killed director's kernel still holds it, and shortly after; or
/// shortly after somebody else has put it there: when the kernel does not tell of it, until the
/// director compares.
fn single_owner(case: &Case<'_>, address: IpAddr) -> Judged {
    let text = format!("{address} has one owner at most, unless a fault keeps directors apart");
    let condition = one_owner(address);
    let disturbed = Truth::of(case, |state| !state.faults().is_empty() || state.has_orphan());
    let tampered = case.scenario.timeline.iter().enumerate().filter_map(|(index, statement)| {
        let Action::Tamper { node, .. } = &statement.action else { return None };
        let at = *case.executed(&[index]).first()?;
        let (mute, _) = Truth::of(case, |state| state.faults().mood(node) == Mood::Mute).at(at);
        let told = if mute { case.names.facts().resync.unwrap_or(RESYNC) } else { Duration::ZERO };
        Some((at, at + told))
    });
    let disturbed = disturbed.stretches(true).into_iter().chain(tampered);
    let mut excused: Vec<_> = disturbed.map(|(from, to)| (from, to + SETTLE)).collect();
    excused.sort_unstable();
    let wrong = Truth::of_condition(case, &condition).stretches(false);
    let ruling = match first_unexcused(&wrong, &excused) {
        Some(at) => Ruling::Violated { at, facts: case.facts(&condition, at) },
        None => Ruling::Held { measured: "no second owner".to_owned() },
    };
    Judged { text, ruling }
}

/// A client that stopped, or was held up, shows no outage: such a run's figures are worth nothing.
fn steady_load(case: &Case<'_>, client: &Client) -> Judged {
    let Client { name, start, timeout, new, from, .. } = client;
    let limit = STARVED.max(new.interval() * 5);
    let text = format!("{name} opens a connection at least every {}", show_duration(limit));
    let is_down = |action: &Action| match action {
        Action::PowerOff { node } | Action::Pause { node } => node == from,
        _ => false,
    };
    if case.scenario.timeline.iter().any(|statement| is_down(&statement.action)) {
        let reason = format!("{from}, on which it runs, loses power or stands still");
        return Judged { text, ruling: Ruling::NotJudged { reason } };
    }
    // A connection is recorded when it ends, which the last ones do not before the run does.
    let last = case.history.end.saturating_sub(*timeout).max(*start);
    let seen = connections(case.history, name, None);
    let mut previous = *start;
    let mut widest = (Duration::ZERO, *start);
    for moment in seen.iter().map(|connection| connection.start).chain([last]) {
        widest = widest.max((moment.saturating_sub(previous), previous));
        previous = previous.max(moment);
    }
    let (gap, at) = widest;
    let ruling = if gap <= limit {
        Ruling::Held { measured: format!("widest gap {}", show_duration(gap)) }
    } else {
        let facts = format!("no connection for {} from {}", show_duration(gap), show_duration(at));
        Ruling::Violated { at, facts }
    };
    Judged { text, ruling }
}
