//! One ruling for each expectation.

use super::figures::{Connection, Outage, connections, outage};
use super::truth::{Truth, first_unexcused, suspended};
use super::words::joined;
use super::{Case, Judged, Ruling};
use crate::{
    Bound, Claim, Compare, Condition, Event, Except, Outcome, Quantity, Scenario, Trigger, Window,
    show_duration,
};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) fn expectations(case: &Case<'_>) -> Vec<Judged> {
    let rule = |claim: &Claim| match claim {
        Claim::Always { condition, except } => always(case, condition, except.as_ref()),
        Claim::Never { condition, except } => always(case, &opposite(condition), except.as_ref()),
        Claim::Eventually { condition } => eventually(case, condition),
        Claim::Sometimes { condition } => match eventually(case, condition) {
            Ruling::Violated { .. } => not_judged("not in this run; it must be in one of many"),
            reached => reached,
        },
        Claim::At { time, condition } => at(case, *time, condition),
        Claim::Within { limit, trigger, condition } => within(case, *limit, trigger, condition),
        Claim::Measure { quantity, compare, bound, window } => {
            measure(case, quantity, *compare, *bound, *window)
        }
        Claim::Pinned { client } => pinned(case, client),
        Claim::Returned { node, compare, packets } => returned(case, node, *compare, *packets),
    };
    let all = case.scenario.expectations.iter();
    all.map(|expectation| Judged {
        text: expectation.text.clone(),
        ruling: rule(&expectation.claim),
    })
    .collect()
}

/// What the expectations ask for, as it is looked up.
pub(super) fn conditions(scenario: &Scenario) -> impl Iterator<Item = Condition> + '_ {
    scenario.expectations.iter().filter_map(|expectation| match &expectation.claim {
        Claim::Always { condition, .. }
        | Claim::Eventually { condition }
        | Claim::Sometimes { condition }
        | Claim::At { condition, .. }
        | Claim::Within { condition, .. } => Some(condition.clone()),
        Claim::Never { condition, .. } => Some(opposite(condition)),
        Claim::Measure { .. } | Claim::Pinned { .. } | Claim::Returned { .. } => None,
    })
}

fn opposite(condition: &Condition) -> Condition {
    Condition::Not(Box::new(condition.clone()))
}

fn violated(case: &Case<'_>, at: Duration, condition: &Condition) -> Ruling {
    Ruling::Violated { at, facts: case.facts(condition, at) }
}

fn held(measured: impl Into<String>) -> Ruling {
    Ruling::Held { measured: measured.into() }
}

fn not_judged(reason: impl Into<String>) -> Ruling {
    Ruling::NotJudged { reason: reason.into() }
}

fn always(case: &Case<'_>, condition: &Condition, except: Option<&Except>) -> Ruling {
    let truth = Truth::of_condition(case, condition);
    let excused = suspended(case, except);
    let wrong = truth.stretches(false);
    if let Some(moment) = first_unexcused(&wrong, &excused) {
        return violated(case, moment, condition);
    }
    let excused: Duration =
        wrong.iter().map(|(from, to)| to.min(&case.history.end).saturating_sub(*from)).sum();
    let length = show_duration(case.history.end);
    match excused {
        Duration::ZERO => held(format!("for all of {length}")),
        excused => held(format!("but for {} that are excepted", show_duration(excused))),
    }
}

fn eventually(case: &Case<'_>, condition: &Condition) -> Ruling {
    match Truth::of_condition(case, condition).stretches(true).first() {
        Some((from, _)) => held(format!("first at {}", show_duration(*from))),
        None => violated(case, case.history.end, condition),
    }
}

fn at(case: &Case<'_>, time: Duration, condition: &Condition) -> Ruling {
    if time > case.history.end {
        return not_judged(format!("the run ended at {}", show_duration(case.history.end)));
    }
    match Truth::of_condition(case, condition).at(time) {
        (true, since) => held(format!("since {}", show_duration(since))),
        (false, _) => violated(case, time, condition),
    }
}

fn within(case: &Case<'_>, limit: Duration, trigger: &Trigger, condition: &Condition) -> Ruling {
    let (starts, text) = match trigger {
        Trigger::Start => (vec![Duration::ZERO], "start"),
        Trigger::Statements { text, indices } => (case.executed(indices), text.as_str()),
    };
    if starts.is_empty() {
        return not_judged(format!("`{text}` did not happen in this run"));
    }
    let truth = Truth::of_condition(case, condition);
    let end = case.history.end;
    let mut slowest = Duration::ZERO;
    for start in starts {
        let deadline = start + limit;
        let (answer, since) = truth.at(deadline.min(end));
        if !answer && deadline > end {
            return not_judged(format!("the run ended at {}, too early", show_duration(end)));
        }
        if !answer {
            return violated(case, deadline, condition);
        }
        slowest = slowest.max(since.saturating_sub(start));
    }
    held(format!("after {}", show_duration(slowest)))
}

