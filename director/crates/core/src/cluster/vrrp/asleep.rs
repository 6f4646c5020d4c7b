//! A virtual router whose process was not run.

use super::Out;
use super::machine::{Event, State};
use super::router::Router;
use crate::report::{Role, RoleCause};
use crate::time::Instant;
use core::time::Duration;

impl Router {
    /// Whether its addresses may have run out while this process slept, and nobody has looked.
    pub(super) fn is_blind(&self) -> bool {
        self.role == Role::Active && self.obedience.hold.is_unsure()
    }

    /// This process was not run for `late`; others may have been active meanwhile. Whether the
    /// kernel must be looked at before this router says anything.
    pub(super) fn stalled(&mut self, late: Duration, now: Instant, out: &mut Out) -> bool {
        self.obedience.hold.forgive(late, now);
        match self.machine.state {
            State::Initialize => {}
            // Its own sleep says nothing about the active router.
            State::Backup { down_at } => {
                self.machine.state = State::Backup { down_at: down_at + late };
            }
            State::Active { .. } => {
                let given_up = late + self.machine.parameters.interval;
                if given_up < self.machine.down_interval() {
                    return self.is_blind();
                }
                if self.is_leaving() || self.role == Role::Releasing {
                    return false;
                }
                let late_ms = u64::try_from(late.as_millis()).unwrap_or(u64::MAX);
                let why = RoleCause::Slept { late_ms };
                if self.is_owner() {
                    // It waits for nobody, but it must know that its kernel works.
                    self.enter(Role::Taking, why, now, out);
                    return true;
                }
                self.machine.state = State::Initialize;
                self.machine.handle(Event::Startup, now);
                self.keeping = true;
                self.enter(Role::Waiting, why, now, out);
            }
        }
        false
    }
}
