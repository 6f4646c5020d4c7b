//! Virtual servers and their groups.

use super::check::{self, Inherited};
use super::table;
use super::tree::Statement;
use super::values::{address, is_on, number, port, seconds, text};
use crate::draft::Draft;
use crate::draft::{
    Check, Checksum, Fallback, Forward, Key, Persistence, Quorum, Server, Service, Wrapping,
};
use crate::log::Log;
use crate::place::At;
use director_config::Code;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

const SECTION: &str = "virtual_server";
/// `persistence_timeout` without a number.
const DEFAULT_PERSISTENCE: Duration = Duration::from_secs(360);
/// No range stands for more addresses.
const LARGEST_RANGE: u128 = 4_096;

/// Where a service listens, its protocol open.
#[derive(Clone, Copy)]
enum Entry {
    Address(IpAddr, u16),
    FwMark(u32, Option<bool>),
}

pub(super) fn read(statements: &[Statement], draft: &mut Draft, log: &mut Log) {
    let mut groups: BTreeMap<&str, Vec<At<Entry>>> = BTreeMap::new();
    for block in statements.iter().filter(|it| it.name() == "virtual_server_group") {
        let Some(name) = block.value(0) else { continue };
        let entries = block.children().iter().flat_map(|line| entries(&line.words, log));
        let entries: Vec<_> = entries.collect();
        groups.insert(&name.value, entries);
    }
    for block in statements.iter().filter(|it| it.name() == SECTION) {
        table::note(SECTION, block.children(), log);
        let found = match block.value(0) {
            None => {
                let help = "write virtual_server 10.0.0.100 80 {";
                log.wrong(Code::MissingKey, block.place(), "this server has no address", help);
                continue;
            }
            Some(word) if word.value == "group" => {
                let name = block.value(1).map_or("", |name| name.value.as_str());
                groups.get(name).cloned().unwrap_or_else(|| {
                    let message = format!("there is no virtual_server_group `{name}`");
                    log.wrong(Code::MissingKey, word.place, message, "write one");
                    Vec::new()
                })
            }
            Some(_) => entries(block.words.get(1..).unwrap_or(&[]), log),
        };
        for entry in found {
            if let Some(service) = service(block, &entry, log) {
                add(service, draft, log);
            }
        }
    }
}

fn add(service: Service, draft: &mut Draft, log: &mut Log) {
    let Some(known) = draft.services.iter().find(|it| it.key.value == service.key.value) else {
        draft.services.push(service);
        return;
    };
    if known.place.file == service.place.file {
        let help = "put their real servers together";
        log.wrong(Code::DuplicateService, service.place, "this service was there before", help);
        return;
    }
    let brief = |service: &Service| {
        let servers = service.servers.iter().map(|it| (it.address, it.port, it.weight, it.forward));
        let scheduler = service.scheduler.as_ref().map(|it| it.value.clone());
        (servers.collect::<Vec<_>>(), scheduler, service.forward.value)
    };
    if brief(known) != brief(&service) {
        let text = format!("as {} has it: the files differ", log.origin(known.place));
        log.left_out(service.place, &service.name, text);
    }
}

/// The places where a line of a group, or a virtual server, listens.
fn entries(words: &[At<String>], log: &mut Log) -> Vec<At<Entry>> {
    let Some(first) = words.first() else { return Vec::new() };
    if first.value == "fwmark" {
        let mark = words.get(1).and_then(|word| word.value.parse().ok());
        let family = words.get(2).map(|word| word.value == "inet6");
        let Some(mark) = mark else {
            let message = "this is no firewall mark";
            log.wrong(Code::BadAddress, first.place, message, "write fwmark 1");
            return Vec::new();
        };
        return vec![At::new(Entry::FwMark(mark, family), first.place)];
    }
    let port = match words.get(1) {
        None => Some(0),
        Some(word) => port(word, log),
    };
    let Some(port) = port else { return Vec::new() };
    let entry = |address| At::new(Entry::Address(address, port), first.place);
    addresses(first, log).into_iter().map(entry).collect()
}

/// `10.0.0.1`, `10.0.0.1-9`, `10.0.0.1-10.0.0.9`, `10.0.0.0/29`.
fn addresses(word: &At<String>, log: &mut Log) -> Vec<IpAddr> {
    let at = |text: &str| At::new(text.to_owned(), word.place);
    let mut refuse = |text: &str| {
        let message = format!("`{text}` is no range of addresses");
        let help = "write the lower address, `-`, and the last part of the higher one";
        log.wrong(Code::BadAddress, word.place, message, help);
        Vec::new()
    };
    if let Some((first, last)) = word.value.split_once('-') {
        let Ok(from) = first.parse::<IpAddr>() else { return refuse(&word.value) };
        let whole = last.parse::<IpAddr>().ok();
        let to = whole.or_else(|| match from {
            IpAddr::V4(from) => {
                let [a, b, c, _] = from.octets();
                Some(IpAddr::V4(Ipv4Addr::new(a, b, c, last.parse().ok()?)))
            }
            IpAddr::V6(from) => {
                let mut parts = from.segments();
                parts[7] = u16::from_str_radix(last, 16).ok()?;
                Some(IpAddr::V6(Ipv6Addr::from(parts)))
            }
        });
        let range = to.and_then(|to| range(from, to));
        return range.unwrap_or_else(|| refuse(&word.value));
    }
    if let Some((first, bits)) = word.value.split_once('/') {
        let parsed = first.parse::<IpAddr>().ok().zip(bits.parse::<u32>().ok());
        let range = parsed.and_then(|(from, bits)| {
            let width = if from.is_ipv4() { 32_u32 } else { 128 };
            let size = 1_u128.checked_shl(width.checked_sub(bits)?)?;
            let to = number_of(from).checked_add(size - 1)?;
            range(from, address_of(to, from)?)
        });
        return range.unwrap_or_else(|| refuse(&word.value));
    }
    address(&at(&word.value), log).into_iter().collect()
}

