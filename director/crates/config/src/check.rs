//! `check = { … }` of a service.

use crate::code::Code;
use crate::duration::{at_least, format_duration};
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::suggest::{all_of, quote};
use crate::tree::Value;
use crate::value::{choice, number, text};
use director_core::config::{Check, Dialogue, Initial, Pace};
use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

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
        "timeout",
        "fall",
        "rise",
        "initial",
    ],
    later: &[],
};
/// Keys that only an HTTP check has.
const HTTP_KEYS: [&str; 3] = ["path", "host", "expect"];
/// Checks more frequent than this are a load test.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);

pub(crate) const EXAMPLE: &str = r#"check = { type = "http", path = "/" }"#;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Http,
    Tcp,
}

/// The check of the service `service`.
pub(crate) fn check(service: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Check> {
    let title = format!("`check` of [services.{service}]");
    let section = Section::open(title, value, &KEYS, EXAMPLE, found)?;
    let words = [("http", Type::Http), ("tcp", Type::Tcp)];
    let help = r#"say what to ask: type = "http" or type = "tcp""#;
    let kind = section.need("type", help, found, choice(&words)).map(|at| at.value);
    let dialogue = dialogue(kind, &section, found);
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
    Some(Check {
        dialogue: dialogue?,
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
    let initial = section.read("initial", found, choice(&words)).or(Initial::Unknown);
    Some(Pace {
        changing: changing.given_or_absent()?,
        down: down.given_or_absent()?,
        initial: initial?,
    })
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
    kind: Option<Type>,
    section: &Section<'_, '_>,
    found: &mut Found<'_>,
) -> Option<Dialogue> {
    if kind == Some(Type::Tcp) {
        for entry in HTTP_KEYS.iter().filter_map(|key| section.entry(key)) {
            let message = format!("{} has no effect in a check of type \"tcp\"", quote(entry.key));
            let help =
                format!("leave it out, or write type = \"http\", which has {}", all_of(&HTTP_KEYS));
            found.add(Code::NoEffect, &entry.key_span, message, help);
        }
        return Some(Dialogue::Tcp);
    }
    let path = section.read("path", found, path).or_else(|| Some("/".to_owned()));
    let host = section.read("host", found, host_header).given_or_absent();
    let expect = section.read("expect", found, expect).given_or_absent();
    kind?;
    Some(Dialogue::Http { path: path?, host: host?, expect: expect? })
}

fn path(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let path = text(key, value, found)?;
    // What is written goes into the request line as it is (RFC 9112 §3).
    if path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(path.to_owned());
    }
    let message = format!("{} is not the path of a page", quote(path));
    let help = "begin with \"/\" and write other characters than visible ASCII as %XX";
    found.add(Code::BadText, &value.span, message, help);
    None
}

fn host_header(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let host = text(key, value, found)?;
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
    if !host.is_empty() && host.bytes().all(fits) {
        return Some(host.to_owned());
    }
    let message = format!("{} is not the name of a web site", quote(host));
    let help = "write what clients put into the Host header, such as \"www.example.org\"";
    found.add(Code::BadText, &value.span, message, help);
    None
}

fn expect(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let expect = text(key, value, found)?;
    if !expect.is_empty() {
        return Some(expect.to_owned());
    }
    let help = "write a text that only a healthy server's page has, or leave the key out";
    found.add(Code::BadText, &value.span, "every page contains the empty text", help);
    None
}