fn measure(
    case: &Case<'_>,
    quantity: &Quantity,
    compare: Compare,
    bound: Bound,
    window: Option<Window>,
) -> Ruling {
    let client = match quantity {
        Quantity::Outage { client }
        | Quantity::Broken { client }
        | Quantity::Failed { client }
        | Quantity::Wrong { client }
        | Quantity::Served { client, .. } => client,
    };
    let end = window.map_or(case.history.end, |window| window.to).min(case.history.end);
    if window.is_some_and(|window| window.from >= case.history.end) {
        return not_judged(format!("the run ended at {}", show_duration(case.history.end)));
    }
    let seen = connections(case.history, client, window);
    if seen.is_empty() {
        let facts = format!("no connection of {client} started in that time: nothing shows it");
        return Ruling::Violated { at: end, facts };
    }
    match (quantity, bound) {
        (Quantity::Outage { .. }, Bound::Time(bound)) => {
            let outage = outage(&seen, end);
            let Outage { from, length, connections } = outage;
            if compare.holds(&length, &bound) {
                return held(show_duration(length));
            }
            let facts = match length {
                Duration::ZERO => "no outage at all".to_owned(),
                length => format!(
                    "an outage of {} from {}; connections not served in time: {connections}",
                    show_duration(length),
                    show_duration(from)
                ),
            };
            Ruling::Violated { at: from, facts }
        }
        (_, bound) => count(&seen, quantity, compare, bound, end),
    }
}

fn count(
    seen: &[Connection<'_>],
    quantity: &Quantity,
    compare: Compare,
    bound: Bound,
    end: Duration,
) -> Ruling {
    let counts = |connection: &&Connection<'_>| match quantity {
        Quantity::Broken { .. } => connection.is_broken(),
        Quantity::Wrong { .. } => connection.outcome == Outcome::Wrong,
        Quantity::Served { server: None, .. } => connection.outcome == Outcome::Served,
        Quantity::Served { server: Some(server), .. } => {
            connection.outcome == Outcome::Served && connection.servers.contains(server)
        }
        Quantity::Failed { .. } | Quantity::Outage { .. } => connection.outcome != Outcome::Served,
    };
    let found: Vec<&Connection<'_>> = seen.iter().filter(counts).collect();
    let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
    // The grammar gives only outages a time as bound.
    let bound = match bound {
        Bound::Count(bound) => bound,
        Bound::Time(_) => 0,
    };
    let measured = format!("{total} of {} connections", seen.len());
    if compare.holds(&total, &bound) {
        return held(measured);
    }
    let Some(first) = found.first() else {
        return Ruling::Violated { at: end, facts: measured };
    };
    let facts =
        format!("{measured}: {}; the first at {}", kinds(&found), show_duration(first.start));
    Ruling::Violated { at: first.start, facts }
}

/// `3 no-answer, 2 reset by s1`.
fn kinds(connections: &[&Connection<'_>]) -> String {
    let mut kinds: BTreeMap<(Outcome, String), u64> = BTreeMap::new();
    for connection in connections {
        let servers = match connection.servers {
            [] => String::new(),
            servers => format!(" by {}", joined(servers.iter().map(String::as_str))),
        };
        *kinds.entry((connection.outcome, servers)).or_default() += 1;
    }
    let words = kinds.iter().map(|((outcome, by), count)| format!("{count} {outcome}{by}"));
    words.collect::<Vec<_>>().join(", ")
}

fn pinned(case: &Case<'_>, client: &str) -> Ruling {
    let seen = connections(case.history, client, None);
    if seen.is_empty() {
        let facts = format!("no connection of {client} started: nothing shows it");
        return Ruling::Violated { at: case.history.end, facts };
    }
    match seen.iter().find(|connection| connection.servers.len() > 1) {
        None => held(format!("{} connections", seen.len())),
        Some(torn) => {
            let servers = joined(torn.servers.iter().map(String::as_str));
            let start = show_duration(torn.start);
            let facts = format!("the connection from {start} was answered by {servers}");
            Ruling::Violated { at: torn.end, facts }
        }
    }
}

fn returned(case: &Case<'_>, director: &str, compare: Compare, bound: u64) -> Ruling {
    let told = case.history.records().iter().rev().find_map(|record| match &record.event {
        Event::Returned { node, packets } if node == director => Some(*packets),
        _ => None,
    });
    let Some(packets) = told else {
        return not_judged(format!("nobody counted packets on {director} until the end"));
    };
    let measured = format!("{packets} packets");
    match compare.holds(&packets, &bound) {
        true => held(measured),
        false => Ruling::Violated { at: case.history.end, facts: measured },
    }
}
