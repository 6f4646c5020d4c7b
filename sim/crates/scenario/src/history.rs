//! What a runner writes down while a scenario runs.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// Everything the judge and the reports know about one run.
///
/// As JSON: `{"engine":"world","seed":1,"end_ns":60000000000,"records":[{"at_ns":0,"kind":…}]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The engine's word, with detail where it matters: `world`, `timetravel`.
    pub engine: String,
    /// The seed that the times were drawn from.
    pub seed: u64,
    /// How long the run lasted; nothing is known about later moments.
    #[serde(rename = "end_ns", with = "nanos")]
    pub end: Duration,
    records: Vec<Record>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When, counted from the scenario's start.
    #[serde(rename = "at_ns", with = "nanos")]
    pub at: Duration,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen. Nodes are named as in the scenario; roles and states are the director's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// A client's connection ended; the record's time is its end.
    Connection {
        /// The client's name in the scenario.
        client: String,
        /// When its first packet was sent.
        #[serde(rename = "start_ns", with = "nanos")]
        start: Duration,
        /// The nodes that answered on it, in order, each once; more than one is a broken pin.
        servers: Vec<String>,
        /// How it ended.
        outcome: Outcome,
        /// Of its length, what is not the longest wait for an answer: of one that was held.
        #[serde(rename = "held_ns", with = "nanos", default, skip_serializing_if = "is_zero")]
        held: Duration,
    },
    /// A director holds a virtual address from now on, or no longer.
    ///
    /// A power loss takes every address away without such a record.
    Address {
        /// The director.
        node: String,
        /// The virtual address.
        address: IpAddr,
        /// True from now on, or false.
        held: bool,
    },
    /// An observer's neighbour entry for a virtual address changed.
    Neighbour {
        /// Whose table.
        observer: String,
        /// The virtual address.
        address: IpAddr,
        /// The node whose hardware address it has now; none when the entry is gone or incomplete.
        owner: Option<String>,
    },
    /// A destination in a director's IPVS table came, went, or has another weight.
    Table {
        /// The director.
        node: String,
        /// Name of the virtual service, or `10.0.0.100:80`.
        service: String,
        /// Node name, address, or `address:port` of the destination.
        server: String,
        /// Its weight now; none when it is gone.
        weight: Option<u32>,
        /// Whether it is there as the fallback.
        fallback: bool,
    },
    /// A director's role in a group changed.
    Role {
        /// The director.
        node: String,
        /// The group.
        group: String,
        /// The new role, as the director prints it: `active`, `standby`.
        role: String,
        /// Its reason.
        why: String,
    },
    /// A director's opinion of a real server changed.
    Server {
        /// The director.
        node: String,
        /// The virtual service.
        service: String,
        /// Node name, address, or `address:port` of the real server.
        server: String,
        /// The new state, as the director prints it: `up`, `down`.
        state: String,
        /// Its reason.
        why: String,
    },
    /// A director's fallback serves now, or no longer.
    Fallback {
        /// The director.
        node: String,
        /// The virtual service.
        service: String,
        /// Whether it serves.
        serving: bool,
    },
    /// A director's opinion of another director changed.
    Peer {
        /// The director.
        node: String,
        /// The other.
        peer: String,
        /// The new state, as the director prints it: `alive`, `dead`.
        state: String,
        /// Its reason.
        why: String,
    },
    /// How many packets came to a director on their way from a real server to a client, in the
    /// whole run; told at its end.
    Returned {
        /// The director.
        node: String,
        /// How many.
        packets: u64,
    },
    /// What a director sent on its own account in the whole run, in packets; told at its end.
    ///
    /// What it passes on for clients is not among them.
    Sent {
        /// The director.
        node: String,
        /// To other directors, whether to one or to all.
        peers: u64,
        /// To real servers: checks.
        servers: u64,
        /// To anybody else, with announcements and questions for hardware addresses.
        others: u64,
    },
    /// How long the processors worked for a director's processes in the whole run; told at its
    /// end, where computing takes time.
    Computed {
        /// The director.
        node: String,
        /// Time of user and kernel together.
        #[serde(rename = "time_ns", with = "nanos")]
        time: Duration,
    },
    /// A statement of the timeline took effect.
    Statement {
        /// Its place in [`crate::Scenario::timeline`].
        index: usize,
        /// What it did, as [`crate::Action`] prints it.
        text: String,
    },
    /// Something for the reader only.
    Note {
        /// The node that it is about.
        node: Option<String>,
        /// The sentence.
        text: String,
    },
}

