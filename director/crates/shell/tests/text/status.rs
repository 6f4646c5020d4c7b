//! What `status` shows, for people and for programs.

use director_core::beat::{Claim, Incarnation};
use director_core::config::{
    Digest, Forward, Priority, Scheduler, ServiceKey, SyncRole, Thresholds, Via, VirtualAddress,
    Weight,
};
use director_core::input::Ignored;
use director_core::name::{
    AlertName, ClusterName, GroupName, InterfaceName, NodeName, ServiceName,
};
use director_core::probe::Advice;
use director_core::report::{Health, PeerState, Role};
use director_core::standing::Duty;
use director_core::time::{Deadline, Instant, Reason};
use director_core::view::{
    AddressView, AlertView, DrainView, GroupView, KernelView, LinkView, PeerView, ServerView,
    ServiceView, View,
};
use director_shell::status::{summary, text};

fn interface(name: &str) -> InterfaceName {
    InterfaceName::new(name).unwrap()
}

fn web() -> GroupName {
    GroupName::new("web").unwrap()
}

fn group() -> GroupView {
    let address = VirtualAddress {
        address: "10.0.0.100".parse().unwrap(),
        prefix: 24,
        interface: interface("eth0"),
        mac: None,
    };
    GroupView {
        name: web(),
        role: Role::Active,
        since_ms: 12_345,
        why: "the kernel holds its addresses".into(),
        resting: false,
        owner: Some(NodeName::new("d1").unwrap()),
        rival: None,
        failback_ms: None,
        vrrp: None,
        addresses: vec![AddressView { address, held: true }],
    }
}

fn peer() -> PeerView {
    let link =
        |name, up, heard_ms| LinkView { interface: interface(name), up, heard_ms, missed: 3 };
    PeerView {
        name: NodeName::new("d2").unwrap(),
        priority: Priority::new(100).unwrap(),
        state: PeerState::Alive,
        incarnation: Some(Incarnation(2)),
        same_config: Some(true),
        heard_ms: Some(40),
        claims: [(web(), Claim::Standby)].into(),
        links: vec![link("eth0", true, Some(40)), link("eth1", false, None)],
    }
}

fn server(number: u8, health: Health) -> ServerView {
    let up = health == Health::Up;
    ServerView {
        address: format!("10.0.0.{}:80", 20 + number).parse().unwrap(),
        health,
        since_ms: 3_725_000,
        why: if up { "2 checks in a row succeeded" } else { "connection refused" }.into(),
        forward: Forward::Direct,
        weight: Weight(10),
        thresholds: Thresholds { upper: 100, lower: 80 },
        desired_weight: Some(if up { Weight(10) } else { Weight::ZERO }),
        kernel_weight: Some(Weight(10)),
        active: 4711,
        inactive: 7,
        successes: 2,
        failures: 0,
        checks_passed: 120,
        checks_failed: 3,
        check_us: Some(1500),
        checked_at: "10.0.0.100:80".parse().unwrap(),
        check_mark: (number == 2).then_some(1_280_704_513),
        advice: Advice::default(),
        duty: Duty::Serve,
        duty_ms: None,
        by: None,
        damped_ms: None,
    }
}

fn view() -> View {
    let service = ServiceView {
        name: ServiceName::new("http").unwrap(),
        key: ServiceKey::Tcp("10.0.0.100:80".parse().unwrap()),
        scheduler: Scheduler::Wlc,
        settings: "wlc persistent 300 prefix 24".into(),
        checked_via: Via::Service,
        marked: [].into(),
        fallback_serving: false,
        fallback: Some("127.0.0.1:80".parse().unwrap()),
        quorate: true,
        panicking: false,
        servers: vec![server(1, Health::Up), server(2, Health::Down)],
    };
    View {
        witness: Some(false),
        voter: None,
        cluster: ClusterName::new("shop").unwrap(),
        node: NodeName::new("d1").unwrap(),
        incarnation: Incarnation(0x00ab_cdef),
        config: Digest(0x1234),
        started_ms: 93_784_000,
        next: Some(Deadline { at: Instant::from_nanos(1_000), reason: Reason::BeatDue }),
        groups: vec![group()],
        peers: vec![peer()],
        ignored: [(Ignored::Replayed, 3), (Ignored::Authentication, 2)].into(),
        services: vec![service],
        draining: vec![DrainView {
            service: ServiceKey::FwMark(7),
            address: "10.0.0.29:0".parse().unwrap(),
            connections: 3,
            remaining_ms: 12_000,
        }],
        alerts: vec![AlertView {
            channel: AlertName::new("pager").unwrap(),
            waiting: 2,
            troubles: 1,
            sent: 7,
            failed: 3,
            lost: 1,
            suppressed: 4,
            failure: Some("connection refused".into()),
        }],
        kernel: KernelView {
            converged: false,
            observed_ms: Some(250),
            refused: vec!["set net/ipv4/vs/expire_nodest_conn = 1: it does not exist".into()],
            foreign: vec!["service tcp 10.0.0.200:25".into()],
            sync: [(SyncRole::Master, "id 1 on eth1 to 224.0.0.81 port 8848".into())].into(),
            sync_listening_ms: None,
        },
    }
}

#[test]
fn people_read_tables() {
    insta::assert_snapshot!(text(&view()));
}

#[test]
fn programs_read_json() {
    // Fields may be added here, and never renamed or removed: scripts read them.
    insta::assert_snapshot!(serde_json::to_string_pretty(&view()).unwrap());
}

#[test]
fn the_service_manager_reads_one_line() {
    let mut view = view();
    assert_eq!(summary(&view), "active for web");
    let mail = GroupName::new("mail").unwrap();
    view.groups.push(GroupView { name: mail, role: Role::Standby, ..group() });
    assert_eq!(summary(&view), "active for web; standby for mail");
    view.groups.clear();
    assert_eq!(summary(&view), "no groups");
}

#[test]
fn a_young_director_that_knows_nobody_shows_that() {
    let mut young = view();
    young.started_ms = 999;
    young.kernel.observed_ms = None;
    young.peers[0].heard_ms = None;
    young.peers[0].same_config = None;
    young.peers[0].state = PeerState::Unknown;
    young.groups[0].owner = None;
    young.services[0].servers[0].kernel_weight = None;
    insta::assert_snapshot!(text(&young));
}
