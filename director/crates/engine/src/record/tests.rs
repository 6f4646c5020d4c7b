#![allow(clippy::unwrap_used, reason = "a test that cannot read what it wrote has failed")]

use super::*;
use director_core::advert::{Advert, Fault};
use director_core::alert::Undelivered;
use director_core::beat::{Beat, Body, Claim, Incarnation, Kind, LinkId};
use director_core::cluster::Arrival;
use director_core::config::{
    AdvertInterval, Announce, CheckMarks, Checksum, Cluster, Detection, Digest, Failback, Forward,
    Operations, Password, Persistence, Protocol, Scheduler, SchedulerFlags, ServiceKey,
    ServiceSettings, SyncDaemon, SyncRole, Thresholds, Traffic, Tunnel, VirtualAddress,
    VirtualDevice, VirtualMac, VrrpVersion, Weight,
};
use director_core::desired::{Closed, DesiredServer, Open, Sysctl, SysctlValue};
use director_core::input::{FailedStep, Reconciled, Rejection};
use director_core::name::{
    AlertName, ClusterName, GroupName, InterfaceName, NodeName, ServiceName,
};
use director_core::observed::{Lifetime, ObservedServer, ObservedService};
use director_core::plan::Step;
use director_core::probe::{Failure, Passed, Phase, Phases, Ticket};
use director_core::standing::{Duty, Entry, Seat, Standing};
use director_core::time::Reason;
use director_core::vote::Answer;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

fn interface() -> InterfaceName {
    InterfaceName::new("lan").unwrap()
}

fn group() -> GroupName {
    GroupName::new("web").unwrap()
}

fn address() -> VirtualAddress {
    let address = "10.0.0.100".parse().unwrap();
    VirtualAddress { address, prefix: 24, interface: interface(), mac: None }
}

fn key() -> ServiceKey {
    ServiceKey::Tcp("10.0.0.100:80".parse().unwrap())
}

fn config() -> Config {
    let seconds = Duration::from_secs;
    Config {
        cluster: Cluster {
            name: ClusterName::new("pair").unwrap(),
            keepalive: seconds(1),
            detection: Detection::Deadtime,
            deadtime: seconds(3),
            initdead: seconds(3),
            failback: Failback::Manual,
            port: NonZeroU16::new(694).unwrap(),
            key_file: "/etc/a key with blanks".to_owned(),
            links: vec![interface().into()],
            lease: Some(seconds(10)),
            witnesses: BTreeSet::from(["10.0.0.1".parse().unwrap()]),
            voter: Some("[2001:db8::5]:694".parse().unwrap()),
            fence: None,
            notify: None,
            announce: Announce { count: NonZeroU8::MIN, interval: seconds(1), refresh: None },
            resync: seconds(10),
            sync: None,
            check_marks: CheckMarks::default(),
        },
        nodes: BTreeMap::new(),
        groups: BTreeMap::new(),
        services: BTreeMap::new(),
        alerts: BTreeMap::new(),
        operations: Operations::default(),
        shared: Some(Digest(u64::MAX)),
    }
}

fn service(weight: u16) -> ObservedService {
    let server = DesiredServer::new(Forward::IPIP, Weight(weight));
    let mut service = ObservedService::new(&Scheduler::Wlc.into());
    service.servers =
        BTreeMap::from([("10.0.0.21:80".parse().unwrap(), ObservedServer::idle(&server))]);
    service
}

fn found(weight: u16) -> Snapshot {
    Snapshot {
        services: BTreeMap::from([(key(), service(weight)), (ServiceKey::FwMark(7), service(1))]),
        addresses: BTreeMap::from([(address(), Lifetime::For(Duration::from_secs(9)))]),
        sysctls: BTreeMap::from([
            (Sysctl::ArpIgnore(interface()), SysctlValue::One(1)),
            (Sysctl::SyncThreshold, SysctlValue::Two(3, 50)),
        ]),
        sync: BTreeMap::from([(SyncRole::Master, daemon())]),
        devices: [device()].into(),
        closed: Some(closed()),
        marks: Some(BTreeMap::from([(traffic(), 7)])),
    }
}

