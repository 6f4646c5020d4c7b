//! What `ipvsadm -Sn` writes: services and servers as the kernel has them.

pub(crate) mod table;

use crate::draft::{Checksum, Draft, Forward, Key, Persistence, Server, Service, Wrapping};
use crate::log::Log;
use crate::place::{At, Place};
use director_config::Code;
use std::net::SocketAddr;
use std::time::Duration;
use table::LANGUAGE;

const SECTION: &str = "a rule";

/// Reads the rules into the draft.
pub(crate) fn read(name: &str, text: &str, draft: &mut Draft, log: &mut Log) {
    let file = log.file(name, text);
    for (at, line) in text.lines().enumerate() {
        let mut words = Words::new(file, at + 1, line);
        let Some(command) = words.next() else { continue };
        match command.value.as_str() {
            "-A" | "--add-service" => draft.services.extend(service(&mut words, &command, log)),
            "-a" | "--add-server" => server(&mut words, &command, draft, log),
            other => {
                let message = format!("`{other}` is no rule of `ipvsadm -Sn`");
                log.wrong(Code::Syntax, command.place, message, "write -A … or -a …");
            }
        }
    }
}

/// The words of a line, one after the other.
struct Words<'a> {
    file: usize,
    line: usize,
    text: &'a str,
    column: usize,
}

impl<'a> Words<'a> {
    const fn new(file: usize, line: usize, text: &'a str) -> Self {
        Self { file, line, text, column: 1 }
    }

    fn next(&mut self) -> Option<At<String>> {
        let trimmed = self.text.trim_start();
        self.column += self.text.chars().count() - trimmed.chars().count();
        let end = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
        let (word, rest) = trimmed.split_at(end);
        let place = Place { file: self.file, line: self.line, column: self.column };
        self.text = rest;
        self.column += word.chars().count();
        (!word.is_empty()).then(|| At::new(word.to_owned(), place))
    }

    /// The word after an option, made a value.
    fn value<T>(
        &mut self,
        option: &At<String>,
        log: &mut Log,
        make: impl FnOnce(&str) -> Option<T>,
    ) -> Option<At<T>> {
        let word = self.next();
        let made = word.as_ref().and_then(|word| make(&word.value));
        if made.is_none() {
            let place = word.as_ref().map_or(option.place, |word| word.place);
            let message = format!("`{}` is not followed by what it takes", option.value);
            log.wrong(Code::Syntax, place, message, "write what `ipvsadm -Sn` writes");
        }
        Some(At::new(made?, word?.place))
    }
}

fn key(option: &At<String>, words: &mut Words<'_>, log: &mut Log) -> Option<Option<At<Key>>> {
    let address =
        |make: fn(SocketAddr) -> Key| move |text: &str| text.parse::<SocketAddr>().ok().map(make);
    Some(match option.value.as_str() {
        "-t" | "--tcp-service" => words.value(option, log, address(Key::Tcp)),
        "-u" | "--udp-service" => words.value(option, log, address(Key::Udp)),
        "--sctp-service" => words.value(option, log, address(Key::Sctp)),
        "-f" | "--fwmark-service" => {
            words.value(option, log, |text| text.parse().ok().map(Key::FwMark))
        }
        _ => return None,
    })
}

fn service(words: &mut Words<'_>, command: &At<String>, log: &mut Log) -> Option<Service> {
    let place = command.place;
    let mut found: Option<At<Key>> = None;
    let mut service = Service {
        place,
        name: String::new(),
        key: At::new(Key::FwMark(0), place),
        scheduler: None,
        flags: Vec::new(),
        one_packet: None,
        persistence: None,
        forward: At::new(Forward::Direct, place),
        check: None,
        quiesce: At::new(true, place),
        fallback: None,
        fallback_command: None,
        quorum: None,
        servers: Vec::new(),
    };
    let mut timeout: Option<At<u64>> = None;
    let (mut prefix, mut engine) = (None, None);
    let mut is_v6 = false;
    while let Some(option) = words.next() {
        if let Some(key) = key(&option, words, log) {
            found = key;
            continue;
        }
        let text = |text: &str| Some(text.to_owned());
        match option.value.as_str() {
            "-s" | "--scheduler" => service.scheduler = words.value(&option, log, text),
            "-p" | "--persistent" => {
                timeout = words.value(&option, log, |text| text.parse().ok());
            }
            "-M" | "--netmask" => prefix = words.value(&option, log, prefix_of),
            "--pe" => engine = words.value(&option, log, text),
            "-o" | "--ops" => service.one_packet = Some(option.place),
            "-b" | "--sched-flags" => {
                let flags = words.value(&option, log, text);
                service.flags = flags.into_iter().flat_map(split_flags).collect();
            }
            "-6" | "--ipv6" => is_v6 = true,
            other => unknown(other, option.place, log),
        }
    }
    let found = found.or_else(|| {
        log.wrong(Code::MissingKey, place, "the rule names no service", "write -t, -u or -f");
        None
    })?;
    service.key = match found.value {
        Key::FwMark(mark) if is_v6 => At::new(Key::FwMark6(mark), found.place),
        _ => found,
    };
    service.persistence = timeout.map(|at| {
        at.map(|seconds| Persistence { timeout: Duration::from_secs(seconds), prefix, engine })
    });
    service.name = service.key.value.name();
    LANGUAGE.note(SECTION, "-A", place, log);
    Some(service)
}

