//! What the sender claims to be for each group.
//!
//! ```text
//! count (2), each: name, claim (1): the lower four bits; the upper four are how often the sender
//!    has released the group, modulo 16 (0 in version 1)
//! ```
//!
//! A group that no server serves is said twice: first what the sender would be if one did, then
//! "unfit". Releases that knew no difference between the two read the second word alone, which was
//! theirs for both; to be told of a claim that they do not know they would take for damage.

use super::{OLDEST, Reader, push_count, push_name};
use crate::beat::{Body, Claim, RELEASES};
use crate::input::Rejection;
use crate::name::GroupName;
use alloc::vec::Vec;

pub(super) fn push(bytes: &mut Vec<u8>, body: &Body) {
    let words = || {
        let groups = body.claims.iter().take(usize::from(u16::MAX / 2));
        groups.flat_map(|(name, claim)| said(*claim).map(move |word| (name, word)))
    };
    push_count(bytes, words().filter(|(_, word)| word.is_some()).count());
    for (name, word) in words() {
        let Some(word) = word else { continue };
        push_name(bytes, name.as_str());
        let released = body.released.get(name).filter(|_| body.version > OLDEST);
        let released = released.map_or(0, |count| count % RELEASES);
        bytes.push(word | released << 4);
    }
}

pub(super) fn read(reader: &mut Reader<'_>, body: &mut Body) -> Result<(), Rejection> {
    for _ in 0..reader.count()? {
        let name = GroupName::new(reader.text()?).map_err(|_| Rejection::Malformed)?;
        let byte = reader.byte()?;
        if byte >> 4 > 0 {
            body.released.insert(name.clone(), byte >> 4);
        }
        let claim = from_byte(byte & 0xf)?;
        let claim = match (body.claims.get(&name), claim) {
            (Some(Claim::Standby), Claim::Unfit) => Claim::Unserved,
            (Some(Claim::Resting), Claim::Unfit) => Claim::RestingUnserved,
            _ => claim,
        };
        body.claims.insert(name, claim);
    }
    Ok(())
}

/// The words for a claim, in their order.
const fn said(claim: Claim) -> [Option<u8>; 2] {
    match claim {
        Claim::Waiting => [Some(0), None],
        Claim::Holding => [Some(1), None],
        Claim::Standby => [Some(2), None],
        Claim::Wants => [Some(3), None],
        Claim::Active => [Some(4), None],
        Claim::Releasing => [Some(5), None],
        Claim::Leaving => [Some(6), None],
        Claim::Resting => [Some(7), None],
        Claim::Unfit => [Some(8), None],
        Claim::Unserved => [Some(2), Some(8)],
        Claim::RestingUnserved => [Some(7), Some(8)],
    }
}

fn from_byte(byte: u8) -> Result<Claim, Rejection> {
    Ok(match byte {
        0 => Claim::Waiting,
        1 => Claim::Holding,
        2 => Claim::Standby,
        3 => Claim::Wants,
        4 => Claim::Active,
        5 => Claim::Releasing,
        6 => Claim::Leaving,
        7 => Claim::Resting,
        8 => Claim::Unfit,
        _ => return Err(Rejection::Malformed),
    })
}
