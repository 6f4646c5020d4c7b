//! Plain values: text, numbers, words of a choice.

use crate::code::Code;
use crate::found::Found;
use crate::source::Span;
use crate::suggest::{help, one_of, quote};
use crate::tree::{Kind, Value};
use director_core::name::NameError;
use std::ops::RangeInclusive;

/// Reports that a value is of another type than its key takes.
pub(crate) fn wrong_type(
    key: &str,
    wanted: &str,
    help: &str,
    value: &Value<'_>,
    found: &mut Found<'_>,
) {
    let message = format!("{} must be {wanted}, not {}", quote(key), value.kind.article());
    found.add(Code::WrongType, &value.span, message, help);
}

/// A text.
pub(crate) fn text<'a>(key: &str, value: &Value<'a>, found: &mut Found<'_>) -> Option<&'a str> {
    if let Kind::Text(text) = value.kind {
        return Some(text);
    }
    wrong_type(key, "a text", "put the value in quotation marks", value, found);
    None
}

/// Yes or no.
pub(crate) fn boolean(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<bool> {
    if let Kind::Boolean(value) = value.kind {
        return Some(value);
    }
    wrong_type(key, "true or false", "write true or false, without quotes", value, found);
    None
}

/// A whole number in a range.
pub(crate) fn number<T: TryFrom<i64>>(
    range: RangeInclusive<i64>,
) -> impl FnOnce(&str, &Value<'_>, &mut Found<'_>) -> Option<T> {
    move |key, value, found| {
        let Kind::Integer(number) = value.kind else {
            let help = format!("write a number from {} to {}", range.start(), range.end());
            wrong_type(key, "a whole number", &help, value, found);
            return None;
        };
        let fitting = range.contains(&number).then(|| T::try_from(number).ok()).flatten();
        if fitting.is_none() {
            let message = format!("{} cannot be {number}", quote(key));
            let help = format!("write a number from {} to {}", range.start(), range.end());
            found.add(Code::OutOfRange, &value.span, message, help);
        }
        fitting
    }
}

/// Yes or no.
pub(crate) fn flag(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<bool> {
    if let Kind::Boolean(flag) = value.kind {
        return Some(flag);
    }
    wrong_type(key, "true or false", "write true or false, without quotation marks", value, found);
    None
}

/// One of several words.
pub(crate) fn choice<T: Copy>(
    words: &[(&'static str, T)],
) -> impl FnOnce(&str, &Value<'_>, &mut Found<'_>) -> Option<T> {
    move |key, value, found| {
        let given = text(key, value, found)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == given) {
            return Some(*meaning);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("{} cannot be {}", quote(key), quote(given));
        let help = help(given, &known, || format!("write {}", one_of(&known)));
        found.add(Code::UnknownValue, &value.span, message, help);
        None
    }
}

/// The values of a list.
pub(crate) fn list<'v, 'a>(
    key: &str,
    value: &'v Value<'a>,
    found: &mut Found<'_>,
) -> Option<&'v [Value<'a>]> {
    if let Kind::List(values) = &value.kind {
        return Some(values);
    }
    let help = format!("put the values in square brackets: {key} = [ … ]");
    wrong_type(key, "a list", &help, value, found);
    None
}

/// A name, made by `make`.
pub(crate) fn name<T>(
    make: fn(&str) -> Result<T, NameError>,
) -> impl FnOnce(&str, &Value<'_>, &mut Found<'_>) -> Option<T> {
    move |key, value, found| named(text(key, value, found)?, &value.span, make, found)
}

/// The name that `text` is, when it is one.
pub(crate) fn named<T>(
    text: &str,
    span: &Span,
    make: fn(&str) -> Result<T, NameError>,
    found: &mut Found<'_>,
) -> Option<T> {
    make(text)
        .map_err(|error| {
            let help = match error {
                NameError::Empty => "write a name",
                NameError::TooLong { .. } => "choose a shorter name",
                NameError::Character(_) => "choose a name without it",
            };
            found.add(Code::BadName, span, format!("{}: {error}", quote(text)), help);
        })
        .ok()
}
