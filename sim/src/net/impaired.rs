//! A path whose frames are lost, late, doubled, overtaken or damaged, after `sch_netem.c`.

use crate::net::switch::Arrival;
use director_core::random::Stream;
use director_core::time::Instant;
use scenario::{Effect, Share};
use std::time::Duration;

/// An overtaken frame is late by up to this much, and a second copy comes within it.
const APART: Duration = Duration::from_millis(5);

/// The state of such a path.
#[derive(Clone, Debug)]
pub(crate) struct Impaired {
    effect: Effect,
    stream: Stream,
    /// Whether a burst of losses goes on.
    bursting: bool,
}

impl Impaired {
    /// Puts an effect on a path, or takes it off. A path that goes on being impaired goes on with
    /// its stream.
    pub(crate) fn set(
        place: &mut Option<Box<Self>>,
        effect: Effect,
        stream: impl FnOnce() -> Stream,
    ) {
        match place {
            _ if effect.is_none() => *place = None,
            Some(impaired) => impaired.effect = effect,
            None => *place = Some(Box::new(Self { effect, stream: stream(), bursting: false })),
        }
    }

    /// What becomes of a frame that would arrive at `at`; `last` is when the one before arrives.
    pub(crate) fn arrival(&mut self, at: Instant, last: &mut Instant) -> Arrival {
        let Effect { delay, jitter, duplicate, reorder, corrupt, .. } = self.effect;
        if self.loses() {
            return Arrival::Lost;
        }
        let at = at + delay + self.stream.duration(Duration::ZERO, jitter);
        let at = if self.hits(reorder) {
            at + self.stream.duration(Duration::ZERO, APART)
        } else {
            *last = at.max(*last);
            *last
        };
        if self.hits(corrupt) {
            Arrival::Damaged(at)
        } else if self.hits(duplicate) {
            Arrival::Twice(at, at + self.stream.duration(Duration::ZERO, APART))
        } else {
            Arrival::At(at)
        }
    }

    fn hits(&mut self, share: Share) -> bool {
        self.chance(u64::from(share.millionths()), u64::from(Share::ALL.millionths()))
    }

    /// Whether an event that happens `of` so many times does so `hits` times happens now.
    fn chance(&mut self, hits: u64, of: u64) -> bool {
        hits > 0 && self.stream.below(of) < hits
    }

    /// Gilbert's model: in a burst everything is lost, and a burst lasts `burst` frames on average
    /// (E. N. Gilbert, "Capacity of a burst-noise channel", 1960).
    fn loses(&mut self) -> bool {
        let Effect { loss, burst, .. } = self.effect;
        if burst < 2 {
            return self.hits(loss);
        }
        let (lost, all) = (u64::from(loss.millionths()), u64::from(Share::ALL.millionths()));
        self.bursting = if self.bursting {
            !self.chance(1, u64::from(burst))
        } else {
            self.chance(lost, (all - lost).max(1).saturating_mul(u64::from(burst)))
        };
        self.bursting
    }
}
