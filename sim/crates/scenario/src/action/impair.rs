//! What befalls frames that are not cut: the words of `tc-netem(8)`.

use super::{Cut, Share};
use crate::show_duration;
use std::fmt;
use std::time::Duration;

/// From now on the frames of a piece of a segment fare like this, in place of what was said before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impairment {
    /// Which frames.
    pub piece: Cut,
    /// How they fare.
    pub effect: Effect,
}

/// How frames fare. Everything that is zero does not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effect {
    /// Frames that do not arrive.
    pub loss: Share,
    /// How many frames in a row a loss takes on average; 0 and 1: each by its own draw.
    pub burst: u32,
    /// Every frame takes this much longer.
    pub delay: Duration,
    /// And up to this much longer still, evenly drawn; order is kept.
    pub jitter: Duration,
    /// Frames that arrive twice.
    pub duplicate: Share,
    /// Frames that are overtaken by others.
    pub reorder: Share,
    /// Frames of which a bit is turned over.
    pub corrupt: Share,
}

impl Effect {
    /// Whether frames fare as they always do.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a frame may be missing where it was sent, or may come so late that it is missed.
    pub fn disturbs(&self) -> bool {
        self.loss > Share::NONE
            || self.corrupt > Share::NONE
            || self.delay + self.jitter > Duration::ZERO
    }
}

/// `lan d1 loss 10% burst 5 delay 20ms`.
impl fmt::Display for Impairment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.piece)?;
        let Effect { loss, burst, delay, jitter, duplicate, reorder, corrupt } = self.effect;
        let share = |f: &mut fmt::Formatter<'_>, word: &str, share: Share| {
            if share > Share::NONE { write!(f, " {word} {share}") } else { Ok(()) }
        };
        share(f, "loss", loss)?;
        if burst > 1 {
            write!(f, " burst {burst}")?;
        }
        for (word, time) in [("delay", delay), ("jitter", jitter)] {
            if time > Duration::ZERO {
                write!(f, " {word} {}", show_duration(time))?;
            }
        }
        share(f, "duplicate", duplicate)?;
        share(f, "reorder", reorder)?;
        share(f, "corrupt", corrupt)
    }
}
