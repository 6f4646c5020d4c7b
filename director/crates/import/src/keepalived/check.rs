//! Checkers of a real server, as the check of its service.

use super::table;
use super::tree::Statement;
use super::values::{is_on, number, seconds, text};
use crate::draft::{Check, Dialogue};
use crate::log::Log;
use crate::pattern::literal;
use crate::place::{At, Place};
use std::time::Duration;

/// Kinds of checkers, with what they are here and their own number of retries.
const KINDS: [(&str, &str, u32); 9] = [
    ("HTTP_GET", "http", 1),
    ("SSL_GET", "http", 1),
    ("TCP_CHECK", "tcp", 1),
    ("SMTP_CHECK", "smtp", 1),
    ("DNS_CHECK", "dns", 3),
    ("MISC_CHECK", "program", 0),
    ("PING_CHECK", "ping", 1),
    ("UDP_CHECK", "udp", 1),
    ("FILE_CHECK", "on", 0),
];

/// What a virtual server says for its servers, and a server for its checkers.
#[derive(Clone, Default)]
pub(super) struct Inherited {
    interval: Option<Duration>,
    timeout: Option<Duration>,
    retry: Option<u32>,
    host: Option<At<String>>,
}

impl Inherited {
    /// The same where the block says nothing of its own.
    pub(super) fn with(&self, block: &Statement, log: &mut Log) -> Self {
        let time = |name, log: &mut Log| seconds(block, name, log).map(|at| at.value);
        let retry = number(block, "retry", log).or_else(|| number(block, "nb_get_retry", log));
        Self {
            interval: time("delay_loop", log).or(self.interval),
            timeout: time("connect_timeout", log).or(self.timeout),
            retry: retry.map(|at| at.value).or(self.retry),
            host: text(block, "virtualhost").or_else(|| self.host.clone()),
        }
    }
}

/// The check of a server: its first checker, when it has one that is known.
pub(super) fn check(
    real: &Statement,
    inherited: &Inherited,
    port: Option<u16>,
    log: &mut Log,
) -> Option<Check> {
    let inherited = inherited.with(real, log);
    let kind = |it: &Statement| KINDS.into_iter().find(|(name, ..)| *name == it.name());
    let checkers = real.children().iter().filter_map(|it| Some((it, kind(it)?)));
    let mut checkers = checkers.collect::<Vec<_>>().into_iter();
    let (checker, (name, kind, retry)) = checkers.next()?;
    for (other, (name, ..)) in checkers {
        log.left_out(other.place(), name, "a server has one check: the first of its checkers");
    }
    table::note("checker", checker.children(), log);
    let own = inherited.with(checker, log);
    let place = checker.place();
    let dialogue = dialogue(name, kind, checker, &own, log);
    let asked = number(checker, "connect_port", log).and_then(|at| u16::try_from(at.value).ok());
    let timeout = seconds(checker, "misc_timeout", log).map(|at| at.value);
    let interval = own.interval.unwrap_or(Duration::from_secs(60));
    let default = if kind == "program" { interval } else { Duration::from_secs(5) };
    let timeout = timeout.or(own.timeout).unwrap_or(default);
    if timeout > interval {
        let text = "the check begins as often as it may last, so that it never meets the next";
        log.changed(place, "connect_timeout", text);
    }
    Some(Check {
        place,
        dialogue,
        port: asked.or(port),
        interval,
        timeout,
        fall: own.retry.unwrap_or(retry).saturating_add(1),
        rise: 1,
    })
}

