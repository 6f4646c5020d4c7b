//! When ownership is to be announced.

use crate::config::Announce;
use crate::planted::{Bug, planted};
use crate::time::{Deadline, Instant, Reason};

/// A burst of announcements, and its refreshing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Burst {
    remaining: u8,
    next: Option<Instant>,
    /// When the burst began that runs or has run last.
    begun: Option<Instant>,
    /// When it was announced last.
    said: Option<Instant>,
}

impl Burst {
    /// Begins a burst, or begins a running one anew.
    pub(super) fn start(&mut self, settings: Announce, now: Instant) {
        self.remaining = if planted(Bug::OneAnnouncement) { 1 } else { settings.count.get() };
        self.next = Some(now);
        self.begun = Some(now);
        if self.said == Some(now) {
            // What is announced at this moment for another cause is the first of them.
            self.say(settings, now);
        }
    }

    /// Whether the whole of a burst was announced after `since`.
    pub(super) fn fell_into(&self, since: Instant) -> bool {
        self.remaining == 0 && self.begun.is_some_and(|begun| begun > since)
    }

    /// The addresses are no longer ours to announce.
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// What could not be said until now is due now: it is not late, and nobody has slept. Addresses
    /// that are `gone` meanwhile are announced when they are back.
    pub(super) fn go_on(&mut self, gone: bool, now: Instant) {
        if gone {
            self.stop();
        } else if !planted(Bug::OverdueIsSleep) {
            self.next = self.next.map(|next| next.max(now));
        }
    }

    /// Whether to announce now. Once for a deadline, however late.
    pub(super) fn due(&mut self, settings: Announce, now: Instant) -> bool {
        if self.next.is_none_or(|next| now < next) {
            return false;
        }
        self.say(settings, now);
        true
    }

    fn say(&mut self, settings: Announce, now: Instant) {
        self.said = Some(now);
        if !planted(Bug::BurstNeverEnds) {
            self.remaining = self.remaining.saturating_sub(1);
        }
        self.next = if self.remaining > 0 {
            Some(now + settings.interval)
        } else if planted(Bug::RefreshForgotten) {
            None
        } else {
            settings.refresh.map(|refresh| now + refresh)
        };
    }

    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        self.next.map(|at| Deadline { at, reason: Reason::AnnounceDue })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::num::NonZeroU8;
    use core::time::Duration;

    fn announced(refresh: Option<Duration>, end_ms: u64) -> Vec<u64> {
        let settings = Announce {
            count: NonZeroU8::new(3).unwrap(),
            interval: Duration::from_millis(200),
            refresh,
        };
        let mut burst = Burst::default();
        burst.start(settings, Instant::from_nanos(0));
        let mut times = Vec::new();
        while let Some(deadline) = burst.next_deadline() {
            let millis = deadline.at.as_nanos() / 1_000_000;
            if millis > end_ms {
                break;
            }
            assert!(burst.due(settings, deadline.at));
            times.push(millis);
        }
        times
    }

    #[test]
    fn a_burst_falls_into_a_silence_only_as_a_whole() {
        let settings = Announce {
            count: NonZeroU8::new(2).unwrap(),
            interval: Duration::from_millis(200),
            refresh: None,
        };
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let mut burst = Burst::default();
        assert!(!burst.fell_into(at(0)), "nothing was announced");
        burst.start(settings, at(1_000));
        assert!(burst.due(settings, at(1_000)));
        assert!(!burst.fell_into(at(900)), "the rest is to come");
        assert!(burst.due(settings, at(1_200)));
        assert!(burst.fell_into(at(900)));
        assert!(!burst.fell_into(at(1_000)), "its beginning may have been heard");
        burst.stop();
        assert!(!burst.fell_into(at(900)), "there is nothing to announce any more");
    }

    #[test]
    fn a_burst_that_begins_with_an_announcement_counts_it() {
        let settings = Announce {
            count: NonZeroU8::new(3).unwrap(),
            interval: Duration::from_millis(200),
            refresh: None,
        };
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let mut burst = Burst::default();
        burst.start(settings, at(0));
        assert!(burst.due(settings, at(0)));
        burst.start(settings, at(0));
        assert!(!burst.due(settings, at(199)));
        assert!(burst.due(settings, at(200)) && burst.due(settings, at(400)));
        assert_eq!(burst.next_deadline(), None);
    }

    #[test]
    fn a_burst_is_repeated_and_then_refreshed() {
        assert_eq!(announced(None, 60_000), [0, 200, 400]);
        assert_eq!(announced(Some(Duration::from_secs(30)), 60_000), [0, 200, 400, 30_400]);
    }
}
