//! A `virtual` section as a service.

use super::check::check;
use super::lines::{Line, Section};
use super::real::{self, Host};
use super::table::LANGUAGE;
use super::{Globals, is_quoted, number, quoted, unknown, unquoted, unquoted_value, yes_or_no};
use crate::draft::{Fallback, Forward, Key, Persistence, Server, Service, Wrapping};
use crate::log::Log;
use crate::place::At;
use crate::surroundings::Surroundings;
use director_config::Code;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const SECTION: &str = "virtual";

pub(super) fn service(
    section: &Section,
    globals: &Globals,
    around: &dyn Surroundings,
    log: &mut Log,
) -> Option<Service> {
    known(section, log);
    let key = key(section, around, log)?;
    let port = key.address().map(|address| address.port());
    let mut servers: Vec<Server> = Vec::new();
    let mut own = Vec::new();
    for line in section.lines.iter().filter(|line| matches!(line.name.as_str(), "real" | "real6")) {
        if !is_family(line, section, log) {
            continue;
        }
        for real in real::reals(line, section.is_v6, around, log) {
            let port = match real.port {
                0 => None,
                // ipvsadm takes the service's port whatever is written.
                _ if real.forward.keeps_port() && port.is_some() => port,
                port => Some(port),
            };
            own.push((real.port, real.texts));
            servers.push(Server {
                place: line.place,
                address: real.address,
                port,
                weight: real.weight,
                forward: real.forward,
                upper: real.upper,
                lower: real.lower,
            });
        }
    }
    duplicates(&mut servers, log);
    let check = check(section, globals, key, &own, log);
    let forward = common_forward(&servers, section);
    let fallback = fallback(section, globals, key, around, log).map(|at| {
        let (fallback, method) = at.value;
        if method != forward.value && !fallback.address.is_loopback() && !servers.is_empty() {
            let text = "the fallback is reached as the real servers are";
            log.changed(at.place, "fallback", text);
        }
        At::new(fallback, at.place)
    });
    let command = section.last("fallbackcommand").map(unquoted_value);
    let command = command.or_else(|| globals.fallback_command.clone());
    let words = |said: String| said.split_whitespace().map(str::to_owned).collect();
    let quiescent = section.last("quiescent");
    let quiesce = quiescent
        .and_then(|line| yes_or_no(line, log).map(|yes| At::new(yes, line.place)))
        .unwrap_or_else(|| globals.quiescent.clone());
    Some(Service {
        place: section.place,
        name: key.name(),
        key: At::new(key, section.place),
        scheduler: Some(scheduler(section)),
        flags: flags(section),
        one_packet: one_packet(section, key, log),
        persistence: persistence(section, log),
        forward,
        check,
        quiesce,
        fallback,
        fallback_command: command.map(|at| at.map(words)),
        quorum: None,
        servers,
    })
}

/// Every line is one that ldirectord has; what is not carried over is noted.
fn known(section: &Section, log: &mut Log) {
    for line in &section.lines {
        let name = line.name.as_str();
        if name == "connecttimeout" {
            let help = "write negotiatetimeout, as ldirectord says";
            let message = "ldirectord no longer takes `connecttimeout`";
            log.wrong(Code::UnknownKey, line.place, message, help);
        } else if LANGUAGE.find(SECTION, name).is_none() {
            unknown(line, SECTION, log);
        } else {
            LANGUAGE.note(SECTION, name, line.place, log);
        }
        let quoted = ["request", "receive", "login", "passwd", "database", "secret", "load"];
        if quoted.contains(&name) && !is_quoted(&line.value) {
            unquoted(line, log);
        } else if quoted.contains(&name) && text(line).is_empty() {
            let message = format!("`{name}` is empty");
            log.wrong(Code::BadText, line.value_place, message, "write a text, or no such line");
        }
        if matches!(name, "cleanstop" | "ops") {
            let _checked = yes_or_no(line, log);
        }
    }
}

fn text(line: &Line) -> &str {
    quoted(&line.value).unwrap_or("")
}

