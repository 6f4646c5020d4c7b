use director_core::config::dialogue::Http;
use director_core::config::{
    Announce, Check, CheckMarks, Cluster, Config, Detection, Dialogue, Failback, Forward, Group,
    Node, OnFailure, Operations, Pace, Policy, Priority, Scheduler, Server, Service, ServiceKey,
    Via, VirtualAddress, Weight,
};
use director_core::name::{ClusterName, GroupName, InterfaceName, NodeName, ServiceName};
use director_core::wire::heartbeat::Key;
use std::net::SocketAddr;
use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

pub(crate) fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

pub(crate) fn group() -> GroupName {
    GroupName::new("web").unwrap()
}

pub(crate) fn server(number: u8) -> SocketAddr {
    format!("10.0.0.{}:80", 20 + number).parse().unwrap()
}

pub(crate) fn key() -> Key {
    Key::new(b"a secret of tests")
}

fn one_node(number: u8, priority: u8) -> Node {
    let on = |net: u8, interface: &str| {
        let address = format!("10.{net}.0.{}", 10 + number).parse().unwrap();
        (InterfaceName::new(interface).unwrap(), address)
    };
    Node {
        addresses: [on(0, "eth0"), on(1, "eth1")].into(),
        priority: Priority::new(priority).unwrap(),
        overrides: director_core::config::Overrides::default(),
    }
}

fn cluster() -> Cluster {
    let keepalive = Duration::from_millis(100);
    Cluster {
        name: ClusterName::new("test").unwrap(),
        keepalive,
        detection: Detection::ask(keepalive),
        deadtime: Duration::from_secs(1),
        initdead: Duration::from_secs(2),
        failback: Failback::Auto { delay: Duration::ZERO },
        port: NonZeroU16::new(694).unwrap(),
        key_file: "cluster.key".into(),
        links: ["eth0", "eth1"].map(|name| InterfaceName::new(name).unwrap().into()).into(),
        announce: Announce {
            count: NonZeroU8::new(3).unwrap(),
            interval: Duration::from_millis(100),
            refresh: None,
        },
        lease: None,
        witnesses: [].into(),
        voter: None,
        fence: None,
        notify: None,
        resync: Duration::from_secs(30),
        sync: None,
        check_marks: CheckMarks::default(),
    }
}

fn http() -> Service {
    let dialogue = Dialogue::Http(Http::get("/").expecting("WELL").into());
    let check = Check {
        dialogue,
        via: Via::Server,
        port: None,
        interval: Duration::from_secs(1),
        timeout: Duration::from_millis(500),
        fall: NonZeroU8::new(2).unwrap(),
        rise: NonZeroU8::new(2).unwrap(),
        pace: Pace::default(),
    };
    Service {
        key: ServiceKey::Tcp("10.0.0.100:80".parse().unwrap()),
        marked: [].into(),
        settings: Scheduler::Wlc.into(),
        forward: Forward::Direct,
        check,
        on_failure: OnFailure::Quiesce,
        fallback: Some("127.0.0.1:80".parse().unwrap()),
        servers: [1, 2].map(|number| (server(number), Server::from(Weight(10)))).into(),
        drain: Duration::ZERO,
        fallback_command: None,
        policy: Policy::default(),
    }
}

/// Two directors, one group, one service with two servers.
pub(crate) fn config() -> Config {
    let address = VirtualAddress {
        address: "10.0.0.100".parse().unwrap(),
        prefix: 24,
        interface: InterfaceName::new("eth0").unwrap(),
        mac: None,
    };
    Config {
        cluster: cluster(),
        nodes: [(node("d1"), one_node(1, 200)), (node("d2"), one_node(2, 100))].into(),
        groups: [(
            group(),
            Group { addresses: [address].into(), priorities: [].into(), vrrp: None },
        )]
        .into(),
        services: [(ServiceName::new("http").unwrap(), http())].into(),
        alerts: std::collections::BTreeMap::new(),
        operations: Operations::default(),
        shared: None,
    }
}
