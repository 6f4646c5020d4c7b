//! Values of statements.

use super::tree::Statement;
use crate::log::Log;
use crate::place::At;
use director_config::Code;
use std::net::IpAddr;
use std::time::Duration;

/// The first value of the last statement of this name.
pub(super) fn text(block: &Statement, name: &str) -> Option<At<String>> {
    block.last(name)?.value(0).cloned()
}

/// The same, as a whole number.
pub(super) fn number(block: &Statement, name: &str, log: &mut Log) -> Option<At<u32>> {
    let at = text(block, name)?;
    let parsed = at.value.parse().ok();
    if parsed.is_none() {
        let message = format!("`{}` is no number for `{name}`", at.value);
        log.wrong(Code::WrongType, at.place, message, "write a whole number, not below 0");
    }
    Some(At::new(parsed?, at.place))
}

/// The same, as seconds with or without a fraction.
pub(super) fn seconds(block: &Statement, name: &str, log: &mut Log) -> Option<At<Duration>> {
    let at = text(block, name)?;
    let written = if at.value.starts_with('.') { format!("0{}", at.value) } else { at.value };
    let parsed = director_config::parse_duration(&format!("{}s", written.trim_end_matches('.')));
    if parsed.is_none() {
        let message = format!("`{written}` is no time for `{name}`");
        log.wrong(Code::BadDuration, at.place, message, "write seconds, such as 3 or 0.5");
    }
    Some(At::new(parsed?, at.place))
}

/// Whether a switch is on: alone, or with a word that says so.
pub(super) fn is_on(block: &Statement, name: &str) -> Option<At<bool>> {
    let statement = block.last(name)?;
    let word = statement.value(0).map_or("on", |at| at.value.as_str());
    Some(At::new(!matches!(word, "off" | "false" | "no"), statement.place()))
}

/// An address, with brackets or without.
pub(super) fn address(at: &At<String>, log: &mut Log) -> Option<IpAddr> {
    let parsed = at.value.trim_matches(['[', ']']).parse().ok();
    if parsed.is_none() {
        let message = format!("`{}` is no address", at.value);
        log.wrong(Code::BadAddress, at.place, message, "write one such as 10.0.0.21");
    }
    parsed
}

/// A port from 0 to 65535.
pub(super) fn port(at: &At<String>, log: &mut Log) -> Option<u16> {
    let parsed = at.value.parse().ok();
    if parsed.is_none() {
        let message = format!("`{}` is no port", at.value);
        log.wrong(Code::OutOfRange, at.place, message, "write a port from 1 to 65535");
    }
    parsed
}
