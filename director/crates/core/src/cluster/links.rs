//! What is heard over which link.

use super::{Cluster, Out};
use crate::beat::LinkId;
use crate::config::Detection;
use crate::report::{AnnounceCause, Report};
use crate::time::Instant;
use core::time::Duration;

impl Cluster {
    /// A packet of a peer came over a link.
    pub(super) fn note_link(&mut self, index: usize, link: LinkId, now: Instant, out: &mut Out) {
        let peer = &mut self.peers[index];
        let Some(link) = peer.links.iter_mut().find(|known| known.id == link) else {
            return;
        };
        let before = link.heard_at.replace(now);
        if let Some(before) = before.filter(|_| link.up) {
            link.missed += beats_between(now.since(before), self.settings.keepalive);
        }
        if let Detection::Ask { late, .. } = self.settings.limits.detection
            && before.is_some_and(|before| now.since(before) >= late)
        {
            peer.detector.be_wary(now);
        }
        if !core::mem::replace(&mut link.up, true) {
            let (id, interface) = (link.id, link.interface.clone());
            let peer = peer.name.clone();
            let report = Report::Link { peer, link: id, interface: interface.clone(), up: true };
            out.reports.push_back(report);
            // Who sits on this segment may have heard another owner while it was interrupted.
            self.announce_on(&interface, AnnounceCause::LinkHealed, now, out);
        }
    }
}

/// How many beats should have come in a silence, beside the one that ends it.
fn beats_between(silent: Duration, keepalive: Duration) -> u64 {
    let intervals = (silent + keepalive / 2).as_nanos().checked_div(keepalive.as_nanos());
    u64::try_from(intervals.unwrap_or(0)).unwrap_or(u64::MAX).saturating_sub(1)
}
