//! What is heard over which link.

use super::{Cluster, Out};
use crate::beat::LinkId;
use crate::config::Detection;
use crate::name::InterfaceName;
use crate::report::{AnnounceCause, Report};
use crate::time::{Instant, nanos};
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
        } else if let Some(before) = before.filter(|at| now.since(*at) >= self.settings.gap()) {
            let interface = link.interface.clone();
            self.announce_unheard(&interface, before, now, out);
        }
    }

    /// A cut that is shorter than the deadtime swallows announcements, and leaves every state of a
    /// link as it was. What was announced whole after the last packet before it may be unheard.
    fn announce_unheard(
        &mut self,
        interface: &InterfaceName,
        before: Instant,
        now: Instant,
        out: &mut Out,
    ) {
        let mut on_it = self.groups.iter().filter(|group| group.is_on(interface));
        if on_it.any(|group| group.burst.fell_into(before)) {
            self.announce_on(interface, AnnounceCause::Unheard, now, out);
        }
    }
}

/// How many beats should have come in a silence, beside the one that ends it.
fn beats_between(silent: Duration, keepalive: Duration) -> u64 {
    let (silent, keepalive) = (nanos(silent), nanos(keepalive));
    let intervals = silent.saturating_add(keepalive / 2).checked_div(keepalive);
    intervals.unwrap_or(0).saturating_sub(1)
}
