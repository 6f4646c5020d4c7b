//! What a director does when it finds that it was not run.

use super::{Cluster, Out};
use crate::report::Role;
use crate::time::Instant;
use alloc::sync::Arc;
use core::time::Duration;

impl Cluster {
    /// This process was not run for `late`.
    ///
    /// Its own sleep proves nothing about the peers: they get that time again. After a sleep in
    /// which they may have taken over, this node says and does nothing as owner until it has heard
    /// them.
    pub(crate) fn stalled(&mut self, late: Duration, now: Instant, out: &mut Out) {
        for peer in &mut self.peers {
            peer.detector.forgive(late, now);
            for link in peer.links.iter_mut().filter(|link| link.up) {
                link.heard_at = link.heard_at.map(|at| (at + late).min(now));
            }
        }
        self.forgive_witnesses(late, now);
        let limits = self.settings.limits;
        if late + self.settings.keepalive < limits.quickest() || self.stopping {
            return;
        }
        let mut doubts = false;
        for group in &mut self.groups {
            group.doubtful = matches!(group.role, Role::Taking | Role::Active);
            doubts |= group.doubtful;
        }
        if !doubts {
            return;
        }
        self.listen_until = Some(now + limits.deadtime);
        self.stirred = true;
        // The word goes out before anything else: it must not claim what may be another's.
        self.body = Arc::new(self.present_body());
        for index in 0..self.peers.len() {
            self.peers[index].doubt();
            self.ask(index, out);
        }
    }
}
