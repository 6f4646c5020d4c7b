//! A client's connections, packed: one list for each column.

use crate::history::nanos;
use crate::judge::{Disturbance, disturbances};
use crate::{Event, History, Outcome};
use serde::Serialize;
use std::time::Duration;

/// Times are whole microseconds; each start is counted from the one before it.
#[derive(Serialize)]
pub(super) struct Flows {
    starts_us: Vec<u64>,
    took_us: Vec<u64>,
    /// Places in `outcomes`.
    ends: Vec<usize>,
    outcomes: Vec<String>,
    /// Places in `servers`.
    by: Vec<usize>,
    /// Who answered, `s1+s2` where more than one did; the first is nobody.
    servers: Vec<String>,
    outages: Vec<Outage>,
}

#[derive(Serialize)]
struct Outage {
    #[serde(rename = "from_ns", serialize_with = "nanos::serialize")]
    from: Duration,
    #[serde(rename = "to_ns", serialize_with = "nanos::serialize")]
    to: Duration,
    connections: u64,
    bad: u64,
    #[serde(rename = "longest_ns", serialize_with = "nanos::serialize")]
    longest: Duration,
}

pub(super) fn flows(history: &History, client: &str) -> Flows {
    let records = history.records().iter();
    let mut found: Vec<(Duration, Duration, Outcome, String)> = records
        .filter_map(|record| match &record.event {
            Event::Connection { client: name, start, servers, outcome, .. } if name == client => {
                Some((*start, record.at, *outcome, servers.join("+")))
            }
            _ => None,
        })
        .collect();
    found.sort_by_key(|(start, ..)| *start);
    let outages = disturbances(history, client).into_iter().map(outage).collect();
    let mut flows = Flows {
        starts_us: Vec::new(),
        took_us: Vec::new(),
        ends: Vec::new(),
        outcomes: Vec::new(),
        by: Vec::new(),
        servers: vec![String::new()],
        outages,
    };
    let mut before = 0;
    for (start, end, outcome, servers) in found {
        let at = micros(start);
        flows.starts_us.push(at.saturating_sub(before));
        before = at;
        flows.took_us.push(micros(end.saturating_sub(start)));
        flows.ends.push(numbered(&mut flows.outcomes, outcome.to_string()));
        flows.by.push(numbered(&mut flows.servers, servers));
    }
    flows
}

fn outage(disturbance: Disturbance) -> Outage {
    let Disturbance { from, to, connections, bad, outage } = disturbance;
    Outage { from, to, connections, bad, longest: outage }
}

fn numbered(known: &mut Vec<String>, word: String) -> usize {
    known.iter().position(|known| *known == word).unwrap_or_else(|| {
        known.push(word);
        known.len() - 1
    })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
