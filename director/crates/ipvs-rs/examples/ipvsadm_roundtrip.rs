//! Random tables, written by one of the two and read by the other.
//!
//! ```text
//! ipvsadm_roundtrip [TABLES [SEED]]
//! ```
//!
//! Of each table: what this crate writes, `ipvsadm -Sn` prints as it should, but for thresholds,
//! which it never prints; what `ipvsadm -R` writes, this crate reads as the same table. It empties the IPVS table of its
//! network namespace again and again: use a guest or a namespace of its own.

use ipvs_rs::{
    Client, Destination, Endpoint, Error, Family, Forwarding, Netmask, Request, Service,
    ServiceFlags, ServiceKey, Tunnel, TunnelFlags, TunnelKind,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

const SCHEDULERS: [&str; 14] =
    ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos"];

/// Numbers that look random (splitmix64), the same for the same seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`.
    fn below<T: TryFrom<u64>>(&mut self, end: u64) -> Option<T> {
        T::try_from(self.next() % end).ok()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let place = self.below::<usize>(u64::try_from(all.len()).ok()?)?;
        all.get(place).copied()
    }

    fn is(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

type Table = BTreeMap<ServiceKey, (Service, Vec<Destination>)>;

fn address(family: Family, number: u8) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::new(10, 1, 2, number).into(),
        Family::V6 => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 1, number.into()).into(),
    }
}

fn key(dice: &mut Dice) -> Option<ServiceKey> {
    let family = dice.of(&[Family::V4, Family::V6])?;
    let at = Endpoint::new(address(family, dice.below(200)?), dice.below::<u16>(65_535)? + 1);
    Some(match dice.below::<u8>(4)? {
        0 => ServiceKey::Tcp(at),
        1 => ServiceKey::Udp(at),
        2 => ServiceKey::Sctp(at),
        _ => ServiceKey::fwmark(NonZeroU32::new(dice.below::<u32>(0xffff)? + 1)?, family),
    })
}

fn service(dice: &mut Dice) -> Option<Service> {
    let key = key(dice)?;
    let scheduler = dice.of(&SCHEDULERS)?;
    let mut service = Service::new(key, scheduler);
    if dice.is() {
        let bits = match key.family() {
            Family::V4 => dice.below::<u32>(32)? + 1,
            Family::V6 => dice.below::<u32>(128)? + 1,
        };
        let timeout = Duration::from_secs(dice.below::<u64>(5_000)? + 1);
        let netmask = Netmask::from_prefix(key.family(), bits)?;
        service = service.persistent(timeout).with_netmask(netmask);
    }
    if matches!(scheduler, "sh" | "mh") {
        for flag in [ServiceFlags::SCHEDULER_1, ServiceFlags::SCHEDULER_2] {
            if dice.is() {
                service = service.with_flags(flag);
            }
        }
    }
    if matches!(key, ServiceKey::Udp(_)) && dice.is() {
        service = service.with_flags(ServiceFlags::ONE_PACKET);
    }
    Some(service)
}

fn destination(dice: &mut Dice, service: &Service, number: u8) -> Option<Destination> {
    let kinds = [Forwarding::Direct, Forwarding::Tunnel, Forwarding::Masquerade];
    let forwarding = dice.of(&kinds)?;
    // With the other two methods ipvsadm puts the service's own port there.
    let own = service.key.endpoint().map_or(0, |at| at.port);
    let port = if forwarding == Forwarding::Masquerade { dice.below(65_535)? } else { own };
    let at = Endpoint::new(address(service.key.family(), number), port);
    let mut destination = Destination::new(at, forwarding, dice.below(65_536)?);
    if forwarding == Forwarding::Tunnel {
        let flags = [TunnelFlags::NONE, TunnelFlags::CHECKSUM, TunnelFlags::REMOTE_CHECKSUM];
        destination.tunnel = match dice.below::<u8>(3)? {
            0 => Tunnel::IPIP,
            1 => Tunnel::gue(dice.below::<u16>(65_535)? + 1, dice.of(&flags)?),
            _ => Tunnel::gre(dice.of(&flags[..2])?),
        };
    }
    if dice.is() {
        destination.upper_threshold = dice.below::<u32>(1_000)? + 1;
        destination.lower_threshold = dice.below(u64::from(destination.upper_threshold))?;
    }
    Some(destination)
}

fn table(dice: &mut Dice) -> Option<Table> {
    let mut table = Table::new();
    for _ in 0..dice.below::<u8>(5)? + 1 {
        let service = service(dice)?;
        let mut destinations = Vec::new();
        for number in 1..=dice.below::<u8>(5)? {
            destinations.push(destination(dice, &service, 200 + number)?);
        }
        table.insert(service.key, (service, destinations));
    }
    Some(table)
}

/// The service in the words of ipvsadm.
fn named(key: &ServiceKey) -> String {
    match key {
        ServiceKey::Tcp(at) => format!("-t {at}"),
        ServiceKey::Udp(at) => format!("-u {at}"),
        ServiceKey::Sctp(at) => format!("--sctp-service {at}"),
        ServiceKey::FwMark { mark, family: Family::V4 } => format!("-f {mark}"),
        ServiceKey::FwMark { mark, family: Family::V6 } => format!("-f {mark} -6"),
        ServiceKey::Other { .. } => String::new(),
    }
}