fn device() -> VirtualDevice {
    VirtualDevice { interface: interface(), mac: VirtualMac(NonZeroU8::MIN), ipv6: true }
}

fn closed() -> Closed {
    let open = [Open::Port(Protocol::Tcp, 80), Open::Mark(7)];
    Closed::from([("2001:db8::100".parse().unwrap(), open.into())])
}

fn daemon() -> SyncDaemon {
    let (port, group) = (NonZeroU16::new(8848).unwrap(), "224.0.0.81".parse().unwrap());
    SyncDaemon {
        interface: interface(),
        id: 1,
        group,
        port,
        ttl: NonZeroU8::MIN,
        max_payload: None,
    }
}

fn traffic() -> Traffic {
    Traffic { protocol: Protocol::Tcp, to: "10.0.0.100:443".parse().unwrap() }
}

fn beginning() -> Beginning {
    Beginning {
        release: "0.1.0".to_owned(),
        node: NodeName::new("d1").unwrap(),
        seed: u64::MAX,
        at: Instant::from_nanos(81_200_000_000_001),
        began: "2026-01-02T03:04:05Z".to_owned(),
        config: Arc::new(config()),
        found: found(3),
        ledger: Ledger::default(),
    }
}

fn beat(kind: Kind, claim: Claim) -> Input {
    let node = NodeName::new("d2").unwrap();
    let standing = Standing {
        version: 3,
        duty: Duty::Drain { deadline: Some(Duration::from_secs(5)) },
        weight: Some(Weight(2)),
    };
    let seat = Seat {
        service: ServiceName::new("http").unwrap(),
        server: "10.0.0.21:80".parse().unwrap(),
    };
    let body = Body {
        version: 2,
        node: node.clone(),
        incarnation: Incarnation(u64::MAX),
        config: Digest(5),
        heard: BTreeMap::from([(node, Incarnation(9))]),
        claims: BTreeMap::from([(group(), claim)]),
        released: BTreeMap::from([(group(), 3)]),
        orders: vec![Entry { seat, standing }],
    };
    Input::Beat { link: LinkId(1), beat: Beat { kind, sequence: 12, body: Arc::new(body) } }
}

fn advert(said: Result<Advert, Fault>) -> Input {
    let (from, local) = ("10.0.0.12".parse().unwrap(), "10.0.0.11".parse().unwrap());
    Input::Advert(Arrival { interface: interface(), from, local, hops: 255, said })
}

fn pass(weight: u16) -> Input {
    let gue = Tunnel::Gue { port: NonZeroU16::new(6080).unwrap(), checksum: Checksum::Remote };
    let to = |forward| DesiredServer {
        forward,
        weight: Weight(weight),
        thresholds: Thresholds { upper: 9, lower: 3 },
    };
    let server = "10.0.0.21:80".parse().unwrap();
    let settings = ServiceSettings {
        flags: SchedulerFlags::PORT,
        persistence: Some(Persistence {
            timeout: Duration::from_secs(60),
            prefix: 32,
            engine: None,
        }),
        ..Scheduler::Mh.into()
    };
    let forwards = [
        Forward::Direct,
        Forward::Nat,
        Forward::IPIP,
        Forward::Tunnel(gue),
        Forward::Tunnel(Tunnel::Gre { checksum: true }),
        Forward::Tunnel(Tunnel::Gre { checksum: false }),
    ];
    let added = forwards.map(|forward| Step::AddServer(key(), server, to(forward)));
    let set = Step::SetSysctl { key: Sysctl::Forwarding, from: None, to: SysctlValue::One(1) };
    let others = [
        Step::RemoveAddress(address()),
        Step::RenewAddress(address(), Lifetime::Forever),
        set,
        Step::AddService(key(), settings),
        Step::SetMarks(BTreeMap::from([(traffic(), 7)])),
        Step::StartSync(SyncRole::Backup, daemon()),
        Step::SetClosed(closed()),
        Step::AddDevice(device()),
        Step::RemoveDevice(device()),
    ];
    let refused = Step::AddAddress(address(), Lifetime::For(Duration::from_secs(10)));
    Input::Reconciled(Reconciled {
        number: 4,
        done: added.into_iter().chain(others).collect(),
        failed: vec![FailedStep { step: refused, why: "not \"permitted\"\nat all".to_owned() }],
        found: Ok(Arc::new(found(weight))),
    })
}