fn split_flags(flags: At<String>) -> Vec<At<String>> {
    let place = flags.place;
    flags.value.split(',').map(|flag| At::new(flag.to_owned(), place)).collect()
}

fn prefix_of(text: &str) -> Option<u8> {
    text.parse().ok().or_else(|| crate::ldirectord::prefix_of(text))
}

fn unknown(option: &str, place: Place, log: &mut Log) {
    if let Some(known) = LANGUAGE.find(SECTION, option) {
        LANGUAGE.note(SECTION, known.name, place, log);
        return;
    }
    let message = format!("ipvsadm has no option `{option}` here");
    log.wrong(Code::UnknownKey, place, message, "write what `ipvsadm -Sn` writes");
}

fn server(words: &mut Words<'_>, command: &At<String>, draft: &mut Draft, log: &mut Log) {
    let mut of: Option<At<Key>> = None;
    let mut address: Option<At<SocketAddr>> = None;
    let mut forward = Forward::Direct;
    let mut weight = 1;
    let (mut upper, mut lower) = (None, None);
    let mut is_v6 = false;
    let (mut kind, mut port, mut checksum) = (None::<At<String>>, None::<At<u16>>, Checksum::Off);
    while let Some(option) = words.next() {
        if let Some(key) = key(&option, words, log) {
            of = key;
            continue;
        }
        let number = |text: &str| text.parse::<u32>().ok();
        match option.value.as_str() {
            "-r" | "--real-server" => address = words.value(&option, log, |text| text.parse().ok()),
            "-g" | "--gatewaying" => forward = Forward::Direct,
            "-i" | "--ipip" => forward = Forward::Tunnel(Wrapping::Ipip),
            "-m" | "--masquerading" => forward = Forward::Nat,
            "-w" | "--weight" => {
                weight = words.value(&option, log, number).map_or(1, |at| at.value);
            }
            "-x" | "--u-threshold" => upper = words.value(&option, log, number),
            "-y" | "--l-threshold" => lower = words.value(&option, log, number),
            "-6" | "--ipv6" => is_v6 = true,
            "--tun-type" => kind = words.next(),
            "--tun-port" => port = words.value(&option, log, |text| text.parse().ok()),
            "--tun-nocsum" => checksum = Checksum::Off,
            "--tun-csum" => checksum = Checksum::Outer,
            "--tun-remcsum" => checksum = Checksum::Remote,
            other => unknown(other, option.place, log),
        }
    }
    if let (Forward::Tunnel(_), Some(kind)) = (forward, kind) {
        match Wrapping::of(&kind.value, port.map(|at| at.value), checksum) {
            Some(wrapping) => forward = Forward::Tunnel(wrapping),
            None => unknown("--tun-type", kind.place, log),
        }
    }
    let (Some(of), Some(address)) = (of, address) else {
        let message = "the rule names no service or no real server";
        log.wrong(Code::MissingKey, command.place, message, "write -a -t ADDRESS -r ADDRESS");
        return;
    };
    let key = match of.value {
        Key::FwMark(mark) if is_v6 => Key::FwMark6(mark),
        key => key,
    };
    let Some(service) = draft.services.iter_mut().find(|service| service.key.value == key) else {
        let help = "put the -A rule of the service before it";
        log.wrong(Code::MissingKey, of.place, "no service of this address was added", help);
        return;
    };
    if service.servers.is_empty() {
        service.forward = At::new(forward, command.place);
    }
    let port = Some(address.value.port()).filter(|port| *port > 0);
    service.servers.push(Server {
        place: command.place,
        address: address.value.ip(),
        port,
        weight,
        forward,
        upper: upper.filter(|at| at.value > 0),
        lower: lower.filter(|at| at.value > 0),
    });
}