fn number_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

fn address_of(number: u128, like: IpAddr) -> Option<IpAddr> {
    Some(match like {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).ok()?)),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(number)),
    })
}

fn range(from: IpAddr, to: IpAddr) -> Option<Vec<IpAddr>> {
    let (first, last) = (number_of(from), number_of(to));
    let fits = from.is_ipv4() == to.is_ipv4() && first <= last && last - first < LARGEST_RANGE;
    if !fits {
        return None;
    }
    (first..=last).map(|number| address_of(number, from)).collect()
}

fn key(entry: &At<Entry>, block: &Statement, log: &mut Log) -> Option<Key> {
    let protocol = text(block, "protocol");
    let family = text(block, "ip_family").map(|at| at.value == "inet6");
    match entry.value {
        Entry::FwMark(mark, own) => {
            let is_v6 = own.or(family).unwrap_or_else(|| first_server_is_v6(block));
            Some(if is_v6 { Key::FwMark6(mark) } else { Key::FwMark(mark) })
        }
        Entry::Address(address, port) => {
            let socket = SocketAddr::new(address, port);
            // keepalived warns of one that says none, and makes it UDP.
            if protocol.is_none() {
                let text = "without `protocol` keepalived takes it for UDP, and so it stays; write \
                            protocol = \"tcp\" when that was meant";
                log.changed(block.place(), SECTION, text);
            }
            match protocol.as_ref().map_or("UDP", |at| at.value.as_str()) {
                "TCP" => Some(Key::Tcp(socket)),
                "UDP" => Some(Key::Udp(socket)),
                "SCTP" => Some(Key::Sctp(socket)),
                other => {
                    let place = protocol.as_ref().map_or(entry.place, |at| at.place);
                    let message = format!("`{other}` is no protocol");
                    log.wrong(Code::UnknownValue, place, message, "write TCP, UDP or SCTP");
                    None
                }
            }
        }
    }
}

fn first_server_is_v6(block: &Statement) -> bool {
    let address = text(block, "real_server");
    address.is_some_and(|at| at.value.parse::<Ipv6Addr>().is_ok())
}

fn service(block: &Statement, entry: &At<Entry>, log: &mut Log) -> Option<Service> {
    let key = key(entry, block, log)?;
    let place = block.place();
    let forward = forward(block, log).unwrap_or(At::new(Forward::Nat, place));
    let inherited = Inherited::default().with(block, log);
    let mut servers = Vec::new();
    let mut checks: Vec<Option<Check>> = Vec::new();
    let mut inhibit = is_on(block, "inhibit_on_failure");
    for real in block.children().iter().filter(|it| it.name() == "real_server") {
        table::note("real_server", real.children(), log);
        inhibit = inhibit.or_else(|| is_on(real, "inhibit_on_failure"));
        let Some(server) = server(real, key, forward.value, log) else { continue };
        let listen = key.address().map(|address| address.port());
        let own = real.value(1).and_then(|word| word.value.parse().ok()).filter(|port| *port > 0);
        checks.push(check::check(real, &inherited, own.or(listen), log));
        servers.push(server);
    }
    let listen = key.address().map(|address| address.port());
    let check = check::common(checks, listen, place, log);
    let quiesce = inhibit.unwrap_or(At::new(false, place));
    let fallback = fallback(block, key, forward.value, log);
    Some(Service {
        place,
        name: key.name(),
        key: At::new(key, entry.place),
        scheduler: Some(scheduler(block)),
        flags: flags(block, log),
        one_packet: block.last("ops").map(Statement::place),
        persistence: persistence(block, log),
        forward,
        check,
        quiesce,
        fallback,
        fallback_command: None,
        quorum: quorum(block, log),
        servers,
    })
}

fn quorum(block: &Statement, log: &mut Log) -> Option<At<Quorum>> {
    let weight = number(block, "quorum", log)?;
    let hysteresis = number(block, "hysteresis", log).map_or(0, |at| at.value);
    Some(At::new(Quorum { weight: weight.value, hysteresis }, weight.place))
}

fn scheduler(block: &Statement) -> At<String> {
    let said = text(block, "lvs_sched").or_else(|| text(block, "lb_algo"));
    said.unwrap_or_else(|| At::new("wlc".to_owned(), block.place()))
}