/// An input of every kind; those that depend on what was before, more than once.
fn inputs() -> Vec<Input> {
    let failure = Failure::Rejected { answer: "no\nway 0+0:00000000".to_owned() };
    let mut phases = Phases::default();
    phases.add(Phase::Connect, Duration::from_micros(123));
    let checked = |outcome| Input::ProbeFinished { ticket: Ticket(3), outcome, phases };
    let said = Advert {
        version: VrrpVersion::V2,
        router: NonZeroU8::MIN,
        priority: 0,
        interval: AdvertInterval::new(VrrpVersion::V2, 100).unwrap(),
        addresses: vec!["10.0.0.100".parse().unwrap()],
        password: Password::new("secret"),
    };
    let node = NodeName::new("d2").unwrap();
    let number = Incarnation(1);
    let answer = Answer {
        node: node.clone(),
        incarnation: number,
        number: 9,
        voter: number,
        granted: BTreeSet::from([group()]),
        refused: BTreeMap::from([(group(), node.clone())]),
    };
    let failed = Reconciled { number: 5, done: vec![], failed: vec![], found: Err("no".into()) };
    let from = "10.0.0.12".parse().unwrap();
    let channel = AlertName::new("mail").unwrap();
    vec![
        Input::Deadline,
        beat(Kind::Regular, Claim::Standby),
        beat(Kind::Answer { question: 3 }, Claim::Standby),
        beat(Kind::Regular, Claim::Active),
        Input::Rejected { link: LinkId(0), from, why: Rejection::Authentication, owns: true },
        advert(Ok(said)),
        advert(Err(Fault::Checksum)),
        checked(Ok(Passed::default())),
        checked(Err(failure)),
        pass(3),
        pass(0),
        pass(0),
        Input::Reconciled(failed),
        Input::LinkChanged { interface: interface(), up: false },
        Input::WitnessAnswered { witness: from, question: u64::MAX },
        Input::VoterAnswered(answer),
        Input::Fenced { peer: node, result: Err("no power switch".into()) },
        Input::AlertEnded {
            channel,
            number: 1,
            result: Err(Undelivered { again: true, why: String::new() }),
        },
        Input::KernelChanged,
        Input::Reload(Arc::new(config())),
        Input::Order(Order::Handover { group: Some(group()) }),
        Input::MaintenanceFiles(BTreeSet::from(["http/10.0.0.21".parse().unwrap()])),
        Input::Stop,
    ]
}

fn turns() -> Vec<Turn> {
    let by = Author { who: "root".to_owned(), why: "a disk, or two".to_owned() };
    let causes = [Cause::Start, Cause::Ordered(Order::Ready { group: None }, by)];
    let causes = causes.into_iter().chain(inputs().into_iter().map(Cause::Told));
    let start = beginning().at;
    let turn = |(place, cause)| Turn {
        at: start + Duration::from_nanos(1_000_000_007) * place,
        cause,
        effects: vec![Effect::Exit; usize::try_from(place % 3).unwrap()],
        reports: vec![Report::Stopping; usize::from(place == 4)],
        next: Some(Deadline { at: start, reason: Reason::BeatDue }),
    };
    (0_u32..).zip(causes).map(turn).collect()
}

fn record() -> String {
    let (mut writer, mut text) = Writer::begin(&beginning()).unwrap();
    for turn in turns() {
        text.push_str(&writer.turn(&turn, usize::MAX).unwrap().unwrap());
    }
    text + &writer.end(End::Stopped)
}

/// Everything up to the end, or up to what is wrong.
fn read(text: &[u8]) -> Result<(Beginning, Vec<Item>), Wrong> {
    let (beginning, mut reader) = Reader::open(text)?;
    let mut items = Vec::new();
    loop {
        let item = reader.item()?;
        let over = matches!(item, Item::Open { .. });
        items.push(item);
        if over {
            return Ok((beginning, items));
        }
    }
}

