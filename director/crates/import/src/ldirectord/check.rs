//! What ldirectord asks its servers, as a check of a director.

use super::lines::Section;
use super::service::{first_word, said};
use super::table::LANGUAGE;
use super::{Globals, number, positive, times};
use crate::draft::{Check, Dialogue, Key};
use crate::log::Log;
use crate::pattern::literal;
use crate::place::{At, Place};
use director_config::Code;
use std::time::Duration;

const SECTION: &str = "virtual";

/// Ports that ldirectord knows a service for.
const SERVICES: [(u16, &str); 19] = [
    (21, "ftp"),
    (25, "smtp"),
    (53, "dns"),
    (80, "http"),
    (110, "pop"),
    (119, "nntp"),
    (143, "imap"),
    (389, "ldap"),
    (443, "https"),
    (587, "submission"),
    (636, "ldaps"),
    (993, "imaps"),
    (995, "pops"),
    (1521, "oracle"),
    (1812, "radius"),
    (3128, "http_proxy"),
    (3306, "mysql"),
    (5060, "sip"),
    (5432, "pgsql"),
];

/// Services without a port of their own.
const PORTLESS: [&str; 2] = ["none", "simpletcp"];

/// The kinds of `checktype`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Negotiate,
    Connect,
    Combined,
    Ping,
    External,
    Perl,
    On,
    Off,
}

/// A real server's port and its own request and answer.
pub(super) type Own = (u16, Option<(String, String)>);

pub(super) fn check(
    section: &Section,
    globals: &Globals,
    key: Key,
    own: &[Own],
    log: &mut Log,
) -> Option<Check> {
    let times = times(section, globals, log);
    let (kind, place) = kind(section, log);
    let service = service_name(section, key, log)?;
    let port = port(section, key, own, service, log);
    let dialogue = match kind {
        Kind::Connect if matches!(key, Key::Udp(_)) => Dialogue::of("ping"),
        Kind::Connect => Dialogue::of("tcp"),
        Kind::Ping => Dialogue::of("ping"),
        Kind::External | Kind::Perl => external(section, key, log),
        Kind::On => Dialogue::of("on"),
        Kind::Off => Dialogue::of("off"),
        Kind::Negotiate | Kind::Combined => negotiate(section, service, key, own, log),
    };
    let short = matches!(kind, Kind::Connect | Kind::Ping | Kind::External | Kind::Perl)
        || matches!(service, "ldap" | "ldaps" | "radius");
    let timeout = if short { times.check } else { times.negotiate };
    let interval = interval(section, globals, log);
    let fall = section.last("failurecount").and_then(|line| positive(line, log));
    let fall = fall.unwrap_or(globals.failure_count.value);
    if timeout > interval && !matches!(kind, Kind::On | Kind::Off) {
        let text = format!(
            "checks begin every {} s instead of {} s after the last one ended, so that one that \
             lasts its {} s never meets the next",
            timeout.as_secs(),
            interval.as_secs(),
            timeout.as_secs()
        );
        log.changed(place, "checkinterval", text);
    }
    Some(Check {
        place,
        dialogue,
        port,
        interval,
        timeout,
        fall: u32::try_from(fall).unwrap_or(u32::MAX),
        rise: 1,
    })
}

fn kind(section: &Section, log: &mut Log) -> (Kind, Place) {
    let Some(line) = section.last("checktype") else { return (Kind::Negotiate, section.place) };
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let word = line.value.trim_start_matches(|c| !is_word(c));
    let word = word.split(|c| !is_word(c)).next().unwrap_or("");
    let kind = match word {
        _ if line.value.contains(|c: char| c.is_ascii_digit()) => Kind::Combined,
        "negotiate" => Kind::Negotiate,
        "connect" => Kind::Connect,
        "ping" => Kind::Ping,
        "external" => Kind::External,
        "external-perl" => Kind::Perl,
        "on" => Kind::On,
        "off" => Kind::Off,
        _ => {
            let message = format!("ldirectord has no checktype `{word}`");
            let help =
                "write negotiate, connect, ping, on, off, external, external-perl or a number";
            log.wrong(Code::UnknownValue, line.value_place, message, help);
            Kind::Negotiate
        }
    };
    let name = if kind == Kind::Combined {
        let _number = number(line, log);
        "checktype=N".to_owned()
    } else {
        format!("checktype={word}")
    };
    LANGUAGE.note(SECTION, &name, line.place, log);
    (kind, line.place)
}