/// A text of the section, without its quotation marks.
pub(super) fn said<'a>(section: &'a Section, name: &str) -> Option<At<&'a str>> {
    let line = section.last(name)?;
    let value = quoted(&line.value).unwrap_or_else(|| line.value.trim());
    Some(At::new(value, line.place))
}

fn is_family(line: &Line, section: &Section, log: &mut Log) -> bool {
    let fits = line.name.ends_with('6') == section.is_v6;
    if !fits {
        let plain = line.name.trim_end_matches('6');
        let right = if section.is_v6 { format!("{plain}6") } else { plain.to_owned() };
        let message = format!("`{}` does not fit the family of its service", line.name);
        log.wrong(Code::UnknownKey, line.place, message, format!("write `{right}`"));
    }
    fits
}

fn key(section: &Section, around: &dyn Surroundings, log: &mut Log) -> Option<Key> {
    let value = section.value.as_str();
    let wrong = |log: &mut Log, message: &str, help: &str| {
        log.wrong(Code::BadAddress, section.place, message, help);
    };
    let word: String = value.chars().take_while(|c| !c.is_whitespace() && *c != '#').collect();
    let digits = word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty();
    let protocol = section.last("protocol").map(|line| (line, first_word(&line.value)));
    if digits {
        if let Some((line, _)) = protocol.filter(|(_, word)| *word != "fwm") {
            let message = "a service by firewall mark has `protocol=fwm` and no other";
            log.wrong(Code::UnknownValue, line.value_place, message, "leave the line out");
        }
        let Ok(mark) = word.parse() else {
            wrong(log, "this is no firewall mark", "write a number up to 4294967295");
            return None;
        };
        return Some(if section.is_v6 { Key::FwMark6(mark) } else { Key::FwMark(mark) });
    }
    if word.starts_with('[') && !section.is_v6 {
        wrong(log, "`virtual` takes no IPv6 address", "write `virtual6=` for it");
        return None;
    }
    let is_dns = word.ends_with(":53") || word.ends_with(":domain");
    let protocol = match protocol {
        None => {
            if is_dns {
                "udp"
            } else {
                "tcp"
            }
        }
        Some((_, word @ ("tcp" | "udp"))) => word,
        Some((line, _)) => {
            let message = "a service by address and port has `protocol` tcp or udp";
            log.wrong(Code::UnknownValue, line.value_place, message, "write tcp or udp");
            return None;
        }
    };
    let Some(Host { name, port: Some(port) }) = Host::split(&word) else {
        wrong(log, "this is no address and port", "write virtual=10.0.0.100:80, or a mark");
        return None;
    };
    let address = real::address(&name, section.is_v6, section.place, "virtual", around, log)?;
    let port = real::port(&port, protocol, section.place, around, log)?;
    let address = SocketAddr::new(address, port);
    Some(if protocol == "udp" { Key::Udp(address) } else { Key::Tcp(address) })
}

pub(super) fn first_word(value: &str) -> &str {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let start = value.find(is_word).unwrap_or(value.len());
    let rest = value.get(start..).unwrap_or("");
    rest.split(|c: char| !is_word(c)).next().unwrap_or("")
}

/// Lower-case letters, whatever is around them; ldirectord's default is `wrr`.
fn scheduler(section: &Section) -> At<String> {
    let said = section.last("scheduler").map(|line| {
        let letters = line.value.chars().skip_while(|c| !c.is_ascii_lowercase());
        At::new(letters.take_while(char::is_ascii_lowercase).collect(), line.place)
    });
    said.unwrap_or_else(|| At::new("wrr".to_owned(), section.place))
}

fn flags(section: &Section) -> Vec<At<String>> {
    let Some(line) = section.last("schedflags") else { return Vec::new() };
    let word = line.value.split_whitespace().next().unwrap_or("");
    let flags = word.split(',').filter(|flag| !flag.is_empty());
    flags.map(|flag| At::new(flag.to_owned(), line.place)).collect()
}

fn one_packet(section: &Section, key: Key, log: &mut Log) -> Option<crate::place::Place> {
    let line = section.last("ops")?;
    let wanted = yes_or_no(line, log)?;
    (wanted && matches!(key, Key::Udp(_))).then_some(line.place)
}

