//! Orders for real servers that stand until they are withdrawn: drain, maintenance, weight.
//!
//! Every director of a cluster keeps them, so that a takeover or a restart of one does not forget
//! what was ordered:
//!
//! * They are told in heartbeats, a few at a time, the newest first. For each server the order with
//!   the higher version stands; of two with the same version the greater one, so that all agree.
//! * A withdrawn order is remembered too: an older one that is still told must not come back.
//! * They survive a reload for as long as the configuration has the server in the service, and a
//!   restart for as long as another director lives that knows them.
//! * A deadline is told as a length and counts on each director from when it heard of it.

mod subject;
#[cfg(test)]
mod tests;

pub use subject::{Subject, SubjectError};

use crate::config::{Config, Weight};
use crate::name::ServiceName;
use crate::order::{Author, Order, Refusal};
use crate::time::Instant;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

/// A real server in a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Seat {
    /// The service.
    pub service: ServiceName,
    /// The server.
    pub server: SocketAddr,
}

/// What a server is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", tag = "duty"))]
pub enum Duty {
    /// To serve.
    #[default]
    Serve,
    /// To end the connections that it has.
    Drain {
        /// When it leaves the table, counted from when this was heard of.
        #[cfg_attr(
            feature = "serde",
            serde(rename = "deadline_ms", default, with = "crate::millis")
        )]
        deadline: Option<Duration>,
    },
    /// For nothing: somebody works on it.
    Maintenance,
}

impl fmt::Display for Duty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serve => write!(formatter, "serves"),
            Self::Drain { deadline: None } => write!(formatter, "drains"),
            Self::Drain { deadline: Some(deadline) } => {
                write!(formatter, "drains for at most {} s", deadline.as_secs())
            }
            Self::Maintenance => write!(formatter, "is in maintenance"),
        }
    }
}

/// What stands for a server, in the order in which one of two prevails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Standing {
    /// Grows with every order that its author knows of.
    pub version: u64,
    /// What it is there for.
    pub duty: Duty,
    /// Its weight, when it is not the configuration's.
    pub weight: Option<Weight>,
}

/// What a director tells its peers of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Entry {
    /// Which.
    pub seat: Seat,
    /// What stands for it.
    pub standing: Standing,
}

/// An order that stands here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) standing: Standing,
    pub(crate) since: Instant,
    pub(crate) by: Author,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct StandingOrders {
    entries: BTreeMap<Seat, Kept>,
    /// The highest version that was heard of.
    version: u64,
    /// Servers for which this node has a maintenance file.
    files: BTreeSet<Subject>,
}

impl StandingOrders {
    /// What stands for a server.
    pub(crate) fn of(&self, seat: &Seat) -> Option<&Kept> {
        self.entries.get(seat)
    }

    /// Whether a maintenance file names it.
    pub(crate) fn has_file(&self, seat: &Seat) -> bool {
        self.files.iter().any(|subject| subject.names(&seat.service, seat.server))
    }

    /// What a server is there for, by order or by file.
    pub(crate) fn duty(&self, seat: &Seat) -> Duty {
        let ordered = self.of(seat).map_or(Duty::Serve, |kept| kept.standing.duty);
        if self.has_file(seat) { Duty::Maintenance } else { ordered }
    }

    /// Uses the maintenance files that there are now. Returns whether they differ from before.
    pub(crate) fn set_files(&mut self, files: BTreeSet<Subject>) -> bool {
        core::mem::replace(&mut self.files, files.clone()) != files
    }

    /// What an order means for the servers that it names: only what differs from what stands.
    ///
    /// # Errors
    /// When it names none, or is not for servers.
    pub(crate) fn changes(&self, order: &Order, config: &Config) -> Result<Vec<Entry>, Refusal> {
        let (Order::Drain { server, .. }
        | Order::Undrain { server }
        | Order::Maintenance { server, .. }
        | Order::Weight { server, .. }) = order
        else {
            return Ok(Vec::new());
        };
        let seats: Vec<Seat> = server.seats(config).collect();
        if seats.is_empty() {
            return Err(Refusal::NoServer { server: server.clone() });
        }
        let change = |seat: Seat| {
            let before = self.of(&seat).map(|kept| kept.standing).unwrap_or_default();
            let after = changed(before, order);
            (after != before).then_some(Entry {
                seat,
                standing: Standing { version: self.version.saturating_add(1), ..after },
            })
        };
        Ok(seats.into_iter().filter_map(change).collect())
    }

    /// Lets `entry` stand when it prevails. Returns whether it does.
    pub(crate) fn take(&mut self, entry: &Entry, by: Author, now: Instant) -> bool {
        self.version = self.version.max(entry.standing.version);
        let before = self.of(&entry.seat);
        if before.is_some_and(|kept| kept.standing >= entry.standing) {
            return false;
        }
        let same = before.is_some_and(|kept| kept.standing.duty == entry.standing.duty);
        // A drain whose weight changes does not begin anew.
        let since = before.filter(|_| same).map_or(now, |kept| kept.since);
        let kept = Kept { standing: entry.standing, since, by };
        self.entries.insert(entry.seat.clone(), kept);
        true
    }

    /// Forgets what is for servers that are not configured.
    pub(crate) fn retain(&mut self, config: &Config) {
        self.entries.retain(|seat, _| seat.is_in(config));
    }

    /// What is to be told, the newest first.
    pub(crate) fn told(&self) -> Vec<Entry> {
        let entry =
            |(seat, kept): (&Seat, &Kept)| Entry { seat: seat.clone(), standing: kept.standing };
        let mut entries: Vec<Entry> = self.entries.iter().map(entry).collect();
        entries.sort_by_key(|entry| Reverse(entry.standing.version));
        entries
    }
}

impl Seat {
    pub(crate) fn is_in(&self, config: &Config) -> bool {
        let service = config.services.get(&self.service);
        service.is_some_and(|service| service.servers.contains_key(&self.server))
    }
}

fn changed(before: Standing, order: &Order) -> Standing {
    let to = |duty| Standing { duty, ..before };
    match order {
        Order::Drain { deadline, .. } => to(Duty::Drain { deadline: *deadline }),
        Order::Maintenance { on: true, .. } => to(Duty::Maintenance),
        Order::Undrain { .. } if matches!(before.duty, Duty::Drain { .. }) => to(Duty::Serve),
        Order::Maintenance { on: false, .. } if before.duty == Duty::Maintenance => to(Duty::Serve),
        Order::Weight { weight, .. } => Standing { weight: *weight, ..before },
        _ => before,
    }
}
