//! `check = { … }` of a service.

pub(crate) mod content;
mod forms;
pub(crate) mod login;
mod mail;
mod other;
mod store;
pub(crate) mod tls;
mod web;

use crate::code::Code;
use crate::duration::{at_least, format_duration};
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::suggest::{all_of, quote};
use crate::tree::Value;
use crate::value::{choice, number};
use director_core::config::{Check, Dialogue, Initial, Pace, Via};
use forms::{FORMS, Form};
use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

/// Keys of every check.
const COMMON: &[&str] = &[
    "type",
    "port",
    "interval",
    "fast-interval",
    "down-interval",
    "timeout",
    "fall",
    "rise",
    "connects",
    "initial",
    "via",
];

pub(crate) const KEYS: Keys = Keys {
    known: &[
        "type",
        "path",
        "host",
        "expect",
        "port",
        "interval",
        "fast-interval",
        "down-interval",
        "connects",
        "initial",
        "timeout",
        "fall",
        "rise",
        "base",
        "command",
        "database",
        "expect-hex",
        "expect-regex",
        "file",
        "group",
        "headers",
        "helo",
        "limit-bytes",
        "method",
        "name",
        "password-env",
        "password-file",
        "query",
        "record",
        "redirects",
        "role",
        "rows",
        "secret-env",
        "secret-file",
        "send",
        "send-hex",
        "server-key",
        "service",
        "status",
        "tls",
        "transport",
        "user",
        "version",
        "via",
    ],
};
/// Checks more frequent than this are a load test.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);

pub(crate) const EXAMPLE: &str = r#"check = { type = "http", path = "/" }"#;

/// The types of checks, each with the keys of its own.
pub fn check_types() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    FORMS.iter().map(|form| (form.word, form.keys))
}

/// The check of the service `service`.
pub(crate) fn check(service: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Check> {
    let title = format!("`check` of [services.{service}]");
    let section = Section::open(title, value, &KEYS, EXAMPLE, found)?;
    let words: Vec<_> = FORMS.iter().map(|form| (form.word, form)).collect();
    let help = r#"say what to ask: type = "http" or type = "tcp""#;
    let form = section.need("type", help, found, choice(&words)).map(|at| at.value);
    let dialogue = dialogue(form, &section, found);
    report_connects(dialogue.as_ref(), &section, found);
    let port = section.read("port", found, number::<u16>(1..=65535)).or(0);
    let place = &section.span;
    let interval = section
        .read("interval", found, at_least(SHORTEST_INTERVAL))
        .or_at(Duration::from_secs(2), place);
    let timeout = section
        .read("timeout", found, at_least(SHORTEST_TIMEOUT))
        .or_at(Duration::from_secs(1), place);
    if let (Some(interval), Some(timeout)) = (&interval, &timeout) {
        compare(interval, timeout, place, found);
    }
    let fall = section.read("fall", found, number::<u8>(1..=255)).or(3);
    let rise = section.read("rise", found, number::<u8>(1..=255)).or(2);
    let pace = pace(&section, found);
    let ways = [("server", Via::Server), ("service", Via::Service)];
    let via = section.read("via", found, choice(&ways)).or(Via::Server);
    Some(Check {
        dialogue: dialogue?,
        via: via?,
        port: NonZeroU16::new(port?),
        interval: interval?.value,
        timeout: timeout?.value,
        fall: NonZeroU8::new(fall?)?,
        rise: NonZeroU8::new(rise?)?,
        pace: pace?,
    })
}

/// How often a server is asked that is not simply up, and what it is at first.
fn pace(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Pace> {
    let words = [("unknown", Initial::Unknown), ("down", Initial::Down)];
    let changing = section.read("fast-interval", found, at_least(SHORTEST_INTERVAL));
    let down = section.read("down-interval", found, at_least(SHORTEST_INTERVAL));
    let connects = section.read("connects", found, number::<u16>(0..=65535)).or(0);
    let initial = section.read("initial", found, choice(&words)).or(Initial::Unknown);
    Some(Pace {
        connects: NonZeroU16::new(connects?),
        changing: changing.given_or_absent()?,
        down: down.given_or_absent()?,
        initial: initial?,
    })
}

/// Where a check makes no connection, or asks for nothing else, there is nothing to alternate.
fn report_connects(dialogue: Option<&Dialogue>, section: &Section<'_, '_>, found: &mut Found<'_>) {
    let (Some(dialogue), Some(entry)) = (dialogue, section.entry("connects")) else { return };
    if !dialogue.has_connection() {
        let message = "this check has no connection that could stand for all of it";
        found.add(Code::NoEffect, &entry.key_span, message, "leave `connects` out");
    }
}

fn compare(
    interval: &At<Duration>,
    timeout: &At<Duration>,
    place: &std::ops::Range<usize>,
    found: &mut Found<'_>,
) {
    if timeout.value <= interval.value {
        return;
    }
    let (longest, every) = (format_duration(timeout.value), format_duration(interval.value));
    let message = format!(
        "a check may last {longest} but the next one begins after {every}: \
         checks of a slow server would pile up"
    );
    let help = format!("write a timeout of at most \"{every}\", or a longer interval");
    // Points at what was written, not at a default.
    let written = if timeout.span == *place { &interval.span } else { &timeout.span };
    found.add(Code::TimeoutOverInterval, written, message, help);
}

fn dialogue(
    form: Option<&Form>,
    section: &Section<'_, '_>,
    found: &mut Found<'_>,
) -> Option<Dialogue> {
    // Of an unknown type nothing can be said but what is wrong with keys that mean one thing.
    let form = form?;
    let foreign = |key: &&&str| !COMMON.contains(*key) && !form.keys.contains(*key);
    for entry in KEYS.known.iter().filter(foreign).filter_map(|key| section.entry(key)) {
        let message =
            format!("{} has no effect in a check of type \"{}\"", quote(entry.key), form.word);
        let help = if form.keys.is_empty() {
            "leave it out: this type has no keys of its own".to_owned()
        } else {
            format!("leave it out: the keys of this type are {}", all_of(form.keys))
        };
        found.add(Code::NoEffect, &entry.key_span, message, help);
    }
    (form.read)(section, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_key_is_of_some_type_and_every_type_has_known_keys() {
        let of_types = FORMS.iter().flat_map(|form| form.keys).chain(COMMON);
        let used: BTreeSet<&str> = of_types.copied().collect();
        assert_eq!(used, KEYS.known.iter().copied().collect());
    }

    #[test]
    fn the_grammar_has_every_type() {
        let grammar = include_str!("../GRAMMAR.md");
        for form in FORMS {
            assert!(grammar.contains(&format!("`\"{}\"`", form.word)), "{}", form.word);
        }
    }
}
