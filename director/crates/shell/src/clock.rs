//! The clock of a director.

use director_core::time::Instant;
use rustix::time::{ClockId, clock_gettime};

/// What time it is.
pub trait Clock {
    /// The present instant; never before one that was given out earlier.
    fn now(&self) -> Instant;
}

/// `CLOCK_BOOTTIME`: does not jump when the time of day is set, and goes on while the machine is
/// suspended, so that a director that wakes up knows for how long it was away.
#[derive(Clone, Copy, Debug, Default)]
pub struct BootClock;

impl Clock for BootClock {
    fn now(&self) -> Instant {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
        Instant::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }
}

/// The clock of the tokio runtime, which tests and simulators can stop.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeClock(tokio::time::Instant);

impl RuntimeClock {
    /// A clock whose origin is now.
    #[must_use]
    pub fn start() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Instant {
        Instant::ZERO + self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_goes_forward() {
        let earlier = BootClock.now();
        assert!(earlier > Instant::ZERO);
        assert!(BootClock.now() >= earlier);
    }
}
