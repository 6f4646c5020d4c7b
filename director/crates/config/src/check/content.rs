//! What is sent and what must come.

use crate::code::Code;
use crate::found::Found;
use crate::section::{Field, Section};
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::text;
use director_core::config::dialogue::Pattern;
use regex::bytes::RegexBuilder;

/// A regular expression may take so much memory at most once it is compiled: 1 MiB.
const REGEX_LIMIT: usize = 1 << 20;

/// `send` or `send-hex`, nothing when there is neither; `None` when wrong.
pub(super) fn send(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Vec<u8>> {
    exclusive(section, &["send", "send-hex"], found)?;
    let plain = |key: &str, value: &Value<'_>, found: &mut Found<'_>| {
        text(key, value, found).map(|text| text.as_bytes().to_vec())
    };
    match section.read("send", found, plain) {
        Field::Absent => section.read("send-hex", found, hex).or(Vec::new()),
        field => field.or(Vec::new()),
    }
}

/// `expect`, `expect-regex` or `expect-hex`; `None` when wrong, `Some(None)` when there is none.
pub(super) fn expect(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Option<Pattern>> {
    exclusive(section, &["expect", "expect-regex", "expect-hex"], found)?;
    let pattern = |key: &str| section.entry(key).is_some();
    let field = if pattern("expect-regex") {
        section.read("expect-regex", found, regex)
    } else if pattern("expect-hex") {
        section.read("expect-hex", found, |key, value, found| {
            hex(key, value, found).map(Pattern::Bytes)
        })
    } else {
        section.read("expect", found, words)
    };
    field.given_or_absent()
}

/// Reports a second key beside one that says the same otherwise.
fn exclusive(section: &Section<'_, '_>, keys: &[&str], found: &mut Found<'_>) -> Option<()> {
    let mut written = keys.iter().filter_map(|key| section.entry(key));
    let (first, second) = (written.next(), written.next());
    let (Some(first), Some(second)) = (first, second) else { return Some(()) };
    let message = format!("{} stands beside {}", quote(second.key), quote(first.key));
    found.add(Code::NoEffect, &second.key_span, message, "keep one of them");
    None
}

fn words(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Pattern> {
    let expect = text(key, value, found)?;
    if !expect.is_empty() {
        return Some(Pattern::Text(expect.to_owned()));
    }
    let help = "write a text that only a healthy server's answer has, or leave the key out";
    found.add(Code::BadText, &value.span, "every answer contains the empty text", help);
    None
}

fn regex(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Pattern> {
    let expression = text(key, value, found)?;
    match RegexBuilder::new(expression).size_limit(REGEX_LIMIT).build() {
        Ok(_) if !expression.is_empty() => Some(Pattern::Regex(expression.to_owned())),
        Ok(_) => {
            let help = "write an expression that only a healthy server's answer matches";
            found.add(Code::BadText, &value.span, "the empty expression matches anything", help);
            None
        }
        Err(error) => {
            let why = match error {
                regex::Error::CompiledTooBig(_) => "it would need too much memory".to_owned(),
                // The last line of a syntax error says what is wrong; those before draw it.
                other => other.to_string().lines().last().unwrap_or_default().trim().to_owned(),
            };
            let message = format!("{} is not a regular expression: {why}", quote(expression));
            let help = "see the syntax of the crate regex: https://docs.rs/regex";
            found.add(Code::BadText, &value.span, message, help);
            None
        }
    }
}

/// Bytes as hexadecimal digits, with spaces where people like them.
pub(super) fn hex(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Vec<u8>> {
    let written = text(key, value, found)?;
    let digits: String = written.chars().filter(|c| *c != ' ').collect();
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    match bytes.filter(|bytes| plain && !bytes.is_empty()) {
        Some(bytes) => Some(bytes),
        None => {
            let message = format!("{} is not a row of bytes", quote(written));
            let help = "write two hexadecimal digits for each byte: \"00 ff\"";
            found.add(Code::BadText, &value.span, message, help);
            None
        }
    }
}

/// A text that goes into a line of a protocol: not empty, without control characters.
pub(crate) fn line(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let written = text(key, value, found)?;
    if !written.is_empty() && !written.chars().any(char::is_control) {
        return Some(written.to_owned());
    }
    let message = format!("{} cannot be {}", quote(key), quote(written));
    let help = "write something on one line, without control characters";
    found.add(Code::BadText, &value.span, message, help);
    None
}

/// A word that goes into a line of a protocol: visible ASCII.
pub(super) fn word(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let written = text(key, value, found)?;
    if !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(written.to_owned());
    }
    let message = format!("{} cannot be {}", quote(key), quote(written));
    let help = "write visible ASCII characters without a space between them";
    found.add(Code::BadText, &value.span, message, help);
    None
}
