//! Drives every command against the running kernel and checks what comes back.
//!
//! It empties the IPVS table of its network namespace: run it in a guest or a namespace of its
//! own, as root. Each check is printed; the exit status is 1 if any failed.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ipvs_rs::{
    Client, Config, Daemon, DaemonRole, Destination, Endpoint, Error, ErrorKind, Family,
    Forwarding, Invalid, Missing, Netmask, Operation, Request, Service, ServiceFlags, ServiceKey,
    Tunnel, TunnelFlags,
};

/// Counts what held and what did not.
struct Tally {
    held: u32,
    failed: u32,
    last: Instant,
}

impl Tally {
    fn check(&mut self, what: &str, held: bool, found: &dyn std::fmt::Debug) {
        let took = self.last.elapsed();
        self.last = Instant::now();
        if took > Duration::from_secs(1) {
            println!("      the next check took {took:?}");
        }
        if held {
            self.held += 1;
            println!("ok    {what}");
        } else {
            self.failed += 1;
            println!("FAIL  {what}: found {found:?}");
        }
    }

    fn ok<T: std::fmt::Debug>(&mut self, what: &str, result: &Result<T, Error>) {
        self.check(what, result.is_ok(), result);
    }

    fn refused<T: std::fmt::Debug>(
        &mut self,
        what: &str,
        result: &Result<T, Error>,
        kind: &ErrorKind,
    ) {
        let held = matches!(result, Err(error) if error.kind() == kind);
        self.check(what, held, result);
        if let Err(error) = result {
            println!("      {error}");
        }
    }
}