/// How a client's connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Status 200 and the body that the answering node's `serve` declares, complete.
    Served,
    /// An answer, but not that one.
    Wrong,
    /// RST to the SYN.
    Refused,
    /// The network said that the target cannot be reached.
    Unreachable,
    /// No handshake until the client gave up.
    NoAnswer,
    /// RST or an early end after the handshake.
    Reset,
    /// The handshake, and then no complete answer until the client gave up.
    Stalled,
}

/// The word in JSON and in reports.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Served => "served",
            Self::Wrong => "wrong",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::NoAnswer => "no-answer",
            Self::Reset => "reset",
            Self::Stalled => "stalled",
        })
    }
}

impl History {
    /// An empty history.
    pub fn new(engine: &str, seed: u64, end: Duration) -> Self {
        Self { engine: engine.to_owned(), seed, end, records: Vec::new() }
    }

    /// Adds a record behind all that are not later, so that the records are always in time order.
    pub fn push(&mut self, at: Duration, event: Event) {
        let place =
            self.records.iter().rposition(|record| record.at <= at).map_or(0, |last| last + 1);
        self.records.insert(place, Record { at, event });
    }

    /// The records in time order.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// As one line of JSON.
    ///
    /// # Errors
    /// None in practice: every field has a JSON form.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// From what [`Self::to_json`] wrote; records are put into time order.
    ///
    /// # Errors
    /// The text is not JSON or not a history; the error has line and column.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let mut history: Self = serde_json::from_str(text)?;
        history.records.sort_by_key(|record| record.at);
        Ok(history)
    }
}

fn is_zero(length: &Duration) -> bool {
    length.is_zero()
}

pub(crate) mod nanos {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(crate) fn serialize<S: Serializer>(
        value: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_survives_json() {
        let word = || "word".to_owned();
        let (node, address) = (word(), [10, 0, 0, 100].into());
        let events = [
            Event::Connection {
                client: word(),
                start: Duration::from_nanos(u64::MAX),
                servers: vec![word()],
                outcome: Outcome::NoAnswer,
                held: Duration::from_nanos(1),
            },
            Event::Address { node: word(), address, held: true },
            Event::Neighbour { observer: word(), address, owner: None },
            Event::Table {
                node: word(),
                service: word(),
                server: word(),
                weight: Some(0),
                fallback: true,
            },
            Event::Role { node: word(), group: word(), role: word(), why: word() },
            Event::Server {
                node: word(),
                service: word(),
                server: word(),
                state: word(),
                why: word(),
            },
            Event::Fallback { node: word(), service: word(), serving: true },
            Event::Peer { node: word(), peer: word(), state: word(), why: word() },
            Event::Returned { node: word(), packets: 3 },
            Event::Sent { node: word(), peers: 1, servers: 2, others: 3 },
            Event::Computed { node: word(), time: Duration::from_micros(7) },
            Event::Statement { index: 3, text: word() },
            Event::Note { node: Some(node), text: "\"é\n".to_owned() },
        ];
        let mut history = History::new("timetravel", u64::MAX, Duration::from_secs(9));
        for event in events {
            history.push(Duration::from_nanos(1), event);
        }
        assert_eq!(History::from_json(&history.to_json().unwrap()).unwrap(), history);
        assert!(History::from_json("{}").is_err());
    }

    #[test]
    fn records_are_kept_in_time_order_and_survive_json() {
        let mut history = History::new("world", 7, Duration::from_secs(1));
        let note = |text: &str| Event::Note { node: None, text: text.to_owned() };
        history.push(Duration::from_millis(5), note("b"));
        history.push(Duration::from_millis(1), note("a"));
        history.push(Duration::from_millis(5), note("c"));
        let texts: Vec<_> = history.records().iter().map(|record| &record.event).collect();
        assert_eq!(texts, [&note("a"), &note("b"), &note("c")]);
        let json = history.to_json().unwrap();
        assert!(json.contains(r#"{"at_ns":1000000,"kind":"note","node":null,"text":"a"}"#));
        assert_eq!(History::from_json(&json).unwrap(), history);
    }
}
