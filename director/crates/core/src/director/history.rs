//! What was told of each thing, kept for those who ask why it is as it is.

use crate::name::{GroupName, NodeName, ServiceName};
use crate::report::{Level, Report};
use crate::time::Instant;
use alloc::collections::{BTreeMap, VecDeque};
use core::net::{IpAddr, SocketAddr};

/// Reports that are kept of one thing.
const KEPT: usize = 16;
/// Things of which something is kept; more than a configuration is likely to have.
const TOPICS: usize = 131_072;

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    /// This director and its kernel.
    Node,
    Group(GroupName),
    Peer(NodeName),
    Service(ServiceName),
    Server(ServiceName, SocketAddr),
    Address(IpAddr),
}

/// The last reports of each topic.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    topics: BTreeMap<Topic, VecDeque<(Instant, Report)>>,
}

impl History {
    /// Keeps a report that is being told.
    pub(super) fn note(&mut self, report: &Report, at: Instant) {
        // Single steps in the kernel are the consequence of what is kept already.
        if report.level() == Level::Debug {
            return;
        }
        let topic = topic(report);
        if self.topics.len() >= TOPICS && !self.topics.contains_key(&topic) {
            return;
        }
        let kept = self.topics.entry(topic).or_default();
        // Failures without a consequence must not drive out what changed the state.
        if let (Some((_, Report::CheckFailed { .. })), Report::CheckFailed { .. }) =
            (kept.back(), report)
        {
            kept.pop_back();
        }
        if kept.len() == KEPT {
            kept.pop_front();
        }
        if kept.len() == kept.capacity() {
            // Of most servers there is one thing to tell: growing by itself would take room for
            // more.
            kept.reserve_exact(1);
        }
        kept.push_back((at, report.clone()));
    }

    /// What was told of a topic, oldest first.
    pub(super) fn of(&self, topic: &Topic) -> impl Iterator<Item = &(Instant, Report)> {
        self.topics.get(topic).into_iter().flatten()
    }
}

fn topic(report: &Report) -> Topic {
    match report {
        Report::Role { group, .. }
        | Report::TwoOwners { group, .. }
        | Report::Announcing { group, .. }
        | Report::Resting { group, .. } => Topic::Group(group.clone()),
        Report::Peer { peer, .. }
        | Report::Link { peer, .. }
        | Report::ConfigDiffers { peer, .. }
        | Report::Version { peer, .. }
        | Report::HeldBack { peer } => Topic::Peer(peer.clone()),
        Report::Server { service, server, .. }
        | Report::CheckFailed { service, server, .. }
        | Report::Ordered { service, server, .. }
        | Report::Advised { service, server, .. }
        | Report::Certificate { service, server, .. }
        | Report::Suspected { service, server, .. }
        | Report::Flapping { service, server, .. } => Topic::Server(service.clone(), *server),
        Report::Fallback { service, .. }
        | Report::Unserved { service, .. }
        | Report::Quorum { service, .. }
        | Report::Panic { service, .. } => Topic::Service(service.clone()),
        Report::Address { address, .. } => Topic::Address(address.address),
        _ => Topic::Node,
    }
}
