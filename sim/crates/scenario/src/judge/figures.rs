//! What clients saw.

use crate::history::nanos;
use crate::{Event, History, Outcome, Scenario, Window};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// A connection that was served counts as disturbed when it took longer than this.
///
/// Linux repeats a SYN after 1 s (RFC 6298 §2.1): a connection that was opened during an outage
/// may be served by the repetition, and still shows that its first packet was lost. Undisturbed
/// ones take a few milliseconds on every engine.
pub const LATE: Duration = Duration::from_millis(500);

/// What one client saw in the whole run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientFigures {
    /// The client's name.
    pub client: String,
    /// Connections that ended.
    pub connections: u64,
    /// How many ended in which way.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// How many each node answered rightly.
    pub served: BTreeMap<String, u64>,
    /// The longest outage.
    #[serde(rename = "outage_ns", serialize_with = "nanos::serialize")]
    pub outage: Duration,
}

/// One connection of a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection<'a> {
    pub(super) start: Duration,
    pub(super) end: Duration,
    pub(super) servers: &'a [String],
    pub(super) outcome: Outcome,
    pub(super) held: Duration,
}

impl Connection<'_> {
    fn is_good(&self) -> bool {
        self.outcome == Outcome::Served && self.end.saturating_sub(self.start + self.held) <= LATE
    }

    pub(super) fn is_broken(&self) -> bool {
        matches!(self.outcome, Outcome::Reset | Outcome::Stalled)
    }
}

/// A stretch in which no connection that started was served in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Outage {
    pub(super) from: Duration,
    pub(super) length: Duration,
    pub(super) connections: u64,
}

/// A client's connections that start in the window, in the order of their starts.
pub(super) fn connections<'a>(
    history: &'a History,
    name: &str,
    window: Option<Window>,
) -> Vec<Connection<'a>> {
    let records = history.records().iter();
    let mut found: Vec<Connection<'a>> = records
        .filter_map(|record| match &record.event {
            Event::Connection { client, start, servers, outcome, held } if client == name => {
                let (start, outcome, held) = (*start, *outcome, *held);
                Some(Connection { start, end: record.at, servers, outcome, held })
            }
            _ => None,
        })
        .filter(|connection| {
            window.is_none_or(|window| (window.from..window.to).contains(&connection.start))
        })
        .collect();
    found.sort_by_key(|connection| connection.start);
    found
}

/// The longest outage; the earliest of equal ones. One that does not end lasts until `end`.
pub(super) fn outage(connections: &[Connection<'_>], end: Duration) -> Outage {
    let mut longest = Outage::default();
    let mut current: Option<(Duration, u64)> = None;
    let mut close = |from: Duration, connections: u64, to: Duration| {
        let length = to.saturating_sub(from);
        if length > longest.length {
            longest = Outage { from, length, connections };
        }
    };
    for connection in connections {
        match (connection.is_good(), current) {
            (true, None) => {}
            (true, Some((from, count))) => {
                close(from, count, connection.start);
                current = None;
            }
            (false, None) => current = Some((connection.start, 1)),
            (false, Some((from, count))) => current = Some((from, count + 1)),
        }
    }
    if let Some((from, count)) = current {
        close(from, count, end);
    }
    longest
}

/// A time in which connections fail again and again, with good ones in between or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disturbance {
    /// When its first bad connection started.
    pub(crate) from: Duration,
    /// When the first good connection after its last bad one started, or the end.
    pub(crate) to: Duration,
    /// Connections that started in it.
    pub(crate) connections: u64,
    /// Those of them that were not served in time.
    pub(crate) bad: u64,
    /// The longest outage in it.
    pub(crate) outage: Duration,
}

/// Bad connections closer together than this belong to one disturbance.
const CALM: Duration = Duration::from_secs(1);

/// The disturbances of a client, in time order.
pub(crate) fn disturbances(history: &History, client: &str) -> Vec<Disturbance> {
    let seen = connections(history, client, None);
    let mut found = Vec::new();
    let mut bad: Vec<Duration> =
        seen.iter().filter(|seen| !seen.is_good()).map(|seen| seen.start).collect();
    while let Some(from) = bad.first().copied() {
        let far = bad.windows(2).position(|pair| pair[1].saturating_sub(pair[0]) > CALM);
        let rest = bad.split_off(far.map_or(bad.len(), |place| place + 1));
        let last = bad.last().copied().unwrap_or(from);
        let next = seen.iter().find(|seen| seen.start > last && seen.is_good());
        let to = next.map_or(history.end, |next| next.start);
        let within: Vec<Connection<'_>> =
            seen.iter().filter(|seen| (from..to).contains(&seen.start)).copied().collect();
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        found.push(Disturbance {
            from,
            to,
            connections: count(within.len()),
            bad: count(bad.len()),
            outage: outage(&within, to).length,
        });
        bad = rest;
    }
    found
}

pub(super) fn of(scenario: &Scenario, history: &History) -> Vec<ClientFigures> {
    let figures = |name: &str| {
        let connections = connections(history, name, None);
        let (mut outcomes, mut served) = (BTreeMap::new(), BTreeMap::new());
        for connection in &connections {
            *outcomes.entry(connection.outcome).or_default() += 1;
            if connection.outcome == Outcome::Served {
                for server in connection.servers {
                    *served.entry(server.clone()).or_default() += 1;
                }
            }
        }
        ClientFigures {
            client: name.to_owned(),
            connections: u64::try_from(connections.len()).unwrap_or(u64::MAX),
            outcomes,
            served,
            outage: outage(&connections, history.end).length,
        }
    };
    scenario.clients.iter().map(|client| figures(&client.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Each connection starts a second after the one before it.
        #[test]
        fn the_longest_outage_is_the_longest_run_of_bad_ones(
            good in proptest::collection::vec(proptest::bool::ANY, 1..60),
        ) {
            let at = |second: usize| Duration::from_secs(u64::try_from(second).unwrap());
            let all: Vec<Connection<'_>> = good
                .iter()
                .enumerate()
                .map(|(second, good)| Connection {
                    start: at(second),
                    end: at(second) + if *good { LATE } else { LATE * 2 },
                    servers: &[],
                    outcome: Outcome::Served,
                    held: Duration::ZERO,
                })
                .collect();
            let found = outage(&all, at(good.len()));
            let runs: Vec<usize> = good.split(|good| *good).map(<[bool]>::len).collect();
            let longest = runs.iter().copied().max().unwrap_or(0);
            prop_assert_eq!(found.length, at(longest));
            prop_assert_eq!(found.connections, u64::try_from(longest).unwrap());
            if longest > 0 {
                let from = usize::try_from(found.from.as_secs()).unwrap();
                prop_assert!(good[from..from + longest].iter().all(|good| !good));
            }
        }
    }
}