fn service_name(section: &Section, key: Key, log: &mut Log) -> Option<&'static str> {
    let by_port = key.address().and_then(|address| {
        SERVICES.into_iter().find(|(port, _)| *port == address.port()).map(|(_, name)| name)
    });
    let Some(line) = section.last("service") else { return Some(by_port.unwrap_or("none")) };
    let word = first_word(&line.value);
    let known = SERVICES.into_iter().map(|(_, name)| name).chain(PORTLESS);
    let found = known.into_iter().find(|name| *name == word);
    if found.is_none() {
        let message = format!("ldirectord has no service `{word}`");
        let names: Vec<&str> = SERVICES.into_iter().map(|(_, name)| name).chain(PORTLESS).collect();
        let help = match director_config::nearest(word, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", names.join(", ")),
        };
        log.wrong(Code::UnknownValue, line.value_place, message, help);
    }
    found
}

/// The port that is asked, when it is not the one that clients are sent to.
fn port(section: &Section, key: Key, own: &[Own], service: &str, log: &mut Log) -> Option<u16> {
    if let Some(line) = section.last("checkport") {
        let port = number(line, log).and_then(|number| u16::try_from(number).ok());
        if port.is_none_or(|port| port == 0) {
            let message = "a port is 1 to 65535";
            log.wrong(Code::OutOfRange, line.value_place, message, "write one of these");
        }
        return port.filter(|port| own.iter().any(|(other, _)| other != port) || own.is_empty());
    }
    let listen = key.address().map(|address| address.port());
    let default = SERVICES.into_iter().find(|(_, name)| *name == service).map(|(port, _)| port);
    let mut ports = own.iter().map(|(port, _)| if *port == 0 { default } else { Some(*port) });
    let first = ports.next()??;
    if ports.any(|port| port != Some(first)) {
        let text = "the servers have several ports, and one check asks one of them";
        log.changed(section.place, "real", text);
    }
    (listen != Some(first)).then_some(first)
}

/// Seconds between rounds; a service has its own only with `fork=yes`.
fn interval(section: &Section, globals: &Globals, log: &mut Log) -> Duration {
    let own = section.last("checkinterval").and_then(|line| {
        let seconds = positive(line, log)?;
        if !globals.fork {
            let text = "it counts from now on; ldirectord ignored it without fork=yes";
            log.changed(line.place, "checkinterval", text);
        }
        Some(seconds)
    });
    Duration::from_secs(own.unwrap_or(globals.check_interval))
}

/// The program gets what ldirectord gave it: the service's address and port, then the server's.
fn external(section: &Section, key: Key, log: &mut Log) -> Dialogue {
    let command = said(section, "checkcommand");
    let place = command.as_ref().map_or(section.place, |it| it.place);
    let command = command.map_or("/bin/true", |it| it.value);
    let mut words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
    if words.len() > 1 {
        log.changed(place, "checkcommand", "what follows the program's name is an argument now");
    }
    words.extend(match key {
        Key::FwMark(mark) | Key::FwMark6(mark) => [mark.to_string(), "0".to_owned()],
        Key::Tcp(address) | Key::Udp(address) | Key::Sctp(address) => {
            [address.ip().to_string(), address.port().to_string()]
        }
    });
    Dialogue::of("program").with("command", words, Some(place))
}

