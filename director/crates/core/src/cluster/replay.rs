//! Which sequence numbers of a peer have been seen.

/// The newest sequence number and the 64 before it.
///
/// Packets travel over several links, so a packet that is not the newest may still be new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReplayWindow {
    newest: u64,
    /// Bit `n` is set when `newest - n` has been seen.
    seen: u64,
}

/// What a sequence number says about its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Newer than everything so far: its content counts.
    Newest,
    /// Overtaken by a newer one: it shows that its sender and its link live, its content is
    /// outdated.
    Overtaken,
    /// Seen before, or too old to tell.
    Replayed,
}

impl ReplayWindow {
    /// A window that has seen `first`.
    pub(super) fn starting_at(first: u64) -> Self {
        Self { newest: first, seen: 1 }
    }

    /// Judges a sequence number and remembers it.
    pub(super) fn take(&mut self, sequence: u64) -> Freshness {
        if let Some(ahead) = sequence.checked_sub(self.newest).filter(|ahead| *ahead > 0) {
            let shift = u32::try_from(ahead).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
            self.newest = sequence;
            return Freshness::Newest;
        }
        let behind = u32::try_from(self.newest - sequence).unwrap_or(u32::MAX);
        match 1_u64.checked_shl(behind) {
            Some(bit) if self.seen & bit == 0 => {
                self.seen |= bit;
                Freshness::Overtaken
            }
            _ => Freshness::Replayed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn order_and_repetition_are_told_apart() {
        let mut window = ReplayWindow::starting_at(10);
        assert_eq!(window.take(10), Freshness::Replayed);
        assert_eq!(window.take(12), Freshness::Newest);
        assert_eq!(window.take(11), Freshness::Overtaken);
        assert_eq!(window.take(11), Freshness::Replayed);
        assert_eq!(window.take(200), Freshness::Newest);
        assert_eq!(window.take(12), Freshness::Replayed);
        assert_eq!(window.take(137), Freshness::Overtaken);
        assert_eq!(window.take(136), Freshness::Replayed);
    }

    proptest! {
        #[test]
        fn no_number_is_accepted_twice(numbers in prop::collection::vec(0_u64..200, 1..400)) {
            let mut window = ReplayWindow::starting_at(0);
            let mut accepted = BTreeSet::from([0]);
            for number in numbers {
                if window.take(number) != Freshness::Replayed {
                    prop_assert!(accepted.insert(number));
                }
            }
        }
    }
}