/// Names of flags; a number means what it means for the scheduler.
fn flags(block: &Statement, log: &mut Log) -> Vec<At<String>> {
    let scheduler = scheduler(block).value;
    let mut found = Vec::new();
    for statement in block.children() {
        let (name, place) = (statement.name(), statement.place());
        let named = match (name, scheduler.as_str()) {
            ("sh-port" | "sh-fallback" | "mh-port" | "mh-fallback", _) => name.to_owned(),
            ("flag-1", kind @ ("sh" | "mh")) => format!("{kind}-fallback"),
            ("flag-2", kind @ ("sh" | "mh")) => format!("{kind}-port"),
            ("flag-1" | "flag-2" | "flag-3", _) => {
                log.left_out(place, name, "the scheduler has no such flag");
                continue;
            }
            _ => continue,
        };
        found.push(At::new(named, place));
    }
    found
}

fn forward(block: &Statement, log: &mut Log) -> Option<At<Forward>> {
    let statement = block.last("lvs_method").or_else(|| block.last("lb_kind"))?;
    let word = statement.value(0)?;
    let forward = match word.value.as_str() {
        "NAT" => Forward::Nat,
        "DR" => Forward::Direct,
        "TUN" => Forward::Tunnel(wrapping(statement, log)),
        other => {
            let message = format!("`{other}` is no forwarding method");
            log.wrong(Code::UnknownValue, word.place, message, "write NAT, DR or TUN");
            return None;
        }
    };
    Some(At::new(forward, statement.place()))
}

/// `TUN [type ipip | gue port N | gre] [nocsum | csum | remcsum]`.
fn wrapping(statement: &Statement, log: &mut Log) -> Wrapping {
    let words: Vec<&str> = statement.words.iter().map(|word| word.value.as_str()).collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1).copied()
    };
    let checksum = match words.iter().find(|word| word.ends_with("csum")) {
        Some(&"csum") => Checksum::Outer,
        Some(&"remcsum") => Checksum::Remote,
        _ => Checksum::Off,
    };
    let port = after("port").and_then(|port| port.parse().ok());
    Wrapping::of(after("type").unwrap_or("ipip"), port, checksum).unwrap_or_else(|| {
        let text = "this is no tunnel that there is: IP in IP stands in its place";
        log.left_out(statement.place(), "lvs_method", text);
        Wrapping::Ipip
    })
}

fn persistence(block: &Statement, log: &mut Log) -> Option<At<Persistence>> {
    let statement = block.last("persistence_timeout")?;
    let timeout = match statement.value(0) {
        None => DEFAULT_PERSISTENCE,
        Some(_) => seconds(block, "persistence_timeout", log)?.value,
    };
    let prefix = text(block, "persistence_granularity").and_then(|at| {
        let bits = at.value.parse().ok();
        let bits = bits.or_else(|| crate::ldirectord::prefix_of(&at.value));
        if bits.is_none() {
            let message = format!("`{}` is no netmask", at.value);
            log.wrong(Code::BadAddress, at.place, message, "write 255.255.255.0 or 64");
        }
        Some(At::new(bits?, at.place))
    });
    let engine = text(block, "persistence_engine");
    Some(At::new(Persistence { timeout, prefix, engine }, statement.place()))
}

fn fallback(block: &Statement, key: Key, forward: Forward, log: &mut Log) -> Option<At<Fallback>> {
    let statement = block.last("sorry_server")?;
    let address = address(statement.value(0)?, log)?;
    let port = statement.value(1).and_then(|word| port(word, log)).filter(|port| *port > 0);
    let port = port.filter(|_| key.address().is_some() || !forward.keeps_port());
    Some(At::new(Fallback { address, port }, statement.place()))
}

fn server(real: &Statement, key: Key, common: Forward, log: &mut Log) -> Option<Server> {
    let Some(word) = real.value(0) else {
        let help = "write real_server 10.0.0.21 80 {";
        log.wrong(Code::MissingKey, real.place(), "this server has no address", help);
        return None;
    };
    let address = address(word, log)?;
    let written = match real.value(1) {
        None => None,
        Some(word) => Some(port(word, log)?).filter(|port| *port > 0),
    };
    let forward = forward(real, log).map_or(common, |at| at.value);
    let listen = key.address().map(|address| address.port());
    let mut port = written;
    if let (Some(listen), Some(own)) = (listen, written)
        && forward.keeps_port()
        && own != listen
    {
        let text = format!("packets keep their port, {listen}; only its check goes to {own}");
        log.changed(real.place(), "real_server", text);
        port = Some(listen);
    }
    if listen.is_none() && forward.keeps_port() {
        port = None;
    }
    let above_zero = |at: &At<u32>| at.value > 0;
    Some(Server {
        place: real.place(),
        address,
        port,
        weight: number(real, "weight", log).map_or(1, |at| at.value),
        forward,
        upper: number(real, "uthreshold", log).filter(above_zero),
        lower: number(real, "lthreshold", log).filter(above_zero),
    })
}
