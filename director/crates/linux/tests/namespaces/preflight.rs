use crate::lab::{Lab, give, in_namespace, interface, without_ipv6};
use director_core::config::{
    Announce, Check, CheckMarks, Cluster, Config, Detection, Dialogue, Failback, Forward, Group,
    Node, OnFailure, Operations, Pace, Policy, Priority, Scheduler, Service, ServiceKey, Via,
    VirtualAddress,
};
use director_core::name::{ClusterName, GroupName, NodeName, ServiceName};
use director_engine::ports::IpvsTable;
use director_linux::{LinuxKernel, Problem, preflight, preflight_reload};
use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

/// Directors `d1` (10.0.0.11, 10.1.0.11) and `d2` (10.0.0.12, 10.1.0.12) with links `hb0` and
/// `hb1`, and a virtual address on `lan0`.
pub(crate) fn pair(port: u16) -> Config {
    let keepalive = Duration::from_millis(100);
    let node = |last: u8, priority| Node {
        addresses: [
            (interface("hb0"), [10, 0, 0, last].into()),
            (interface("hb1"), [10, 1, 0, last].into()),
        ]
        .into(),
        priority: Priority::new(priority).expect("a priority"),
        overrides: director_core::config::Overrides::default(),
    };
    let name = |name| NodeName::new(name).expect("a name");
    let vip = VirtualAddress {
        address: [192, 0, 2, 100].into(),
        prefix: 24,
        interface: interface("lan0"),
        mac: None,
    };
    Config {
        cluster: Cluster {
            name: ClusterName::new("test").expect("a name"),
            keepalive,
            detection: Detection::ask(keepalive),
            deadtime: keepalive * 10,
            initdead: keepalive * 20,
            failback: Failback::Manual,
            port: NonZeroU16::new(port).expect("a port"),
            key_file: "/etc/director/cluster.key".to_owned(),
            links: vec![interface("hb0").into(), interface("hb1").into()],
            announce: Announce { count: NonZeroU8::MIN, interval: keepalive, refresh: None },
            lease: None,
            witnesses: [].into(),
            voter: None,
            fence: None,
            notify: None,
            resync: keepalive * 100,
            sync: None,
            check_marks: CheckMarks::default(),
        },
        nodes: [(name("d1"), node(11, 200)), (name("d2"), node(12, 100))].into(),
        groups: [(
            GroupName::new("web").expect("a name"),
            Group { addresses: [vip].into(), priorities: [].into(), vrrp: None },
        )]
        .into(),
        services: [].into(),
        alerts: std::collections::BTreeMap::new(),
        operations: Operations::default(),
        shared: None,
    }
}

fn problems(node: &str) -> Vec<String> {
    let node = NodeName::new(node).expect("a name");
    preflight(&pair(694), &node).iter().map(Problem::to_string).collect()
}

#[test]
fn every_place_that_is_not_as_configured_is_told_at_once() {
    in_namespace(|| async {
        without_ipv6();
        let lab = Lab::new();
        lab.veth("hb0", "peer0").await;
        lab.veth("lan0", "peer1").await;
        give("10.0.0.11", 24, "lan0");
        assert_eq!(
            problems("d1"),
            [
                "interface hb1: there is no such interface\n  help: this machine has hb0, lan0, lo, \
                 peer0, peer1; correct the name or make it",
                "address 10.0.0.11: it is not on interface hb0\n  help: hb0 has none; lan0 has \
                 10.0.0.11/24; lo has none; peer0 has none; peer1 has none; add it or correct the \
                 configuration",
            ]
        );
    });
}

#[test]
fn a_machine_that_is_as_configured_has_no_problems() {
    in_namespace(|| async {
        let lab = Lab::new();
        lab.veth("hb0", "hb1").await;
        lab.veth("lan0", "peer0").await;
        give("10.0.0.11", 24, "hb0");
        give("10.1.0.11", 24, "hb1");
        assert_eq!(problems("d1"), Vec::<String>::new());
        let unknown = problems("d9");
        assert_eq!(
            unknown,
            ["node d9: it is not configured\n  help: the nodes are d1, d2; name one of them"]
        );
    });
}

/// An interface that has gone must not keep the operator from reading a configuration again.
#[test]
fn a_reload_is_judged_by_what_it_brings() {
    in_namespace(|| async {
        without_ipv6();
        let lab = Lab::new();
        lab.veth("hb0", "peer0").await;
        give("10.0.0.11", 24, "hb0");
        let (node, used) = (NodeName::new("d1").expect("a name"), pair(694));
        assert_eq!(preflight(&used, &node).len(), 2, "hb1 and lan0 are not there");
        assert_eq!(preflight_reload(&used, &used, &node), []);
        let mut wanted = used.clone();
        for group in wanted.groups.values_mut() {
            let moved = group.addresses.iter().cloned();
            let moved = moved.map(|one| VirtualAddress { interface: interface("lan9"), ..one });
            group.addresses = moved.collect();
        }
        let problems = preflight_reload(&used, &wanted, &node);
        let said: Vec<&str> = problems.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(said, ["interface lan9"]);
    });
}

/// On a kernel with IPVS there is nothing to tell; on one without it, what would help.
#[test]
fn a_kernel_without_ipvs_is_told_how_to_get_it() {
    in_namespace(|| async {
        let lab = Lab::new();
        lab.veth("hb0", "hb1").await;
        lab.veth("lan0", "peer0").await;
        give("10.0.0.11", 24, "hb0");
        give("10.1.0.11", 24, "hb1");
        let mut config = pair(694);
        config.services = [web()].into();
        let node = NodeName::new("d1").expect("a name");
        let problems = preflight(&config, &node);
        if LinuxKernel::new().services().is_ok() {
            assert_eq!(problems, []);
        } else {
            let said: Vec<&str> = problems.iter().map(|problem| problem.what.as_str()).collect();
            assert_eq!(said, ["it has no IPVS"]);
            assert!(problems[0].cure.contains("ip_vs"), "{problems:?}");
        }
    });
}

/// A service without servers.
fn web() -> (ServiceName, Service) {
    let second = Duration::from_secs(1);
    let check = Check {
        dialogue: Dialogue::Tcp,
        via: Via::Server,
        port: None,
        interval: second,
        timeout: second,
        fall: NonZeroU8::MIN,
        rise: NonZeroU8::MIN,
        pace: Pace::default(),
    };
    let service = Service {
        key: ServiceKey::Tcp(([192, 0, 2, 100], 80).into()),
        marked: [].into(),
        settings: Scheduler::Rr.into(),
        drain: Duration::ZERO,
        forward: Forward::Direct,
        check,
        on_failure: OnFailure::Quiesce,
        fallback: None,
        servers: [].into(),
        fallback_command: None,
        policy: Policy::default(),
    };
    (ServiceName::new("web").expect("a name"), service)
}