fn service_line(service: &Service) -> String {
    let mut line = format!("-A {} -s {}", named(&service.key), service.scheduler);
    // Writing to a string cannot fail.
    if let Some(timeout) = service.persistence() {
        let _ = write!(line, " -p {}", timeout.as_secs());
        if service.netmask != Netmask::host(service.key.family()) {
            let _ = match service.netmask {
                Netmask::V4(mask) => write!(line, " -M {mask}"),
                Netmask::V6(prefix) => write!(line, " -M {prefix}"),
            };
        }
    }
    if service.flags.contains(ServiceFlags::ONE_PACKET) {
        line.push_str(" -o");
    }
    let flags = [("fallback", ServiceFlags::SCHEDULER_1), ("port", ServiceFlags::SCHEDULER_2)];
    let set = flags.iter().filter(|(_, flag)| service.flags.contains(*flag));
    let set: Vec<String> = set.map(|(name, _)| format!("{}-{name}", service.scheduler)).collect();
    if !set.is_empty() {
        let _ = write!(line, " -b {}", set.join(","));
    }
    line
}

fn destination_line(service: &Service, destination: &Destination, thresholds: bool) -> String {
    let method = match destination.forwarding {
        Forwarding::Direct => "-g",
        Forwarding::Tunnel => "-i",
        _ => "-m",
    };
    let at = SocketAddr::from(destination.endpoint());
    let weight = destination.weight;
    let mut line = format!("-a {} -r {at} {method} -w {weight}", named(&service.key));
    if thresholds && destination.upper_threshold > 0 {
        let _ = write!(line, " -x {}", destination.upper_threshold);
        if destination.lower_threshold > 0 {
            let _ = write!(line, " -y {}", destination.lower_threshold);
        }
    }
    let checksum = || {
        if destination.tunnel.flags.contains(TunnelFlags::CHECKSUM) {
            "csum"
        } else if destination.tunnel.flags.contains(TunnelFlags::REMOTE_CHECKSUM) {
            "remcsum"
        } else {
            "nocsum"
        }
    };
    let _ = match destination.tunnel.kind {
        TunnelKind::Gue => {
            let port = destination.tunnel.port;
            write!(line, " --tun-type gue --tun-port {port} --tun-{}", checksum())
        }
        TunnelKind::Gre => write!(line, " --tun-type gre --tun-{}", checksum()),
        _ if destination.forwarding == Forwarding::Tunnel => write!(line, " --tun-type ipip"),
        _ => Ok(()),
    };
    line
}

/// All lines of a table, each service before its destinations.
fn lines(table: &Table, thresholds: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (service, destinations) in table.values() {
        lines.push(service_line(service));
        let of = |destination| destination_line(service, destination, thresholds);
        lines.extend(destinations.iter().map(of));
    }
    lines
}

fn ipvsadm(arguments: &[&str], input: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("ipvsadm: {error}");
    let mut command = Command::new("ipvsadm");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("ipvsadm {arguments:?}: {said}\n{input}"))
}

fn write(client: &mut Client, table: &Table) -> Result<(), Error> {
    let mut changes = Vec::new();
    for (key, (service, destinations)) in table {
        changes.push(Request::AddService(service.clone()));
        let add = |one: &Destination| Request::AddDestination(*key, one.clone());
        changes.extend(destinations.iter().map(add));
    }
    client.batch(&changes).into_iter().collect()
}

fn read(client: &mut Client) -> Result<Table, Error> {
    let mut table = Table::new();
    for service in client.services()? {
        let mut destinations = client.destinations(&service.key)?;
        destinations.sort_by_key(|one| (one.address, one.port));
        table.insert(service.key, (service, destinations));
    }
    Ok(table)
}

fn same(one: &Table, other: &Table) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|((_, one), (_, other))| {
            one.0.same_settings(&other.0)
                && one.1.len() == other.1.len()
                && one.1.iter().zip(&other.1).all(|(one, other)| one.same_settings(other))
        })
}

fn there_and_back(client: &mut Client, table: &Table) -> Result<(), String> {
    let said = |error: Error| error.to_string();
    client.flush().map_err(said)?;
    write(client, table).map_err(said)?;
    let printed = ipvsadm(&["-Sn"], "")?;
    let mut found: Vec<String> = printed.lines().map(|line| line.trim_end().to_owned()).collect();
    found.sort();
    let mut wanted = lines(table, false);
    wanted.sort();
    if found != wanted {
        return Err(format!("ipvsadm prints\n{}\nnot\n{}", found.join("\n"), wanted.join("\n")));
    }
    client.flush().map_err(said)?;
    ipvsadm(&["-R"], &(lines(table, true).join("\n") + "\n"))?;
    let back = read(client).map_err(said)?;
    if same(&back, table) { Ok(()) } else { Err(format!("read {back:#?}\nnot {table:#?}")) }
}

fn run(tables: u64, seed: u64) -> Result<(), String> {
    let mut client = Client::connect().map_err(|error| error.to_string())?;
    let (mut services, mut destinations) = (0, 0);
    for number in 0..tables {
        let mut dice = Dice(seed.wrapping_add(number));
        let table = table(&mut dice).ok_or("a number that does not fit")?;
        services += table.len();
        destinations += table.values().map(|(_, all)| all.len()).sum::<usize>();
        there_and_back(&mut client, &table).map_err(|why| format!("table {number}: {why}"))?;
    }
    client.flush().map_err(|error| error.to_string())?;
    println!("{tables} tables with {services} services and {destinations} destinations: the same");
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let tables = arguments.next().map_or(Ok(1_000), |text| text.parse());
    let seed = arguments.next().map_or(Ok(1), |text| text.parse());
    let (Ok(tables), Ok(seed)) = (tables, seed) else {
        eprintln!("usage: ipvsadm_roundtrip [TABLES [SEED]]");
        return ExitCode::from(2);
    };
    match run(tables, seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
