//! What is needed, in which order it is made, and that it can be undone.

use super::*;
use crate::config::{Checksum, ServiceKey};
use crate::director::tests::config;
use proptest::prelude::*;
use std::string::{String, ToString};
use std::vec::Vec;

fn own(addresses: &[&str]) -> BTreeSet<IpAddr> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

fn with(forward: Forward) -> Config {
    let mut config = config();
    config.services.values_mut().for_each(|service| service.forward = forward);
    config
}

fn told(changes: &[Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

/// Carries a change out on a host that is only what was found of it.
fn carry_out(change: &Change, found: &mut Found) {
    match change {
        Change::Raise(device) => {
            found.devices.insert(*device);
        }
        Change::Lower(device) => {
            found.devices.remove(device);
        }
        Change::Open(port) => {
            found.ports.insert(*port);
        }
        Change::Close(port) => {
            found.ports.remove(port);
        }
        Change::Set(key, value) => {
            found.settings.insert(key.clone(), *value);
        }
        Change::Add(address) => {
            found.addresses.insert(address.clone());
        }
        Change::Remove(address) => {
            found.addresses.remove(address);
        }
    }
}

#[test]
fn direct_routing_needs_the_address_and_silence() {
    let needs = needs(&with(Forward::Direct), &own(&["10.0.0.21", "192.0.2.7"]));
    assert_eq!(needs.services.len(), 1);
    assert_eq!(
        told(&changes(&needs, &Found::default())),
        [
            "set net/ipv4/conf/all/arp_ignore = 1",
            "set net/ipv4/conf/all/arp_announce = 2",
            "add address 10.0.0.100/32 on lo",
        ]
    );
}

#[test]
fn tunnelling_needs_the_device_first() {
    let needs = needs(&with(Forward::IPIP), &own(&["10.0.0.22"]));
    assert_eq!(
        told(&changes(&needs, &Found::default())),
        [
            "switch on tunl0",
            "set net/ipv4/conf/all/arp_ignore = 1",
            "set net/ipv4/conf/all/arp_announce = 2",
            "set net/ipv4/conf/tunl0/rp_filter = 2",
            "add address 10.0.0.100/32 on lo",
            // Loose filtering drops what comes from a device without an address.
            "add address 10.0.0.100/32 on tunl0",
        ]
    );
}

#[test]
fn nat_and_a_host_that_serves_nothing_need_nothing() {
    let nat = needs(&with(Forward::Nat), &own(&["10.0.0.21"]));
    assert_eq!((nat.addresses.len(), nat.services.len()), (0, 1));
    assert_eq!(needs(&with(Forward::Direct), &own(&["10.0.0.99"])), Needs::default());
}

#[test]
fn each_wrapping_of_each_pair_of_families_has_its_device() {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let (four, six) = (address("192.0.2.1"), address("2001:db8::1"));
    let pairs = [(four, four), (six, four), (four, six), (six, six)];
    let devices = |tunnel| pairs.map(|(inner, outer)| Device::of(tunnel, inner, outer).name());
    let gue = Tunnel::Gue { port: core::num::NonZeroU16::MIN, checksum: Checksum::Off };
    assert_eq!(devices(Tunnel::Ipip), ["tunl0", "sit0", "ip6tnl0", "ip6tnl0"]);
    assert_eq!(devices(gue), ["tunl0", "sit0", "ip6tnl0", "ip6tnl0"]);
    assert_eq!(devices(Tunnel::Gre { checksum: true }), ["gre0", "gre0", "ip6gre0", "ip6gre0"]);
    assert!(Device::ALL.iter().all(|device| device.interface().as_str() == device.name()));
}

#[test]
fn generic_udp_encapsulation_needs_its_port() {
    let port = core::num::NonZeroU16::new(6080).unwrap();
    let gue = Forward::Tunnel(Tunnel::Gue { port, checksum: Checksum::Off });
    let needs = needs(&with(gue), &own(&["10.0.0.22"]));
    let told = told(&changes(&needs, &Found::default()));
    assert_eq!(told[..2], ["switch on tunl0", "open UDP port 6080 for GUE over IPv4"]);
}

#[test]
fn an_address_of_the_sixth_version_needs_no_setting() {
    let mut config = with(Forward::Direct);
    for service in config.services.values_mut() {
        service.key = ServiceKey::Tcp("[2001:db8::100]:80".parse().unwrap());
    }
    let needs = needs(&config, &own(&["10.0.0.21"]));
    assert_eq!(told(&changes(&needs, &Found::default())), ["add address 2001:db8::100/128 on lo"]);
}

#[test]
fn a_stricter_setting_is_left_alone() {
    let needs = needs(&with(Forward::Direct), &own(&["10.0.0.21"]));
    let mut found = Found::default();
    for (key, least) in &needs.settings {
        found.settings.insert(key.clone(), least + 1);
    }
    assert_eq!(told(&changes(&needs, &found)), ["add address 10.0.0.100/32 on lo"]);
}

#[test]
fn what_somebody_else_changed_since_is_not_undone() {
    let needs = needs(&with(Forward::Direct), &own(&["10.0.0.21"]));
    let mut found = Found::default();
    found.settings.extend(needs.settings.keys().map(|key| (key.clone(), 0)));
    let mut record = Record::default();
    let todo = changes(&needs, &found);
    record.note(&todo, &found);
    todo.iter().for_each(|change| carry_out(change, &mut found));
    found.settings.insert(Sysctl::ArpIgnore(InterfaceName::literal("all")), 8);
    assert_eq!(
        told(&undo(&record, &found)),
        ["remove address 10.0.0.100/32 on lo", "set net/ipv4/conf/all/arp_announce = 0"]
    );
}

/// Hosts that hold any part of what may be needed, with any values.
fn hosts(needs: &Needs) -> impl Strategy<Value = Found> + use<> {
    let addresses: Vec<_> = needs.addresses.iter().cloned().collect();
    let settings: Vec<_> = needs.settings.keys().cloned().collect();
    let values = proptest::collection::vec(0_i64..4, settings.len());
    (
        proptest::sample::subsequence(addresses.clone(), 0..=addresses.len()),
        values,
        proptest::sample::subsequence(Device::ALL.to_vec(), 0..=Device::ALL.len()),
    )
        .prop_map(move |(addresses, values, devices)| Found {
            addresses: addresses.into_iter().collect(),
            settings: settings.iter().cloned().zip(values).collect(),
            devices: devices.into_iter().collect(),
            ports: BTreeSet::new(),
        })
}

proptest! {
    /// Broken off anywhere and run again, any number of times: in the end the host has what it
    /// needs, never held the address while it would have answered for it, and goes back to what it
    /// was.
    #[test]
    fn it_converges_safely_and_can_be_undone(
        before in hosts(&needs(&with(Forward::IPIP), &own(&["10.0.0.21"]))),
        stops in proptest::collection::vec(0_usize..6, 0..4),
    ) {
        let needs = needs(&with(Forward::IPIP), &own(&["10.0.0.21"]));
        let (mut found, mut record) = (before.clone(), Record::default());
        for stop in stops.into_iter().chain([usize::MAX]) {
            let todo = changes(&needs, &found);
            record.note(&todo, &found);
            for change in todo.iter().take(stop) {
                if let Change::Add(_) = change {
                    let ready = |(key, least)| found.settings.get(key) >= Some(least);
                    prop_assert!(needs.settings.iter().all(ready));
                }
                carry_out(change, &mut found);
            }
        }
        prop_assert_eq!(changes(&needs, &found), []);
        for change in undo(&record, &found) {
            carry_out(&change, &mut found);
        }
        prop_assert_eq!(found, before);
    }
}
