//! Slow start: how much of its weight a server has some time after it came back.

use crate::config::Weight;
use core::time::Duration;

/// Changes of weight in the kernel on the way to the whole; each resets some schedulers' position.
pub(super) const STEPS: u32 = 10;

/// The weight that a server with the whole weight `whole` has `elapsed` after it came back, when it
/// takes `length` to get all of it, and how long after its return the next step is due.
///
/// It grows in equal steps from a tenth; a weight above 0 is never made 0.
pub(super) fn share(
    whole: Weight,
    elapsed: Duration,
    length: Duration,
) -> (Weight, Option<Duration>) {
    if elapsed >= length {
        return (whole, None);
    }
    let step = length / STEPS;
    let done = (1..STEPS).take_while(|number| step * *number <= elapsed).count();
    let done = u32::try_from(done).unwrap_or(STEPS - 1);
    let part = (u32::from(whole.0) * (done + 1)).div_ceil(STEPS);
    // A part of a 16-bit weight fits; the whole stands for what cannot be.
    let part = Weight(u16::try_from(part).unwrap_or(whole.0));
    if part == whole {
        return (whole, None);
    }
    (part, Some(step * (done + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_weight_grows_by_tenths() {
        let at = |elapsed| share(Weight(100), ms(elapsed), ms(1000));
        assert_eq!(at(0), (Weight(10), Some(ms(100))));
        assert_eq!(at(99), (Weight(10), Some(ms(100))));
        assert_eq!(at(100), (Weight(20), Some(ms(200))));
        assert_eq!(at(850), (Weight(90), Some(ms(900))));
        assert_eq!(at(900), (Weight(100), None));
        assert_eq!(at(5000), (Weight(100), None));
    }

    #[test]
    fn small_weights_are_whole_at_once_and_zero_stays() {
        assert_eq!(share(Weight(1), ms(0), ms(1000)), (Weight(1), None));
        assert_eq!(share(Weight(0), ms(0), ms(1000)), (Weight(0), None));
    }

    proptest! {
        /// Following the steps as they are announced: always growing, soon whole, few of them.
        #[test]
        fn the_steps_lead_to_the_whole(whole in any::<u16>(), nanos in 0..u64::MAX / 4) {
            let length = Duration::from_nanos(nanos);
            let (mut elapsed, mut last, mut steps) = (Duration::ZERO, 0, 0);
            loop {
                let (weight, next) = share(Weight(whole), elapsed, length);
                prop_assert!(weight.0 >= last && weight.0 <= whole);
                prop_assert!((weight.0 > 0) == (whole > 0));
                last = weight.0;
                let Some(next) = next else { break };
                prop_assert!(next > elapsed && next <= length);
                elapsed = next;
                steps += 1;
                prop_assert!(steps <= STEPS);
            }
            prop_assert_eq!(last, whole);
        }
    }
}