fn dialogue(
    name: &str,
    kind: &'static str,
    checker: &Statement,
    own: &Inherited,
    log: &mut Log,
) -> Dialogue {
    let dialogue = Dialogue::of(kind);
    let with = |dialogue: Dialogue, key, at: Option<At<String>>| match at {
        Some(at) => dialogue.with(key, at.value, Some(at.place)),
        None => dialogue,
    };
    match name {
        "HTTP_GET" => http(dialogue, checker, own, log),
        "SSL_GET" => http(dialogue.with("tls", true, None), checker, own, log),
        "SMTP_CHECK" => with(dialogue, "helo", text(checker, "helo_name")),
        "DNS_CHECK" => {
            // Without more it asks for the start of authority of the root.
            let said = |key, usual: &str| match text(checker, key) {
                Some(at) => (at.value, Some(at.place)),
                None => (usual.to_owned(), None),
            };
            let ((name, name_place), (record, record_place)) =
                (said("name", "."), said("type", "SOA"));
            let dialogue = dialogue.with("name", root(&name), name_place);
            dialogue.with("record", record, record_place)
        }
        "MISC_CHECK" => {
            let Some(path) = text(checker, "misc_path") else { return dialogue };
            let words: Vec<String> = path.value.split_whitespace().map(str::to_owned).collect();
            let dialogue = dialogue.with("command", words, Some(path.place));
            with(dialogue, "user", text(checker, "user"))
        }
        "UDP_CHECK" => {
            let hexadecimal = |name| {
                let statement = checker.last(name)?;
                let digits: String =
                    statement.words.iter().skip(1).map(|word| padded(&word.value)).collect();
                (!digits.is_empty()).then(|| At::new(digits, statement.place()))
            };
            let dialogue = with(dialogue, "send-hex", hexadecimal("payload"));
            with(dialogue, "expect-hex", hexadecimal("require_reply"))
        }
        _ => dialogue,
    }
}

/// `.` is the root of names.
fn root(name: &str) -> String {
    if name.is_empty() { ".".to_owned() } else { name.to_owned() }
}

/// Bytes of two digits: one digit alone is a byte, too.
fn padded(word: &str) -> String {
    if word.len().is_multiple_of(2) { word.to_owned() } else { format!("0{word}") }
}

fn http(dialogue: Dialogue, checker: &Statement, own: &Inherited, log: &mut Log) -> Dialogue {
    let mut urls = checker.children().iter().filter(|it| it.name() == "url");
    let Some(url) = urls.next() else { return dialogue };
    for other in urls {
        log.left_out(other.place(), "url", "a check asks for one page: the first");
    }
    table::note("url", url.children(), log);
    let mut dialogue = dialogue;
    if let Some(path) = text(url, "path") {
        dialogue = dialogue.with("path", path.value, Some(path.place));
    }
    if let Some(host) = text(url, "virtualhost").or_else(|| own.host.clone()) {
        dialogue = dialogue.with("host", host.value, Some(host.place));
    }
    if let Some(statement) = url.last("status_code") {
        let ranges: Vec<&str> =
            statement.words.iter().skip(1).map(|word| word.value.as_str()).collect();
        dialogue = dialogue.with("status", ranges.join(", "), Some(statement.place()));
    }
    let wants_absence = is_on(url, "regex_no_match").is_some();
    if let Some(regex) = text(url, "regex").filter(|_| !wants_absence) {
        let place = Some(regex.place);
        dialogue = match literal(&regex.value) {
            Some(text) => dialogue.with("expect", text, place),
            None => dialogue.with("expect-regex", regex.value, place),
        };
    }
    dialogue
}

/// One check for all servers: the first of them; the others are told.
pub(super) fn common(
    checks: Vec<Option<Check>>,
    listen: Option<u16>,
    place: Place,
    log: &mut Log,
) -> Option<Check> {
    let unchecked = checks.iter().any(Option::is_none);
    let mut checks = checks.into_iter().flatten();
    let Some(mut first) = checks.next() else {
        let text = "keepalived takes servers without a checker for healthy; a connection must be \
                    possible from now on";
        log.changed(place, "real_server", text);
        return None;
    };
    if unchecked {
        let text = "a server without a checker gets the check of the others";
        log.changed(place, "real_server", text);
    }
    let same = |check: &Check| {
        let mut dialogue = check.dialogue.clone();
        dialogue.settings.iter_mut().for_each(|setting| setting.place = None);
        (dialogue, check.port, check.interval, check.timeout, check.fall)
    };
    for other in checks.filter(|other| same(other) != same(&first)) {
        let text =
            format!("its service has one check for all servers: {}", log.origin(first.place));
        log.left_out(other.place, "a checker that differs", text);
    }
    first.port = first.port.filter(|port| Some(*port) != listen);
    Some(first)
}
