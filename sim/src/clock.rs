//! Clocks of nodes: none shows what the world's does, and none need go as fast.

use director_core::time::Instant;
use scenario::Skew;
use std::time::Duration;

const MILLION: u128 = 1_000_000;
/// Two moments that are shown, and a change of pace between them.
const ROUNDING: Duration = Duration::from_nanos(3);

/// How fast a clock goes beside the world's: its skew (RFC 2330 §10.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pace(Skew);

impl Pace {
    /// What it counts while so much of the world's time passes.
    pub(crate) fn counts(self, world: Duration) -> Duration {
        if self.0 == Skew::NONE {
            return world;
        }
        nanos(world.as_nanos() * self.rate() / MILLION)
    }

    /// How much of the world's time passes until it has counted so much: not a nanosecond less.
    pub(crate) fn lasts(self, own: Duration) -> Duration {
        if self.0 == Skew::NONE {
            return own;
        }
        nanos((own.as_nanos() * MILLION).div_ceil(self.rate()))
    }

    /// What it counts in a million; never 0, as a skew is small.
    fn rate(self) -> u128 {
        let rate = i64::from(self.0.ppm()) + 1_000_000;
        u128::from(rate.unsigned_abs().max(1))
    }
}

fn nanos(count: u128) -> Duration {
    Duration::from_nanos(u64::try_from(count).unwrap_or(u64::MAX))
}

/// As long after that moment as `to` is after `from`, without the divisions of a duration.
fn between(from: Instant, to: Instant, after: Instant) -> Instant {
    let passed = to.as_nanos().saturating_sub(from.as_nanos());
    Instant::from_nanos(after.as_nanos().saturating_add(passed))
}

/// A node's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// Since when it goes as it does, by the world's clock, and what it showed then.
    since: Instant,
    showed: Instant,
    pub(crate) pace: Pace,
    /// How fast it went before.
    before: Pace,
}

impl Clock {
    /// One that is ahead of the world's by so much, and goes as fast.
    pub(crate) fn ahead(by: Duration) -> Self {
        let (pace, before) = (Pace::default(), Pace::default());
        Self { since: Instant::ZERO, showed: Instant::ZERO + by, pace, before }
    }

    /// The same, further ahead.
    pub(crate) fn moved(self, by: Duration) -> Self {
        Self { showed: self.showed + by, ..self }
    }

    /// What it shows.
    pub(crate) fn at(&self, now: Instant) -> Instant {
        if self.is_even() {
            return between(self.since, now, self.showed);
        }
        self.showed + self.pace.counts(now.since(self.since))
    }

    /// When it shows that, or showed it at the earliest since it goes as it does.
    pub(crate) fn when(&self, shown: Instant) -> Instant {
        if self.is_even() {
            return between(self.showed, shown, self.since);
        }
        self.since + self.pace.lasts(shown.since(self.showed))
    }

    /// Whether it goes as fast as the world's. Nearly all do, and are looked at all the time.
    fn is_even(&self) -> bool {
        self.pace == Pace::default()
    }

    /// From now on it goes so fast.
    pub(crate) fn go(&mut self, skew: Skew, now: Instant) {
        *self = Self { since: now, showed: self.at(now), pace: Pace(skew), before: self.pace };
    }

    /// What it has counted from one moment to another, if its pace has changed once in between at
    /// the most; never less than what it showed, which is whole nanoseconds.
    pub(crate) fn counted(&self, from: Instant, to: Instant) -> Duration {
        if (self.pace, self.before) == <(Pace, Pace)>::default() {
            return to.since(from);
        }
        let earlier = self.before.counts(self.since.min(to).since(from));
        earlier + self.pace.counts(to.since(from.max(self.since))) + ROUNDING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(ppm: i32) -> Skew {
        Skew::new(ppm).unwrap_or_default()
    }

    #[test]
    fn a_fast_clock_is_ahead_and_a_slow_one_behind() {
        let day = Duration::from_secs(86_400);
        for (ppm, millis) in [(0, 0), (10, 864), (-10, -864), (100_000, 8_640_000)] {
            let mut clock = Clock::ahead(Duration::from_secs(5));
            let start = Instant::ZERO + Duration::from_secs(100);
            clock.go(skew(ppm), start);
            assert_eq!(clock.at(start), start + Duration::from_secs(5));
            let after = clock.at(start + day).since(clock.at(start)).as_millis();
            assert_eq!(i128::try_from(after).unwrap_or(0) - 86_400_000, millis, "{ppm}");
        }
    }

    #[test]
    fn a_timer_is_never_early_by_its_own_clock_and_late_by_a_nanosecond_at_most() {
        for ppm in [-100_000, -333, -1, 0, 1, 7, 500, 100_000] {
            let mut clock = Clock::ahead(Duration::from_nanos(86_417_123));
            clock.go(skew(ppm), Instant::from_nanos(12_345));
            for nanos in [0, 1, 999, 100_000_007, 3_600_000_000_001] {
                let shown = clock.at(Instant::from_nanos(12_345)) + Duration::from_nanos(nanos);
                let goes_off = clock.at(clock.when(shown));
                assert!(goes_off >= shown, "{ppm} {nanos}");
                assert!(goes_off.since(shown) <= Duration::from_nanos(1), "{ppm} {nanos}");
            }
        }
    }

    #[test]
    fn no_clock_jumps_when_it_changes_its_pace() {
        let mut clock = Clock::ahead(Duration::from_secs(1));
        let mut now = Instant::ZERO;
        for ppm in [500, -500, 0, 90_000, -90_000] {
            now = now + Duration::from_nanos(987_654_321);
            let (before, from) = (clock.at(now), now);
            now = now + Duration::from_secs(2);
            let shown = clock.at(now);
            clock.go(skew(ppm), now);
            assert_eq!(clock.at(now), shown);
            now = now + Duration::from_secs(3);
            let off = clock.counted(from, now).abs_diff(clock.at(now).since(before));
            assert!(off <= ROUNDING * 2, "{off:?}");
        }
    }
}
