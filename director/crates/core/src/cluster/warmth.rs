//! Whether a node that comes first knows the connections of the owner: before that it must not take
//! the addresses back, or it would break them.

use super::{Cluster, Out};
use crate::report::Report;
use crate::time::Instant;
use core::time::Duration;

/// How far this node knows the connections that others have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Warmth {
    /// Connections are not synchronised: waiting would not bring them.
    Needless,
    /// Nobody takes in what is told of them.
    Deaf,
    /// They are taken in.
    Listening {
        /// Since when.
        since: Instant,
        /// After how long all that are in use are known.
        enough: Duration,
    },
}

impl Warmth {
    /// When the owner's connections are known that has been there since `owned`; `None` for not in
    /// sight.
    pub(super) fn complete_at(self, owned: Instant) -> Option<Instant> {
        match self {
            Self::Needless => Some(owned),
            Self::Deaf => None,
            Self::Listening { since, enough } => Some(owned.max(since) + enough),
        }
    }
}

impl Cluster {
    /// Tells that a failback waits for connections, when it was not to come at `before` already.
    pub(super) fn tell_warming(
        &self,
        index: usize,
        before: Option<Instant>,
        now: Instant,
        out: &mut Out,
    ) {
        let group = &self.groups[index];
        let listens = matches!(self.warmth, Warmth::Listening { .. });
        if let Some(at) = group.failback_at().filter(|at| listens && Some(*at) != before) {
            let wait_ms = u64::try_from(at.since(now).as_millis()).unwrap_or(u64::MAX);
            out.reports.push_back(Report::Warming { group: group.name.clone(), wait_ms });
        }
    }
}
