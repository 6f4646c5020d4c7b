//! `ldirectord.cf`: its lines, its directives, what they want.

mod alerts;
mod check;
mod lines;
mod real;
mod service;
pub(crate) mod table;

use crate::draft::Draft;
use crate::log::Log;
use crate::place::{At, Place};
use crate::surroundings::Surroundings;
use director_config::Code;
use lines::{Line, Section};
pub(crate) use service::prefix_of;
use std::collections::BTreeSet;
use std::time::Duration;
use table::LANGUAGE;

const GLOBAL: &str = "global";

/// What stands before and between the virtual services, with ldirectord's defaults.
pub(crate) struct Globals {
    check_timeout: Option<u64>,
    negotiate_timeout: Option<u64>,
    check_interval: u64,
    check_count: u64,
    failure_count: At<u64>,
    quiescent: At<bool>,
    fallback: Option<At<String>>,
    fallback6: Option<At<String>>,
    fallback_command: Option<At<String>>,
    email: Email,
    fork: bool,
}

/// Who is told by mail; a service's own lines go before the globals.
#[derive(Clone, Default)]
pub(super) struct Email {
    to: Option<At<String>>,
    from: Option<At<String>>,
    pause: Option<At<u64>>,
    status: Option<At<String>>,
    server: Option<At<String>>,
}

/// Reads one file into the draft.
pub(crate) fn read(
    name: &str,
    text: &str,
    draft: &mut Draft,
    around: &dyn Surroundings,
    log: &mut Log,
) {
    let file = log.file(name, text);
    let parsed = lines::parse(file, text, log);
    let globals = globals(&parsed.globals, file, log);
    let mut seen = BTreeSet::new();
    for section in &parsed.sections {
        let Some(service) = service::service(section, &globals, around, log) else { continue };
        if seen.insert(service.key.value) {
            let all = parsed.sections.len();
            alerts::tell(section, &service.name, &globals.email, (around, all), draft, log);
            draft.services.push(service);
        } else {
            let help = "put their real servers under one `virtual`";
            log.wrong(Code::DuplicateService, section.place, "this service was there before", help);
        }
    }
}

/// The globals as they are at the end of the file: ldirectord, too, reads all of it first.
fn globals(lines: &[Line], file: usize, log: &mut Log) -> Globals {
    let start = Place { file, line: 0, column: 0 };
    let mut globals = Globals {
        check_timeout: None,
        negotiate_timeout: None,
        check_interval: 10,
        check_count: 1,
        failure_count: At::new(1, start),
        quiescent: At::new(false, start),
        fallback: None,
        fallback6: None,
        fallback_command: None,
        email: Email::default(),
        fork: false,
    };
    for line in lines {
        global(line, &mut globals, log);
    }
    globals
}

fn global(line: &Line, globals: &mut Globals, log: &mut Log) {
    let place = line.place;
    match line.name.as_str() {
        "checktimeout" => set(&mut globals.check_timeout, positive(line, log)),
        "negotiatetimeout" => set(&mut globals.negotiate_timeout, positive(line, log)),
        "checkinterval" => globals.check_interval = positive(line, log).unwrap_or(10),
        "checkcount" => globals.check_count = positive(line, log).unwrap_or(1),
        "failurecount" => {
            globals.failure_count = At::new(positive(line, log).unwrap_or(1), place);
        }
        "quiescent" => {
            globals.quiescent = At::new(yes_or_no(line, log).unwrap_or(false), place);
        }
        "fork" => globals.fork = yes_or_no(line, log).unwrap_or(false),
        "autoreload" | "readdquiescent" | "cleanstop" => {
            let said = yes_or_no(line, log);
            if (line.name.as_str(), said) == ("cleanstop", Some(true)) {
                return;
            }
        }
        "fallback" => globals.fallback = Some(line.value()),
        "fallback6" => globals.fallback6 = Some(line.value()),
        "fallbackcommand" => globals.fallback_command = Some(unquoted_value(line)),
        name if alerts::NAMES.contains(&name) => alerts::take(&mut globals.email, line, log),
        "callback" | "logfile" if !is_quoted(&line.value) => unquoted(line, log),
        "timeout" | "connecttimeout" => {
            let message = format!("ldirectord no longer takes `{}`", line.name);
            let help = "write checktimeout and negotiatetimeout, as ldirectord says";
            log.wrong(Code::UnknownKey, place, message, help);
            return;
        }
        name if LANGUAGE.find(GLOBAL, name).is_none() => {
            unknown(line, GLOBAL, log);
            return;
        }
        _ => {}
    }
    LANGUAGE.note(GLOBAL, &line.name, place, log);
}