fn negotiate(
    section: &Section,
    service: &'static str,
    key: Key,
    own: &[Own],
    log: &mut Log,
) -> Dialogue {
    LANGUAGE.note(SECTION, &format!("service={service}"), section.place, log);
    let (request, receive) = texts(section, own, log);
    let login = said(section, "login");
    let asked = |kind, key, value: String| Dialogue::of(kind).with(key, value, Some(request.place));
    let name = request.value.strip_prefix('/').unwrap_or(&request.value).to_owned();
    let mut dialogue = match service {
        "http" | "https" => return http(section, service, &request, &receive, log),
        "http_proxy" => asked("http", "path", name),
        "smtp" | "submission" => return Dialogue::of("smtp"),
        "pop" => Dialogue::of("pop3"),
        "pops" => Dialogue::of("pop3").with("tls", true, None),
        "imap" | "nntp" | "radius" | "sip" => Dialogue::of(service),
        "imaps" => Dialogue::of("imap").with("tls", true, None),
        "ldap" => asked("ldap", "base", name),
        "ldaps" => asked("ldap", "base", name).with("tls", true, None),
        "ftp" => asked("ftp", "file", name),
        "dns" => asked("dns", "name", name),
        "oracle" => Dialogue::of("oracle"),
        "mysql" => asked("mysql", "query", name),
        "pgsql" => asked("postgresql", "query", name),
        "simpletcp" => asked("tcp", "send", name.replace("\\n", "\n")),
        _ if matches!(key, Key::Udp(_)) => Dialogue::of("on"),
        _ => {
            let text = "ldirectord takes every server of a service that it does not know for \
                        healthy; a connection must be possible from now on";
            log.changed(section.place, "service=none", text);
            return Dialogue::of("tcp");
        }
    };
    // ldirectord looks at the answers of these only.
    let answers = ["http_proxy", "ldap", "ldaps", "ftp", "dns", "simpletcp"];
    if let Some(receive) = receive.filter(|_| answers.contains(&service)) {
        dialogue = expected(dialogue, &receive);
    }
    if service == "sip" {
        let asker = login.filter(|login| login.value.contains('@'));
        let place = asker.as_ref().map(|asker| asker.place);
        let asker = asker.map_or("ldirectord@localhost", |asker| asker.value);
        dialogue = dialogue.with("user", asker, place);
    }
    dialogue
}

/// The service's request and answer; a server's own where all servers agree on it.
fn texts(section: &Section, own: &[Own], log: &mut Log) -> (At<String>, Option<At<String>>) {
    let place = |name| section.last(name).map_or(section.place, |line| line.place);
    let request = said(section, "request").map_or("/", |it| it.value);
    let slash = if request.starts_with('/') { "" } else { "/" };
    let request = At::new(format!("{slash}{request}"), place("request"));
    let receive = said(section, "receive").map(|it| it.map(str::to_owned));
    let mut first = own.iter().map(|(_, texts)| texts);
    let Some(Some(texts)) = first.next() else {
        if own.iter().any(|(_, texts)| texts.is_some()) {
            one_for_all(section, log);
        }
        return (request, receive);
    };
    if first.any(|other| other.as_ref() != Some(texts)) {
        one_for_all(section, log);
        return (request, receive);
    }
    let place = place("real");
    let receive = (!texts.1.is_empty()).then(|| At::new(texts.1.clone(), place));
    (At::new(texts.0.clone(), place), receive)
}

fn one_for_all(section: &Section, log: &mut Log) {
    let place = section.last("real").map_or(section.place, |line| line.place);
    let text = "a request and an answer of one server's own: a service has one check for all";
    log.left_out(place, "real", text);
}

fn http(
    section: &Section,
    service: &'static str,
    request: &At<String>,
    receive: &Option<At<String>>,
    log: &mut Log,
) -> Dialogue {
    let mut dialogue = Dialogue::of("http");
    if service == "https" {
        dialogue = dialogue.with("tls", true, None);
    }
    dialogue = dialogue.with("path", path(&request.value), Some(request.place));
    if let Some(host) = section.last("virtualhost") {
        let name: String = host.value.trim().trim_matches('"').to_owned();
        dialogue = dialogue.with("host", name, Some(host.place));
    }
    let method = section.last("httpmethod").map(|line| (first_word(&line.value), line));
    match method {
        None => {}
        Some((word, _)) if word.eq_ignore_ascii_case("get") => {}
        Some((word, line)) if word.eq_ignore_ascii_case("head") => {
            dialogue = dialogue.with("method", "HEAD", Some(line.place));
            if receive.is_some() {
                let text = "an answer to HEAD has no page: this check could never succeed";
                log.changed(line.place, "httpmethod", text);
            }
        }
        Some((_, line)) => {
            let message = "`httpmethod` is GET or HEAD";
            log.wrong(Code::UnknownValue, line.value_place, message, "write one of the two");
        }
    }
    match receive {
        Some(receive) => expected(dialogue, receive),
        None => dialogue,
    }
}

/// What stands in a request line as it is; the rest in its percent form (RFC 3986 §2.1).
fn path(request: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_graphic() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    request.bytes().map(escape).collect()
}

/// What the answer must have: a text where the expression is one, or else the expression.
fn expected(dialogue: Dialogue, receive: &At<String>) -> Dialogue {
    let place = Some(receive.place);
    match literal(&receive.value) {
        Some(text) => dialogue.with("expect", text, place),
        None => dialogue.with("expect-regex", receive.value.clone(), place),
    }
}
