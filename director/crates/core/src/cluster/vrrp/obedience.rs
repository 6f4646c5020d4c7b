//! A virtual router that its kernel does not obey.
//!
//! Its adverts would keep every other router from the addresses, which it does not hold. Whether
//! there is another cannot be known: a backup is silent. So it gives up and listens, and does not
//! preempt. When nobody takes the addresses it tries again, and gives up much later the next time.

use super::super::group::TAKING_PATIENCE;
use super::super::hold::Hold;
use super::router::{Leaving, Router};
use crate::report::Role;
use crate::time::{Deadline, Instant, Reason};
use core::time::Duration;

/// So much longer a router holds on when it gave up and nobody took the addresses.
const ALONE: u32 = 10;

/// What is known of the kernel that should hold a virtual router's addresses.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Obedience {
    pub(super) hold: Hold,
    /// Whether this router has given up for its kernel's sake and no other was heard since.
    unheeded: bool,
}

impl Obedience {
    /// Another router was heard, which is active or no longer so.
    pub(super) const fn another(&mut self, active: bool) {
        self.unheeded &= !active;
    }
}

impl Router {
    /// Gives up when the kernel has not obeyed for too long.
    pub(super) fn give_up_unobeyed(&mut self, now: Instant) {
        let patience = self.kernel_patience();
        let why = match self.role {
            _ if self.is_owner() || self.is_leaving() => return,
            Role::Taking if now >= self.since + patience => Leaving::CannotTake,
            Role::Active if self.obedience.hold.is_lost(patience, now) => Leaving::CannotKeep,
            _ => return,
        };
        self.obedience.unheeded = true;
        self.machine.resting = true;
        self.leave(why);
    }

    pub(super) fn obedience_deadline(&self) -> Option<Deadline> {
        let patience = self.kernel_patience();
        let at = match self.role {
            _ if self.is_owner() || self.is_leaving() => None,
            Role::Taking => Some(self.since + patience),
            Role::Active => self.obedience.hold.deadline(patience),
            _ => None,
        };
        at.map(|at| Deadline { at, reason: Reason::TakingOverdue })
    }

    fn kernel_patience(&self) -> Duration {
        let alone = if self.obedience.unheeded { ALONE } else { 1 };
        self.own.patience * TAKING_PATIENCE * alone
    }
}