fn set(field: &mut Option<u64>, value: Option<u64>) {
    if value.is_some() {
        *field = value;
    }
}

/// The first digits of the value, as ldirectord takes numbers: `5.5` is 5, `10ms` is 10.
fn number(line: &Line, log: &mut Log) -> Option<u64> {
    let digits: String = line
        .value
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    let number = digits.parse().ok();
    if number.is_none() {
        let message = format!("`{}` has no number that can be used", line.name);
        log.wrong(Code::WrongType, line.value_place, message, "write a number");
    } else if line.value.trim() != digits {
        let text = format!("ldirectord reads {digits}, the first digits, and nothing else of it");
        log.changed(line.value_place, &line.name, text);
    }
    number
}

fn positive(line: &Line, log: &mut Log) -> Option<u64> {
    let number = number(line, log)?;
    if number == 0 {
        let message = format!("`{}` cannot be 0", line.name);
        log.wrong(Code::OutOfRange, line.value_place, message, "write a number above 0");
        return None;
    }
    Some(number)
}

fn yes_or_no(line: &Line, log: &mut Log) -> Option<bool> {
    match line.value.as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => {
            let message = format!("`{}` is `yes` or `no`, and nothing after it", line.name);
            let help = "ldirectord takes no blank and, outside of a service, no comment after it";
            log.wrong(Code::UnknownValue, line.value_place, message, help);
            None
        }
    }
}

fn is_quoted(value: &str) -> bool {
    quoted(value).is_some()
}

/// The value, with quotation marks around it or without.
fn unquoted_value(line: &Line) -> At<String> {
    let value = quoted(&line.value).unwrap_or_else(|| line.value.trim());
    At::new(value.to_owned(), line.value_place)
}

/// What stands between the first and the last quotation mark.
fn quoted(value: &str) -> Option<&str> {
    let rest = value.strip_prefix('"')?;
    rest.rfind('"').and_then(|end| rest.get(..end))
}

fn unquoted(line: &Line, log: &mut Log) {
    let message = format!("the value of `{}` stands in quotation marks", line.name);
    let help = format!("write {}=\"…\"", line.name);
    log.wrong(Code::Syntax, line.value_place, message, help);
}

fn unknown(line: &Line, section: &str, log: &mut Log) {
    let message = format!("ldirectord has no directive `{}` here", line.name);
    let names = LANGUAGE.names(section);
    let help = match director_config::nearest(&line.name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if section == GLOBAL && LANGUAGE.find("virtual", &line.name).is_some() => {
            "indent it by four blanks or a tab, right under the `virtual` that it belongs to; an \
             empty line ends a service"
                .to_owned()
        }
        None => "see ldirectord(8) for the directives that there are".to_owned(),
    };
    log.wrong(Code::UnknownKey, line.place, message, help);
}

/// Where a section's own settings stand, or the globals'.
pub(super) struct Times {
    pub(super) check: Duration,
    pub(super) negotiate: Duration,
}

/// ldirectord's own order of what is said and what is not (`ld_checktimeout`).
fn times(section: &Section, globals: &Globals, log: &mut Log) -> Times {
    let mut own = |name| section.last(name).and_then(|line| positive(line, log));
    let (check, negotiate) = (own("checktimeout"), own("negotiatetimeout"));
    let (all_check, all_negotiate) = (globals.check_timeout, globals.negotiate_timeout);
    let first = |order: [Option<u64>; 4], default| {
        Duration::from_secs(order.into_iter().flatten().next().unwrap_or(default))
    };
    Times {
        check: first([check, negotiate, all_check, all_negotiate], 5),
        negotiate: first([negotiate, check, all_negotiate, all_check], 30),
    }
}
