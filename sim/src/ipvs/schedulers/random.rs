//! The better of two random choices (`ip_vs_twos.c`).

use super::weight;
use crate::ipvs::destination::{Choice, Destination};
use director_core::random::Stream;

/// The kernel's random numbers, which nobody can know, are a stream of ours here.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    stream: Stream,
    /// What the next throw shows, where somebody knows.
    foreseen: Option<usize>,
}

impl Default for Random {
    fn default() -> Self {
        Self { stream: Stream::named(0, "the better of two random choices"), foreseen: None }
    }
}

impl Random {
    /// The next throw shows this one; what it was to show before.
    pub(crate) fn foresee(&mut self, number: Option<usize>) -> Option<usize> {
        std::mem::replace(&mut self.foreseen, number)
    }

    pub(super) fn pick(&mut self, choice: &Choice<'_>) -> Option<usize> {
        if let Some(number) = self.foreseen.take() {
            return choice.if_usable(number);
        }
        let sum = total(choice);
        if sum == 0 {
            return None;
        }
        // One more than the sum, as in the kernel: the first has a little more than its share.
        let (one, other) = (self.stream.below(sum + 1), self.stream.below(sum + 1));
        better(choice, one, other)
    }
}

fn total(choice: &Choice<'_>) -> u64 {
    choice.usable().map(|(_, one)| weight(one)).sum()
}

/// Of the destinations that two points in the sum of all weights name, the less busy.
fn better(choice: &Choice<'_>, one: u64, other: u64) -> Option<usize> {
    let (first, second) = (at(choice, one)?, at(choice, other)?);
    let less = weight(second.1) * first.1.overhead() > weight(first.1) * second.1.overhead();
    Some(if less { second.0 } else { first.0 })
}

fn at<'a>(choice: &'a Choice<'_>, point: u64) -> Option<(usize, &'a Destination)> {
    let mut up_to = 0;
    choice.usable().find(|(_, one)| {
        up_to += weight(one);
        point <= up_to
    })
}

/// How likely each destination is to be picked: its number, and how many of how many equally
/// likely pairs of points name it.
pub(crate) fn odds(choice: &Choice<'_>) -> (Vec<(usize, u64)>, u64) {
    let sum = total(choice);
    if sum == 0 {
        return (Vec::new(), 0);
    }
    // All points of one destination are alike.
    let mut shares: Vec<(usize, u64, u64)> = Vec::new();
    let mut up_to = 0;
    for (number, one) in choice.usable() {
        let first = shares.is_empty();
        shares.push((number, up_to + u64::from(!first), weight(one) + u64::from(first)));
        up_to += weight(one);
    }
    let mut named: Vec<(usize, u64)> = shares.iter().map(|(number, ..)| (*number, 0)).collect();
    for (_, one, many) in &shares {
        for (_, other, as_many) in &shares {
            let Some(picked) = better(choice, *one, *other) else { continue };
            if let Some((_, pairs)) = named.iter_mut().find(|(number, _)| *number == picked) {
                *pairs += many * as_many;
            }
        }
    }
    (named, (sum + 1) * (sum + 1))
}
