//! `real = HOST[->HOST][:PORT] gate|masq|ipip [WEIGHT] ["REQUEST", "RECEIVE"] [l:N] [u:N]`.

use super::lines::Line;
use crate::draft::{Forward, Wrapping};
use crate::log::Log;
use crate::place::{At, Place};
use crate::surroundings::Surroundings;
use director_config::Code;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// No line stands for more servers: a /16.
const LARGEST_RANGE: u32 = 65_536;

/// A real server as its line says it.
#[derive(Clone)]
pub(super) struct Real {
    pub(super) address: IpAddr,
    /// 0 when the line has none.
    pub(super) port: u16,
    pub(super) forward: Forward,
    pub(super) weight: u32,
    /// Request and answer of its own.
    pub(super) texts: Option<(String, String)>,
    pub(super) lower: Option<At<u32>>,
    pub(super) upper: Option<At<u32>>,
}

/// `HOST[:PORT]`, neither looked up.
pub(super) struct Host {
    pub(super) name: String,
    pub(super) port: Option<String>,
}

impl Host {
    /// Splits off the port; an IPv6 address stands in brackets.
    pub(super) fn split(text: &str) -> Option<Self> {
        let (name, port) = if let Some(rest) = text.strip_prefix('[') {
            let (name, rest) = rest.split_once(']')?;
            (name, rest.strip_prefix(':'))
        } else {
            text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)))
        };
        let port = port.map(str::to_owned);
        (!name.is_empty()).then(|| Self { name: name.to_owned(), port })
    }
}

pub(super) fn forward(word: &str) -> Option<Forward> {
    match word {
        "gate" => Some(Forward::Direct),
        "masq" => Some(Forward::Nat),
        "ipip" => Some(Forward::Tunnel(Wrapping::Ipip)),
        _ => None,
    }
}

/// The address of a host, looked up when it is a name.
pub(super) fn address(
    name: &str,
    is_v6: bool,
    place: Place,
    what: &str,
    around: &dyn Surroundings,
    log: &mut Log,
) -> Option<IpAddr> {
    let literal = name.parse::<IpAddr>().ok();
    let candidates = literal.map_or_else(|| around.resolve(name), |address| vec![address]);
    let found = candidates.into_iter().find(|address| address.is_ipv6() == is_v6);
    match found {
        Some(address) if literal.is_none() => {
            let text = format!("{name} is {address} today; a director looks no names up");
            log.changed(place, what, text);
        }
        Some(_) => {}
        None if literal.is_some() => {
            let family = if is_v6 { "IPv6" } else { "IPv4" };
            let message = format!("{name} is no {family} address");
            log.wrong(Code::BadAddress, place, message, "write one of the service's family");
        }
        None => {
            let text = format!("the name {name} cannot be looked up here: write its address");
            log.left_out(place, what, text);
        }
    }
    found
}

pub(super) fn port(
    text: &str,
    protocol: &str,
    place: Place,
    around: &dyn Surroundings,
    log: &mut Log,
) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = if digits { text.parse().ok() } else { around.port(text, protocol) };
    if port.is_none() {
        let message = format!("`{text}` is neither a port nor a service of /etc/services");
        log.wrong(Code::BadAddress, place, message, "write a port from 1 to 65535");
    }
    port
}

/// The servers of a line: one, or those of a range.
pub(super) fn reals(
    line: &Line,
    is_v6: bool,
    around: &dyn Surroundings,
    log: &mut Log,
) -> Vec<Real> {
    let place = line.value_place;
    let (hosts, rest) = line.value.split_once(char::is_whitespace).unwrap_or((&line.value, ""));
    let (first, last, port_text) = match hosts.split_once("->") {
        None => match Host::split(hosts) {
            Some(host) => (host.name, None, host.port),
            None => (String::new(), None, None),
        },
        Some((first, last)) => {
            let last = Host::split(last).unwrap_or(Host { name: String::new(), port: None });
            let first = first.trim_start_matches('[').trim_end_matches(']');
            (first.to_owned(), Some(last.name), last.port)
        }
    };
    if first.is_empty() || last.as_ref().is_some_and(String::is_empty) {
        let help = "write HOST[:PORT] gate|masq|ipip [WEIGHT], such as 10.0.0.21:80 gate 1";
        log.wrong(Code::BadAddress, place, "this is no real server", help);
        return Vec::new();
    }
    // `192.0.2.1::80` is a slip that stands in files: ldirectord reads no port there.
    let port_text = port_text.map(|text| text.trim_start_matches(':').to_owned());
    let port = match &port_text {
        None => Some(0),
        Some(text) => port(text, "tcp", place, around, log),
    };
    let (Some(port), Some(flags)) = (port, flags(rest, place, log)) else { return Vec::new() };
    let Some(from) = address(&first, is_v6, place, "real", around, log) else { return Vec::new() };
    let to = match last {
        None => from,
        Some(last) => match address(&last, is_v6, place, "real", around, log) {
            Some(address) => address,
            None => return Vec::new(),
        },
    };
    let addresses = range(from, to, place, log);
    addresses.into_iter().map(|address| Real { address, port, ..flags.clone() }).collect()
}