fn main() -> ExitCode {
    let mut client = match Client::connect() {
        Ok(client) => client,
        Err(error) => {
            println!("FAIL  {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut tally = Tally { held: 0, failed: 0, last: Instant::now() };
    let client = &mut client;
    facts(client, &mut tally);
    services(client, &mut tally);
    destinations(client, &mut tally);
    refusals(client, &mut tally);
    daemons(client, &mut tally);
    batch(client, &mut tally);
    long_list(client, &mut tally);
    if std::env::args().any(|word| word == "--reload") {
        reload(client, &mut tally);
    }
    if std::env::args().any(|word| word == "--leave") {
        leave(client, &mut tally);
    }
    println!("{} checks held, {} failed", tally.held, tally.failed);
    if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn at(text: &str, port: u16) -> Endpoint {
    let address: IpAddr = text.parse().unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    Endpoint::new(address, port)
}

fn mark(number: u32, family: Family) -> ServiceKey {
    ServiceKey::fwmark(NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN), family)
}

fn samples() -> Vec<Service> {
    let day = Duration::from_secs(86_400);
    vec![
        Service::new(ServiceKey::tcp(at("127.0.0.9", 80)), "wlc"),
        Service::new(ServiceKey::udp(at("127.0.0.9", 53)), "rr")
            .with_flags(ServiceFlags::ONE_PACKET),
        Service::new(ServiceKey::tcp(at("127.0.0.9", 443)), "wrr")
            .persistent(Duration::from_secs(300))
            .with_netmask(Netmask::V4(Ipv4Addr::new(255, 255, 255, 0))),
        Service::new(mark(7, Family::V4), "sh")
            .with_flags(ServiceFlags::SCHEDULER_1 | ServiceFlags::SCHEDULER_2),
        Service::new(ServiceKey::tcp(at("::1", 80)), "lc"),
        Service::new(mark(7, Family::V6), "none").persistent(day).with_netmask(Netmask::V6(64)),
    ]
}

fn facts(client: &mut Client, tally: &mut Tally) {
    tally.ok("flush at the start", &client.flush());
    let info = client.info();
    tally.ok("info", &info);
    if let Ok(info) = info {
        println!("      IPVS {} with {} slots", info.version, info.connection_table_size);
        let power = info.connection_table_size.is_power_of_two();
        tally.check("table size is a power of two", power, &info);
    }
    let seconds = |number| Some(Duration::from_secs(number));
    let wanted = Config { tcp: seconds(901), tcp_fin: seconds(121), ..Config::default() };
    let before = client.config();
    tally.ok("timeouts read", &before);
    tally.ok("timeouts set", &client.set_config(&wanted));
    let after = client.config();
    let held = matches!((&before, &after), (Ok(before), Ok(after))
        if after.tcp == wanted.tcp && after.tcp_fin == wanted.tcp_fin && after.udp == before.udp);
    tally.check("timeouts read back, the unnamed one unchanged", held, &after);
    tally.ok("zero all counters", &client.zero_all());
}

fn services(client: &mut Client, tally: &mut Tally) {
    for service in samples() {
        tally.ok(&format!("add {}", service.key), &client.add_service(&service));
        let found = client.service(&service.key);
        let held = matches!(&found, Ok(found) if found.same_settings(&service));
        tally.check(&format!("read {}", service.key), held, &found);
        let known = matches!(&found, Ok(found) if found.unknown.is_empty());
        tally.check("      every attribute has a name", known, &found);
    }
    let list = client.services().unwrap_or_default();
    let all = samples().iter().all(|one| list.iter().any(|found| found.same_settings(one)));
    tally.check("list has all of them and no more", all && list.len() == samples().len(), &list);

    let key = ServiceKey::tcp(at("127.0.0.9", 80));
    let edited = Service::new(key, "sed").persistent(Duration::from_secs(60));
    tally.ok("edit a service", &client.edit_service(&edited));
    let found = client.service(&key);
    let held = matches!(&found, Ok(found) if found.same_settings(&edited));
    tally.check("edited service read back", held, &found);
    let plain = Service::new(key, "wlc");
    tally.ok("edit it back", &client.edit_service(&plain));
    let found = client.service(&key);
    let held = matches!(&found, Ok(found) if found.same_settings(&plain));
    tally.check("editing clears flags too", held, &found);
    tally.ok("zero a service's counters", &client.zero_service(&key));
}

fn destination_samples() -> Vec<Destination> {
    let tunnel = |last: u8, tunnel| {
        let endpoint = Endpoint::new(Ipv4Addr::new(127, 0, 0, last), 80);
        Destination::new(endpoint, Forwarding::Tunnel, 3).with_tunnel(tunnel)
    };
    vec![
        Destination::new(at("127.0.0.10", 8080), Forwarding::Masquerade, 1),
        Destination::new(at("127.0.0.11", 80), Forwarding::Direct, 0).with_thresholds(10, 20),
        tunnel(12, Tunnel::IPIP),
        tunnel(13, Tunnel::gue(6080, TunnelFlags::CHECKSUM)),
        tunnel(14, Tunnel::gre(TunnelFlags::NONE)),
        Destination::new(at("127.0.0.15", 80), Forwarding::Local, 65_535),
        Destination::new(at("127.0.0.16", 80), Forwarding::Bypass, 1),
        Destination::new(at("::1", 80), Forwarding::Tunnel, 2),
    ]
}

fn destinations(client: &mut Client, tally: &mut Tally) {
    let key = ServiceKey::tcp(at("127.0.0.9", 80));
    for destination in destination_samples() {
        let what = format!("add {} by {}", destination.endpoint(), destination.forwarding);
        tally.ok(&what, &client.add_destination(&key, &destination));
        let found = client.destination(&key, destination.endpoint());
        let held = matches!(&found, Ok(found) if found.same_settings(&destination)
            && found.unknown.is_empty() && found.stats.unknown.is_empty());
        tally.check(&format!("read {}", destination.endpoint()), held, &found);
    }
    let list = client.destinations(&key).unwrap_or_default();
    let order: Vec<Endpoint> = list.iter().rev().map(Destination::endpoint).collect();
    let added: Vec<Endpoint> = destination_samples().iter().map(Destination::endpoint).collect();
    tally.check("list has all of them, the last added first", order == added, &order);

    let v6 = ServiceKey::tcp(at("::1", 80));
    let real = Destination::new(at("::1", 8080), Forwarding::Masquerade, 4);
    tally.ok("add an IPv6 destination", &client.add_destination(&v6, &real));
    let found = client.destinations(&v6);
    let held = matches!(found.as_deref(), Ok([found]) if found.same_settings(&real));
    tally.check("IPv6 destination read back", held, &found);
    let fwmark = mark(7, Family::V4);
    let real = Destination::new(at("127.0.0.10", 0), Forwarding::Direct, 1);
    tally.ok("add a destination to a mark", &client.add_destination(&fwmark, &real));

    let quiesced = Destination::new(at("127.0.0.10", 8080), Forwarding::Direct, 0);
    tally.ok("edit a destination", &client.edit_destination(&key, &quiesced));
    let found = client.destination(&key, quiesced.endpoint());
    let held = matches!(&found, Ok(found) if found.same_settings(&quiesced));
    tally.check("edited destination read back", held, &found);
    tally.ok("remove it", &client.remove_destination(&key, quiesced.endpoint()));
    let gone = ErrorKind::Missing(Missing::Destination);
    tally.refused("it is gone", &client.destination(&key, quiesced.endpoint()), &gone);
}

fn refusals(client: &mut Client, tally: &mut Tally) {
    let key = ServiceKey::tcp(at("127.0.0.9", 80));
    let none = ServiceKey::tcp(at("127.0.0.99", 99));
    let real = Destination::new(at("127.0.0.11", 80), Forwarding::Direct, 1);
    let stranger = Destination::new(at("127.0.0.77", 80), Forwarding::Direct, 1);
    let (no_service, no_destination) =
        (ErrorKind::Missing(Missing::Service), ErrorKind::Missing(Missing::Destination));

    let again = client.add_service(&Service::new(key, "rr"));
    tally.refused("service twice", &again, &ErrorKind::Exists);
    tally.refused("destination twice", &client.add_destination(&key, &real), &ErrorKind::Exists);
    tally.refused("get a missing service", &client.service(&none), &no_service);
    tally.refused("remove a missing service", &client.remove_service(&none), &no_service);
    tally.refused("list a missing service", &client.destinations(&none), &no_service);
    let edit = client.edit_service(&Service::new(none, "rr"));
    tally.refused("edit a missing service", &edit, &no_service);
    tally.refused("add to a missing service", &client.add_destination(&none, &real), &no_service);
    let edit = client.edit_destination(&key, &stranger);
    tally.refused("edit a missing destination", &edit, &no_destination);
    let remove = client.remove_destination(&key, stranger.endpoint());
    tally.refused("remove a missing destination", &remove, &no_destination);
    let no_scheduler = ErrorKind::Missing(Missing::Scheduler);
    let add = client.add_service(&Service::new(none, "nosuchsched"));
    tally.refused("a scheduler that does not exist", &add, &no_scheduler);
    let upside_down = stranger.clone().with_thresholds(20, 10);
    let add = client.add_destination(&key, &upside_down);
    tally.refused("thresholds upside down", &add, &ErrorKind::OutOfRange);
    let gue = stranger.clone().with_tunnel(Tunnel::gue(0, TunnelFlags::NONE));
    let add = client.add_destination(&key, &gue);
    tally.refused("GUE to port 0", &add, &ErrorKind::InvalidValue);
    let mixed = Destination::new(at("::1", 81), Forwarding::Direct, 1);
    let add = client.add_destination(&key, &mixed);
    tally.refused("other family without a tunnel", &add, &ErrorKind::InvalidValue);
    let long = client.add_service(&Service::new(none, "a-name-that-is-too-long"));
    let refused = matches!(&long, Err(error)
        if matches!(error.kind(), ErrorKind::Invalid(Invalid::Name { .. })));
    tally.check("a name that is too long is not sent", refused, &long);
}

fn daemons(client: &mut Client, tally: &mut Tally) {
    let daemon = Daemon::new(DaemonRole::Master, "lo", 3);
    let refused = client.start_daemon(&daemon);
    tally.refused("daemon beside mixed families", &refused, &ErrorKind::InvalidValue);
    let key = ServiceKey::tcp(at("127.0.0.9", 80));
    tally.ok("remove the mixed one", &client.remove_destination(&key, at("::1", 80)));
    let missing = ErrorKind::Missing(Missing::Daemon);
    tally.refused("stop no daemon", &client.stop_daemon(DaemonRole::Backup), &missing);
    let nowhere = Daemon::new(DaemonRole::Master, "nosuchdev", 3);
    tally.refused("no such interface", &client.start_daemon(&nowhere), &ErrorKind::NoDevice);
    tally.ok("start the master", &client.start_daemon(&daemon));
    tally.refused("start it twice", &client.start_daemon(&daemon), &ErrorKind::Exists);
    let group = Ipv4Addr::new(224, 0, 0, 99);
    let backup = Daemon {
        group: Some(group.into()),
        port: Some(8849),
        ttl: Some(2),
        max_payload: Some(1400),
        ..Daemon::new(DaemonRole::Backup, "lo", 4)
    };
    tally.ok("start the backup", &client.start_daemon(&backup));
    let list = client.daemons();
    let held = matches!(list.as_deref(), Ok([master, found])
        if master.role == DaemonRole::Master && master.sync_id == 3 && master.interface == "lo"
        && master.port == Some(8848) && *found == backup);
    tally.check("both daemons listed", held, &list);
    tally.ok("stop the master", &client.stop_daemon(DaemonRole::Master));
    tally.ok("stop the backup", &client.stop_daemon(DaemonRole::Backup));
    let list = client.daemons();
    tally.check("no daemon listed", matches!(list.as_deref(), Ok([])), &list);
}

fn batch(client: &mut Client, tally: &mut Tally) {
    tally.ok("flush", &client.flush());
    let list = client.services();
    tally.check("nothing is left", matches!(list.as_deref(), Ok([])), &list);
    let key = ServiceKey::udp(at("127.0.0.9", 514));
    let mut changes = vec![Request::AddService(Service::new(key, "rr"))];
    let real = |number: u16| {
        let [high, low] = number.to_be_bytes();
        let address = Ipv4Addr::new(127, 1, high, low);
        Destination::new(Endpoint::new(address, 514), Forwarding::Masquerade, 1)
    };
    changes.extend((0..300).map(|number| Request::AddDestination(key, real(number))));
    changes.push(Request::AddDestination(key, real(5)));
    changes.push(Request::RemoveDestination(key, real(6).endpoint()));
    let results = client.batch(&changes);
    let failed: Vec<_> = results.iter().enumerate().filter(|(_, one)| one.is_err()).collect();
    let held = matches!(failed.as_slice(), [(301, Err(error))]
        if error.is_exists() && error.operation() == Operation::AddDestination);
    tally.check("batch of 303: only the doubled one fails", held, &failed);
    let list = client.destinations(&key).unwrap_or_default();
    tally.check("299 destinations in several pieces", list.len() == 299, &list.len());
    let question = client.batch(&[Request::GetInfo]);
    let refused = matches!(question.as_slice(), [Err(error)]
        if *error.kind() == ErrorKind::Invalid(Invalid::NotAChange));
    tally.check("a batch refuses questions", refused, &question);
}

fn long_list(client: &mut Client, tally: &mut Tally) {
    let key = |port| ServiceKey::tcp(at("127.0.0.9", port));
    let changes: Vec<Request> =
        (1..=500).map(|port| Request::AddService(Service::new(key(port), "rr"))).collect();
    let results = client.batch(&changes);
    tally.check("500 services added", results.iter().all(Result::is_ok), &results.len());
    let mut found: Vec<ServiceKey> =
        client.services().unwrap_or_default().into_iter().map(|service| service.key).collect();
    found.sort();
    found.dedup();
    tally.check("501 services listed, each once", found.len() == 501, &found.len());
    tally.ok("flush at the end", &client.flush());
    let list = client.services();
    tally.check("nothing is left again", matches!(list.as_deref(), Ok([])), &list);
}

/// Unloads and loads the module under the open client, which changes the family's number.
fn reload(client: &mut Client, tally: &mut Tally) {
    let modprobe = |words: &[&str]| std::process::Command::new("modprobe").args(words).status();
    let key = ServiceKey::tcp(at("127.0.0.9", 80));
    let reals = [Destination::new(at("127.0.0.10", 80), Forwarding::Direct, 1)];
    for again in ["first", "second"] {
        let schedulers =
            ["wlc", "wrr", "rr", "lc", "sh", "sed"].map(|name| format!("ip_vs_{name}"));
        let mut words = vec!["-r"];
        words.extend(schedulers.iter().map(String::as_str));
        words.push("ip_vs");
        let unloaded = modprobe(&words);
        let held = matches!(&unloaded, Ok(status) if status.success());
        tally.check(&format!("module unloaded the {again} time"), held, &unloaded);
        let mut changes = vec![Request::AddService(Service::new(key, "wlc"))];
        changes.extend(reals.iter().map(|real| Request::AddDestination(key, real.clone())));
        let results = client.batch(&changes);
        let held = results.iter().all(Result::is_ok);
        tally.check("the client finds the module again", held, &results);
        tally.ok("flush", &client.flush());
    }
}

/// Leaves a table behind, for another program to look at.
fn leave(client: &mut Client, tally: &mut Tally) {
    let mut changes: Vec<Request> = samples().into_iter().map(Request::AddService).collect();
    let key = ServiceKey::tcp(at("127.0.0.9", 80));
    let reals = destination_samples().into_iter();
    changes.extend(reals.map(|real| Request::AddDestination(key, real)));
    let results = client.batch(&changes);
    tally.check("a table is left behind", results.iter().all(Result::is_ok), &results);
}
