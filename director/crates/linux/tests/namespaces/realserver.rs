//! A director's segment with a real server on it: who answers ARP for the virtual address.

use crate::lab::{Lab, Namespace, address, give, in_namespace, interface};
use director_core::desired::Sysctl;
use director_core::doctor::Answer;
use director_core::realserver::{Change, Device, Needs, Record, changes, undo};
use director_linux::{RealServerHost, examine};
use std::collections::BTreeSet;

const MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x15];

/// What direct routing to a real server needs.
fn needs() -> Needs {
    let all = interface("all");
    Needs {
        addresses: [address("10.0.0.100", 32, "lo")].into(),
        settings: [(Sysctl::ArpIgnore(all.clone()), 1), (Sysctl::ArpAnnounce(all), 2)].into(),
        ..Needs::default()
    }
}

fn apply(needs: &Needs, record: &mut Record) -> usize {
    let mut host = RealServerHost::new();
    let found = host.find(needs, record).expect("what is there");
    let todo = changes(needs, &found);
    record.note(&todo, &found);
    for change in &todo {
        host.carry_out(change).expect("a change");
    }
    todo.len()
}

/// The addresses that the neighbour answers for, asked from `v0`.
fn answered() -> Vec<String> {
    let asked =
        ["10.0.0.21", "10.0.0.100"].map(|a| (interface("v0"), a.parse().expect("an address")));
    let answers = examine::ask(&BTreeSet::from(asked)).expect("a question");
    assert!(answers.iter().all(|Answer { mac, .. }| mac.0 == MAC), "{answers:?}");
    answers.iter().map(|answer| answer.address.to_string()).collect()
}

#[test]
fn a_real_server_is_silent_once_it_is_set_up_and_not_before() {
    in_namespace(|| async {
        let lab = Lab::new();
        let director = Namespace::here();
        let server = Namespace::new();
        director.enter();
        lab.pair("v0", "v1").await;
        lab.set_mac("v1", MAC).await;
        lab.move_to("v1", &server).await;
        give("10.0.0.11", 24, "v0");
        lab.up("v0").await;
        server.enter();
        let inside = Lab::new();
        inside.up("lo").await;
        inside.up("v1").await;
        inside.carrier("v1").await;
        give("10.0.0.21", 24, "v1");
        // As people do it who have not read of the problem.
        give("10.0.0.100", 32, "lo");
        director.enter();
        lab.carrier("v0").await;
        assert_eq!(answered(), ["10.0.0.21", "10.0.0.100"]);

        server.enter();
        let mut record = Record::default();
        assert_eq!(apply(&needs(), &mut record), 2, "the address is there already");
        assert_eq!(apply(&needs(), &mut record), 0);
        director.enter();
        assert_eq!(answered(), ["10.0.0.21"]);

        server.enter();
        let mut host = RealServerHost::new();
        let found = host.find(&Needs::default(), &record).expect("what is there");
        for change in undo(&record, &found) {
            host.carry_out(&change).expect("a change");
        }
        let left = host.find(&needs(), &record).expect("what is there");
        assert!(left.settings.values().all(|value| *value == 0), "{left:?}");
        assert_eq!(left.addresses.len(), 3, "127.0.0.1, ::1 and what was there before");
    });
}

#[test]
fn a_tunnel_device_is_made_and_switched() {
    in_namespace(|| async {
        Lab::new().up("lo").await;
        let mut host = RealServerHost::new();
        match host.carry_out(&Change::Raise(Device::Ipip)) {
            Ok(()) => {}
            Err(error) => {
                eprintln!("SKIPPED: this kernel has no module ipip: {error}");
                return;
            }
        }
        let none = (Needs::default(), Record::default());
        assert!(host.find(&none.0, &none.1).expect("found").devices.contains(&Device::Ipip));
        host.carry_out(&Change::Lower(Device::Ipip)).expect("off");
        assert!(host.find(&none.0, &none.1).expect("found").devices.is_empty());
    });
}

#[test]
fn facts_are_those_of_this_namespace() {
    in_namespace(|| async {
        let lab = Lab::new();
        lab.veth("v0", "v1").await;
        give("10.0.0.11", 24, "v0");
        lab.up("lo").await;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a socket");
        let facts = examine::facts().expect("facts");
        let v0 = &facts.interfaces[&interface("v0")];
        assert_eq!(v0.mtu, 1500);
        assert!(v0.addresses.contains(&("10.0.0.11".parse().expect("an address"), 24)));
        assert_eq!(facts.listeners, [listener.local_addr().expect("its address")].into());
        assert!(facts.gateways.is_empty() && facts.open_files.is_some());
        assert_eq!(facts.settings.get("net/ipv4/conf/v0/arp_ignore"), Some(&0));
    });
}
