//! What peers have that is not ours: another configuration, another release.

use super::{Cluster, Out};
use crate::report::Report;
use crate::wire::heartbeat::VERSION;

impl Cluster {
    /// Tells when a peer's configuration, or its version of the protocol, begins or ceases to
    /// differ from ours.
    pub(super) fn compare_config(&mut self, index: usize, out: &mut Out) {
        let peer = &mut self.peers[index];
        let differs = peer.life.as_ref().is_some_and(|life| life.body.config != self.digest);
        if core::mem::replace(&mut peer.differs, differs) != differs {
            out.reports.push_back(Report::ConfigDiffers { peer: peer.name.clone(), differs });
        }
        let speaks = peer.life.as_ref().map(|life| life.body.version);
        let speaks = speaks.filter(|version| *version != VERSION);
        if core::mem::replace(&mut peer.speaks, speaks) != speaks {
            let version = speaks.unwrap_or(VERSION);
            out.reports.push_back(Report::Version { peer: peer.name.clone(), version });
        }
    }
}
