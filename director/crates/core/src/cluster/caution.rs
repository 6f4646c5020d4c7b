//! A director that has just started takes nothing that somebody else seems to own.
//!
//! Packets that do not authenticate change no state: no peer lives, dies or gives way because of
//! them. But a director that was started with a wrong key, or with a release that speaks another
//! version, would find nobody and put the addresses of a working cluster on its own interface. So
//! as long as such packets come from the address of a peer, a node that is still waiting goes on
//! waiting, and says so. Who forges them can keep a director from starting, and nothing else.

use super::{Cluster, Out};
use crate::input::{Ignored, Rejection};
use crate::report::{Report, Role};
use crate::time::Instant;
use core::net::IpAddr;

impl Cluster {
    /// A packet came that is not to be believed.
    pub(crate) fn rejected(&mut self, from: IpAddr, why: Rejection, owns: bool, now: Instant) {
        self.ignore(why.into());
        if !matches!(why, Rejection::Authentication | Rejection::Version) {
            return;
        }
        let sends = |peer: &&mut super::Peer| peer.links.iter().any(|l| l.address.ip() == from);
        if let Some(peer) = self.peers.iter_mut().find(sends) {
            peer.unproven = Some((now, owns));
        }
    }

    /// Counts a packet that changes nothing.
    pub(super) fn ignore(&mut self, why: Ignored) {
        let count = self.ignored.entry(why).or_default();
        *count = count.saturating_add(1);
    }

    /// The end of the initial wait has come: until when to wait on, if somebody seems to own what
    /// this node would take, or comes before it.
    pub(super) fn hold_back(&mut self, now: Instant, out: &mut Out) -> Option<Instant> {
        let deadtime = self.settings.limits.deadtime;
        if !self.groups.iter().any(|group| group.role == Role::Waiting && !group.holding) {
            return None;
        }
        let mut until = None;
        for peer in &mut self.peers {
            let recent = peer.unproven.filter(|(at, _)| now.since(*at) < deadtime);
            if !recent.is_some_and(|(_, owns)| owns || !peer.we_outrank) {
                continue;
            }
            until = Some(now + deadtime);
            if !core::mem::replace(&mut peer.waited_for, true) {
                out.reports.push_back(Report::HeldBack { peer: peer.name.clone() });
            }
        }
        until
    }
}