fn persistence(section: &Section, log: &mut Log) -> Option<At<Persistence>> {
    let netmask = section.last("netmask").and_then(|line| {
        let prefix = if section.is_v6 {
            line.value.trim().parse().ok().filter(|bits| (1..=128).contains(bits))
        } else {
            prefix_of(line.value.trim())
        };
        if prefix.is_none() {
            let help = if section.is_v6 { "write 1 to 128" } else { "write 255.255.255.0 or such" };
            log.wrong(Code::BadAddress, line.value_place, "this is no netmask", help);
        }
        Some(At::new(prefix?, line.place))
    });
    let line = section.last("persistent")?;
    let seconds = number(line, log)?;
    let timeout = Duration::from_secs(seconds);
    Some(At::new(Persistence { timeout, prefix: netmask, engine: None }, line.place))
}

/// The length of the prefix that a netmask stands for.
pub(crate) fn prefix_of(mask: &str) -> Option<u8> {
    let bits = u32::from(mask.parse::<Ipv4Addr>().ok()?);
    let ones = bits.leading_ones();
    (bits.count_ones() == ones).then(|| u8::try_from(ones).ok()).flatten()
}

/// How most servers are reached.
fn common_forward(servers: &[Server], section: &Section) -> At<Forward> {
    let count = |forward| servers.iter().filter(|server| server.forward == forward).count();
    let all = [Forward::Direct, Forward::Nat, Forward::Tunnel(Wrapping::Ipip)];
    let most = all.into_iter().rev().max_by_key(|it| count(*it)).unwrap_or(Forward::Direct);
    let first = servers.iter().find(|server| server.forward == most);
    At::new(most, first.map_or(section.place, |server| server.place))
}

/// The kernel has a server once; of two lines ldirectord's last change wins.
fn duplicates(servers: &mut Vec<Server>, log: &mut Log) {
    let mut kept: Vec<Server> = Vec::new();
    for server in servers.drain(..) {
        let same = |it: &Server| (it.address, it.port) == (server.address, server.port);
        if let Some(at) = kept.iter().position(same) {
            let text = "the service has this server twice; the last line counts";
            log.changed(server.place, "real", text);
            kept.remove(at);
        }
        kept.push(server);
    }
    *servers = kept;
}

fn fallback(
    section: &Section,
    globals: &Globals,
    key: Key,
    around: &dyn Surroundings,
    log: &mut Log,
) -> Option<At<(Fallback, Forward)>> {
    let name = if section.is_v6 { "fallback6" } else { "fallback" };
    let other = if section.is_v6 { "fallback" } else { "fallback6" };
    if let Some(line) = section.last(other) {
        is_family(line, section, log);
    }
    let all = if section.is_v6 { &globals.fallback6 } else { &globals.fallback };
    let said = section.last(name).map(Line::value);
    if said.is_none() && all.is_some() && key.address().is_none() {
        let place = section.place;
        let text = "the global fallback serves this firewall mark, too; ldirectord knew it for \
                    TCP and UDP only";
        log.changed(place, "fallback", text);
    }
    let said = said.or_else(|| all.clone())?;
    let mut words = said.value.split_whitespace();
    let host = words.next().and_then(Host::split);
    let forward = match words.next() {
        None => Some(Forward::Direct),
        Some(word) => real::forward(word),
    };
    let (Some(host), Some(forward)) = (host, forward) else {
        let help = "write HOST[:PORT] and gate, masq or ipip";
        log.wrong(Code::BadAddress, said.place, "this is no fallback", help);
        return None;
    };
    let protocol = key.protocol();
    let address = real::address(&host.name, section.is_v6, said.place, name, around, log)?;
    let port = match host.port {
        Some(port) => Some(real::port(&port, protocol, said.place, around, log)?),
        None => None,
    };
    let listen = key.address().map(|address| address.port());
    let port = if forward.keeps_port() { port.and(listen).or(port) } else { port };
    if !address.is_loopback() && forward.keeps_port() && port != listen && port.is_some() {
        log.changed(said.place, name, "the port that clients ask for is the one that it gets");
    }
    let port = port.filter(|_| listen.is_some());
    Some(At::new((Fallback { address, port }, forward), said.place))
}
