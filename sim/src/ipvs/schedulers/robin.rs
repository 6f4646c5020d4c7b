//! One after the other (`ip_vs_rr.c`), and by weight interleaved (`ip_vs_wrr.c`).

use super::gcd;
use crate::ipvs::destination::Choice;

/// The place behind the cursor; the list's head stands before its first place.
fn behind(cursor: Option<usize>, order: &[usize]) -> usize {
    let place = cursor.and_then(|cursor| order.iter().position(|number| *number == cursor));
    place.map_or(0, |place| place + 1)
}

pub(super) fn round_robin(cursor: &mut Option<usize>, choice: &Choice<'_>) -> Option<usize> {
    let start = behind(*cursor, choice.order);
    let places = (start..choice.order.len()).chain(0..start);
    let usable = |place| choice.get(place).filter(|(_, one)| one.takes());
    let (number, _) = places.filter_map(usable).next()?;
    *cursor = Some(number);
    Some(number)
}

/// Interleaved weighted round robin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weighted {
    cursor: Option<usize>,
    current: i64,
    highest: i64,
    step: i64,
}

impl Weighted {
    pub(super) fn changed(&mut self, choice: &Choice<'_>) {
        let weights = || choice.iter().map(|(_, one)| one.weight).filter(|weight| *weight > 0);
        self.cursor = None;
        self.step = i64::from(weights().fold(0, gcd).max(1));
        let highest = i64::from(weights().max().unwrap_or(0));
        self.highest = highest - (self.step - 1);
        if self.current > self.highest || self.current == 0 {
            self.current = self.highest;
        } else if self.step > 1 {
            self.current = self.current / self.step * self.step + 1;
        }
    }

    /// Goes down from the present weight. It gives up when every destination was looked at for any
    /// weight at all, which takes a second round for those before the cursor.
    pub(super) fn pick(&mut self, choice: &Choice<'_>) -> Option<usize> {
        if self.highest == 0 {
            return None;
        }
        let last = self.cursor;
        let (mut stop, mut last_pass, mut restarted) = (None, false, false);
        let mut place = behind(last, choice.order);
        loop {
            while let Some((number, destination)) = choice.get(place) {
                let heavy = i64::from(destination.weight) >= self.current;
                if heavy && !destination.is_overloaded() {
                    self.cursor = Some(number);
                    return Some(number);
                }
                if stop == Some(number) {
                    self.cursor = stop;
                    return None;
                }
                place += 1;
            }
            place = 0;
            self.current -= self.step;
            if self.current <= 0 {
                self.current = self.highest;
                if last_pass || last.is_none() {
                    self.cursor = None;
                    return None;
                }
                restarted = true;
            }
            last_pass = self.current <= self.step;
            if last_pass && restarted {
                stop = last;
            }
        }
    }
}