fn range(from: IpAddr, to: IpAddr, place: Place, log: &mut Log) -> Vec<IpAddr> {
    if from == to {
        return vec![from];
    }
    let (IpAddr::V4(first), IpAddr::V4(last)) = (from, to) else {
        let help = "write a line for each server";
        log.wrong(Code::BadAddress, place, "ldirectord has no ranges of IPv6 addresses", help);
        return Vec::new();
    };
    let (first, last) = (u32::from(first), u32::from(last));
    if first > last || last - first >= LARGEST_RANGE {
        let message = "this range ends before it begins, or has more than 65536 addresses";
        log.wrong(Code::OutOfRange, place, message, "write the lower address first");
        return Vec::new();
    }
    (first..=last).map(|bits| IpAddr::V4(Ipv4Addr::from(bits))).collect()
}

/// What follows the address. The address and the port of the answer are none yet.
fn flags(rest: &str, place: Place, log: &mut Log) -> Option<Real> {
    let mut rest = rest.trim();
    let method: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
    let Some(forward) = forward(&method) else {
        let message = "a real server has a forwarding method after its address";
        log.wrong(Code::UnknownValue, place, message, "write gate, masq or ipip");
        return None;
    };
    rest = rest.get(method.len()..).unwrap_or("");
    let mut real = Real {
        address: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        port: 0,
        forward,
        weight: 1,
        texts: None,
        lower: None,
        upper: None,
    };
    let (weight, after) = leading_number(rest.trim_start());
    if let Some(weight) = weight.filter(|_| rest.starts_with(char::is_whitespace)) {
        real.weight = weight;
        rest = after;
    }
    let mut rest = rest.trim().to_owned();
    if let Some((texts, after)) = two_texts(&rest) {
        real.texts = Some(texts);
        rest = after;
    }
    for (mark, field) in [("l:", &mut real.lower), ("u:", &mut real.upper)] {
        let Some(after) = rest.trim_start().strip_prefix(mark) else { continue };
        let (number, after) = leading_number(after);
        let Some(number) = number else { continue };
        *field = Some(At::new(number, place));
        rest = after.to_owned();
    }
    if !rest.trim().is_empty() {
        let message = format!("ldirectord does not take `{}` in a real server", rest.trim());
        let help =
            "after the method: a weight (a number alone), \"REQUEST\", \"RECEIVE\", l:N, u:N";
        log.wrong(Code::Syntax, place, message, help);
        return None;
    }
    Some(real)
}

fn leading_number(text: &str) -> (Option<u32>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text.get(..end).and_then(|it| it.parse().ok()), text.get(end..).unwrap_or(""))
}

/// `"REQUEST", "RECEIVE"`, and what follows.
fn two_texts(text: &str) -> Option<((String, String), String)> {
    let rest = text.strip_prefix('"')?;
    let (request, rest) = rest.split_once('"')?;
    let rest = rest.strip_prefix([',', ' '])?.trim_start();
    let rest = rest.strip_prefix('"')?;
    let end = rest.rfind('"')?;
    let (receive, after) = (rest.get(..end)?, rest.get(end + 1..)?);
    let slash = if request.starts_with('/') { "" } else { "/" };
    Some(((format!("{slash}{request}"), receive.to_owned()), after.to_owned()))
}
