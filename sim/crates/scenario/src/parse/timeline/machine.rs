//! The objects of what machines run out of, of their clocks, and of their switches.

use super::{node, usage};
use crate::parse::cursor::Cursor;
use crate::parse::draft::{Draft, Wanted};
use crate::parse::source::{Mistake, list, nearest};
use crate::parse::value;
use crate::{Action, Leap, Resource, Skew};

pub(super) const EXHAUST: &str = "exhaust DIRECTOR descriptors|disk|memory|modules";
pub(super) const REPLENISH: &str = "replenish DIRECTOR descriptors|disk|memory|modules";
pub(super) const SKEW: &str = "skew DIRECTOR +50ppm, skew DIRECTOR -50ppm, or 0ppm for the end";
pub(super) const CLOCK: &str = "clock +1h, or clock -1h";

/// A director, and what it has no more of, or has again.
pub(super) fn resource(
    cursor: &mut Cursor<'_>,
    draft: &mut Draft<'_>,
    form: &str,
) -> Result<(String, Resource), Mistake> {
    let node = node(cursor, draft, form, Wanted::Director)?;
    let word = cursor.need_word("the resource", &usage(form))?;
    let found = Resource::ALL.into_iter().find(|resource| resource.word() == word.text);
    let resource = found.ok_or_else(|| {
        let known = Resource::ALL.map(Resource::word);
        let help = match nearest(word.text, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", list(&known)),
        };
        Mistake::new(word.at, format!("`{}` is nothing to run out of", word.text), help)
    })?;
    Ok((node, resource))
}

pub(super) fn clock(
    cursor: &mut Cursor<'_>,
    _: &mut Draft<'_>,
    form: &str,
) -> Result<Action, Mistake> {
    let word = cursor.need_word("how far it jumps", &usage(form))?;
    let back = word.text.starts_with('-');
    let Some(by) = word.text.strip_prefix(['+', '-']) else {
        let wrong = format!("`{}` says neither forward nor back", word.text);
        return Err(Mistake::new(word.at, wrong, usage(form)));
    };
    Ok(Action::Clock(Leap { back, by: value::duration(by, word.at + 1)? }))
}

/// A director, and how much faster than time its clock goes.
pub(super) fn skew(
    cursor: &mut Cursor<'_>,
    draft: &mut Draft<'_>,
    form: &str,
) -> Result<Action, Mistake> {
    let node = node(cursor, draft, form, Wanted::Director)?;
    let word = cursor.need_word("how much faster its clock goes", &usage(form))?;
    let number = word.text.strip_suffix("ppm").and_then(|number| number.parse().ok());
    let by = number.and_then(Skew::new).ok_or_else(|| {
        let wrong = format!("`{}` is no skew of up to {}ppm", word.text, Skew::MOST);
        Mistake::new(word.at, wrong, usage(form))
    })?;
    Ok(Action::Skew { node, by })
}

/// The segment whose switch forgets.
pub(super) fn forget(
    cursor: &mut Cursor<'_>,
    draft: &mut Draft<'_>,
    form: &str,
) -> Result<Action, Mistake> {
    let name = cursor.need_word("the segment", &usage(form))?;
    let segment = draft.segment(name.text, name.at)?;
    Ok(Action::Forget { segment })
}
