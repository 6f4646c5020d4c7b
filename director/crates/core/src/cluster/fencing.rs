//! Where fencing is configured, nothing is taken from a silent peer before it is known to be off.
//!
//! ```text
//!          something would be taken,            the command          it is heard
//!          and the silence is proved            succeeded            again
//!   Idle ─────────────────────────► Due ► Asked ──────────► Fenced ─────────────► Idle
//!                                     ▲       │ it failed
//!                                     └─ wait ┘
//! ```
//!
//! Two that have lost each other must not shoot at once: the one that comes later waits for a
//! deadtime before it does.

use super::{Cluster, Out};
use crate::effect::Effect;
use crate::name::NodeName;
use crate::report::{FenceState, PeerState, Report};
use crate::time::{Deadline, Instant, Reason};
use alloc::string::String;
use core::time::Duration;

/// After a failure the command is tried again this much later.
const RETRY: Duration = Duration::from_secs(5);

/// How far the fencing of a peer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fence {
    #[default]
    Idle,
    /// The command is to be run then.
    Due(Instant),
    Asked,
    Fenced,
}

/// Whether nothing is known of the peer, and it has not said that it goes.
fn is_silent(peer: &super::Peer) -> bool {
    matches!(peer.detector.state(), PeerState::Dead | PeerState::Unknown)
}

impl Cluster {
    /// Whether every silent peer is known to be off, or need not be.
    pub(super) fn silent_are_fenced(&self) -> bool {
        let safe = |peer: &super::Peer| !is_silent(peer) || peer.fence == Fence::Fenced;
        !self.settings.fences || self.peers.iter().all(safe)
    }

    /// Something would be taken from silent peers.
    pub(super) fn want_fence(&mut self, now: Instant) {
        let deadtime = self.settings.limits.deadtime;
        for peer in self.peers.iter_mut().filter(|peer| is_silent(peer)) {
            if peer.fence == Fence::Idle {
                let wait = if peer.we_outrank { Duration::ZERO } else { deadtime };
                peer.fence = Fence::Due(now + wait);
            }
        }
    }

    pub(super) fn fence_due(&mut self, now: Instant, out: &mut Out) {
        // Who is cut off must not shoot; and whoever is heard again is not shot.
        let proved = self.silence_is_proved(now);
        for peer in &mut self.peers {
            let Fence::Due(at) = peer.fence else { continue };
            if !is_silent(peer) || !proved {
                peer.fence = Fence::Idle;
                self.stirred = true;
            } else if now >= at {
                peer.fence = Fence::Asked;
                let name = peer.name.clone();
                let report = Report::Fencing { peer: name.clone(), state: FenceState::Asked };
                out.reports.push_back(report);
                out.effects.push_back(Effect::Fence { peer: name });
            }
        }
    }

    /// The fencing command has ended.
    pub(crate) fn fenced(
        &mut self,
        name: &NodeName,
        result: Result<(), String>,
        now: Instant,
        out: &mut Out,
    ) {
        let Some(peer) = self.peers.iter_mut().find(|peer| peer.name == *name) else { return };
        let state = match result {
            Ok(()) => FenceState::Succeeded,
            Err(why) => FenceState::Failed { why },
        };
        // Whoever was heard meanwhile is not off.
        if peer.fence == Fence::Asked {
            let off = state == FenceState::Succeeded;
            peer.fence = if off { Fence::Fenced } else { Fence::Due(now + RETRY) };
            self.stirred |= off;
        }
        out.reports.push_back(Report::Fencing { peer: name.clone(), state });
    }

    pub(super) fn fence_deadline(&self) -> Option<Deadline> {
        let due = self.peers.iter().filter_map(|peer| match peer.fence {
            Fence::Due(at) => Some(at),
            _ => None,
        });
        due.min().map(|at| Deadline { at, reason: Reason::FenceDue })
    }
}