#[test]
fn what_was_written_is_read() {
    let text = record();
    let (begun, items) = read(text.as_bytes()).unwrap();
    assert_eq!(begun, beginning());
    let wanted = turns();
    assert_eq!(items.len(), wanted.len() + 2);
    for ((place, item), turn) in items.iter().enumerate().zip(&wanted) {
        let Item::Turn { line, at, cause, outputs } = item else { panic!("{item:?}") };
        assert_eq!((*line, at, cause), (place + 6, &turn.at, &turn.cause));
        assert_eq!(*outputs, Outputs::of(&turn.effects, &turn.reports, turn.next));
    }
    assert_eq!(items[wanted.len()..], [Item::End(End::Stopped), Item::Open { cut: false }]);
}

#[test]
fn what_is_said_and_held_as_before_is_not_written_again() {
    let text = record();
    let beats: Vec<&str> = text.lines().filter(|line| line.contains(" beat ")).collect();
    assert!(beats[1].contains(r#" [1,{"answer":{"question":3}},12,"d2"] "#), "{}", beats[1]);
    assert!(beats[2].contains("incarnation"), "{}", beats[2]);
    let passes: Vec<&str> = text.lines().filter(|line| line.contains(" pass ")).collect();
    let held = |line: &str| line.rsplit_once("\"found\":").unwrap().1.to_owned();
    assert!(held(passes[0]).starts_with(r#"{"Ok":{}}"#), "{}", passes[0]);
    assert!(held(passes[1]).contains("10.0.0.21:80") && !held(passes[1]).contains("scheduler"));
    assert!(held(passes[2]).starts_with(r#"{"Ok":{}}"#), "{}", passes[2]);
}

#[test]
fn a_crash_leaves_what_was_written_before() {
    let text = record();
    let whole = text.len() - text.lines().last().unwrap().len() - 1;
    let (_, items) = read(&text.as_bytes()[..whole]).unwrap();
    assert_eq!(items.last(), Some(&Item::Open { cut: false }));
    let (_, items) = read(&text.as_bytes()[..whole - 1]).unwrap();
    assert_eq!(items.last(), Some(&Item::Open { cut: true }));
    assert_eq!(items.len(), turns().len());
}

#[test]
fn the_first_lines_must_be_there_and_of_this_form() {
    let text = record();
    let wrong = |text: &str| Reader::open(text.as_bytes()).map(drop).unwrap_err().to_string();
    assert!(wrong("").starts_with("line 1: the record is cut off"), "{}", wrong(""));
    assert!(wrong("[cluster]\n").starts_with("line 1: not a director's record"));
    let other = wrong(&text.replacen("record 1", "record 2", 1));
    assert!(other.starts_with("line 1: a record of another form"), "{other}");
    let cut: String = text.lines().take(3).map(|line| format!("{line}\n")).collect();
    assert!(wrong(&cut).starts_with("line 4: the record is cut off"), "{}", wrong(&cut));
    let cut = format!("{cut}found {{");
    assert!(wrong(&cut).starts_with("line 4: the record is cut off"), "{}", wrong(&cut));
}

#[test]
fn nothing_follows_the_end() {
    let text = record();
    let last = text.lines().last().unwrap();
    let wrong = read(format!("{text}{last}\n").as_bytes()).unwrap_err();
    assert_eq!(wrong.line, text.lines().count() + 1);
}

#[test]
fn a_line_that_does_not_fit_is_left_out_and_the_end_fits() {
    let (mut writer, text) = Writer::begin(&beginning()).unwrap();
    let turns = turns();
    let first = writer.turn(&turns[0], usize::MAX).unwrap().unwrap();
    let length = writer.clone().turn(&turns[1], usize::MAX).unwrap().unwrap().len();
    assert!(writer.clone().turn(&turns[1], length).unwrap().is_some());
    assert_eq!(writer.turn(&turns[1], length - 1).unwrap(), None);
    let text = text + &first + &writer.end(End::Full);
    let (_, items) = read(text.as_bytes()).unwrap();
    assert_eq!(items[1], Item::End(End::Full));
}

fn lines() -> Vec<String> {
    record().lines().map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever byte is another, the line is named, or what is behind the last line's end.
    #[test]
    fn a_garbled_line_is_named(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = record().into_bytes();
        let at = place.index(bytes.len() - 1);
        prop_assume!(bytes[at] != byte);
        let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        bytes[at] = byte;
        let wrong = read(&bytes).unwrap_err();
        prop_assert!(wrong.line == line, "line {line} was changed: {wrong}");
    }

    /// A line that is missing, twice there, or in another place is found out where it is so.
    #[test]
    fn a_moved_line_is_named(places in any::<[prop::sample::Index; 2]>()) {
        let [from, to] = places;
        let mut lines = lines();
        let from = from.index(lines.len() - 1);
        let line = lines.remove(from);
        let without: String = lines.iter().map(|line| format!("{line}\n")).collect();
        prop_assert_eq!(read(without.as_bytes()).unwrap_err().line, from + 1);
        let to = to.index(lines.len());
        prop_assume!(to != from);
        lines.insert(to, line);
        let moved: String = lines.iter().map(|line| format!("{line}\n")).collect();
        prop_assert_eq!(read(moved.as_bytes()).unwrap_err().line, from.min(to) + 1);
    }

    /// What changes from one kernel to another makes the other of the one.
    #[test]
    fn a_difference_makes_the_other(one in kernel(), other in kernel()) {
        let delta = serde_json::to_string(&delta::Delta::between(&one, &other)).unwrap();
        let mut made = one.clone();
        serde_json::from_str::<delta::Delta>(&delta).unwrap().apply(&mut made);
        prop_assert_eq!(&made, &other);
        prop_assert_eq!(delta == "{}", one == other);
    }

    /// Any facts at all make no more than a complaint.
    #[test]
    fn any_facts_are_read_or_not(word in 0_usize..20, facts in "[-\\[\\]{}\",:0-9a-z ]{0,40}") {
        let words = [
            "start", "ordered", "deadline", "kernel", "stop", "beat", "rejected", "advert",
            "check", "pass", "carrier", "witness", "voter", "fenced", "alert", "reload", "order",
            "maintenance", "other", "",
        ];
        let _whatever = told::read(words[word], &facts, &mut told::Known::default());
    }
}

fn kernel() -> impl Strategy<Value = Snapshot> {
    let server = (0_u16..3, 0_u32..2).prop_map(|(weight, active)| {
        let to = DesiredServer::new(Forward::Direct, Weight(weight));
        ObservedServer { active, ..ObservedServer::idle(&to) }
    });
    let place = (1_u8..4).prop_map(|last| format!("10.0.0.{last}:80").parse().unwrap());
    let servers = prop::collection::btree_map(place, server, 0..3);
    let service = (servers, any::<bool>()).prop_map(|(servers, wlc)| {
        let scheduler = if wlc { Scheduler::Wlc } else { Scheduler::Rr };
        ObservedService { servers, ..ObservedService::new(&scheduler.into()) }
    });
    let key = (0_u32..3).prop_map(ServiceKey::FwMark);
    let life = (0_u64..3).prop_map(|it| Lifetime::For(Duration::from_secs(it)));
    let addresses = prop::collection::btree_map(Just(address()), life, 0..2);
    let value = (0_i64..3).prop_map(SysctlValue::One);
    let sysctls = prop::collection::btree_map(Just(Sysctl::Forwarding), value, 0..2);
    let sync = prop::collection::btree_map(Just(SyncRole::Backup), Just(daemon()), 0..2);
    let marks = prop::option::of(prop::collection::btree_map(Just(traffic()), 0_u32..2, 0..2));
    let devices = prop::collection::btree_set(Just(device()), 0..2);
    let closed = prop::option::of(prop::sample::select(vec![Closed::new(), closed()]));
    let rest = (devices, closed);
    (prop::collection::btree_map(key, service, 0..3), addresses, sysctls, sync, marks, rest)
        .prop_map(|(services, addresses, sysctls, sync, marks, (devices, closed))| Snapshot {
            devices,
            closed,
            services,
            addresses,
            sysctls,
            sync,
            marks,
        })
}
