//! The laws of devices with the hardware addresses of virtual routers, and of closed addresses.

use super::{Check, Checks};
use crate::ports::{Addresses, ClosedAddresses, Devices, KernelError};
use director_core::config::{Protocol, VirtualAddress, VirtualDevice, VirtualMac};
use director_core::desired::{Closed, Open};
use director_core::name::InterfaceName;
use director_core::observed::Lifetime;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU8;

/// The laws of [`Devices`] and of the addresses on them, tried on an interface that is up, has no
/// such device and no address for documentation (RFC 5737, RFC 3849), and has none afterwards.
pub fn devices<K: Devices + Addresses>(kernel: &mut K, interface: &InterfaceName) -> Vec<Check> {
    let mut checks = Checks::default();
    let before = kernel.held(interface);
    let device = |number, ipv6| VirtualDevice {
        interface: interface.clone(),
        mac: VirtualMac(NonZeroU8::new(number).unwrap_or(NonZeroU8::MIN)),
        ipv6,
    };
    let on = |device: &VirtualDevice, last: u8| VirtualAddress {
        address: match device.ipv6 {
            false => Ipv4Addr::new(192, 0, 2, last).into(),
            true => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()).into(),
        },
        prefix: if device.ipv6 { 64 } else { 24 },
        interface: interface.clone(),
        mac: Some(device.mac),
    };
    let all = [device(1, false), device(255, false), device(1, true)];
    let mut there = BTreeSet::new();
    for device in &all {
        let one = on(device, 100);
        let law = "a device that is not there is not removed";
        checks.refused(law, kernel.remove_device(device), KernelError::Missing);
        let law = "an address waits for its device";
        checks.refused(law, kernel.add_address(&one, Lifetime::Forever), KernelError::Missing);
        checks.done("a device is made", kernel.add_device(device));
        there.insert(device.clone());
        checks.equal("it is there", &kernel.devices(interface), &Ok(there.clone()));
        let law = "a device is made once";
        checks.refused(law, kernel.add_device(device), KernelError::Exists);
        let law = "an address that is not on its device is not removed";
        checks.refused(law, kernel.remove_address(&one), KernelError::Missing);
        for last in [100, 101] {
            let added = kernel.add_address(&on(device, last), Lifetime::Forever);
            checks.done("an address is put on a device", added);
        }
        let held = kernel.held(interface).map(|all| all.contains_key(&one));
        checks.equal("it is shown with its hardware address", &held, &Ok(true));
        let bare = VirtualAddress { mac: None, ..one.clone() };
        let held = kernel.held(interface).map(|all| all.contains_key(&bare));
        checks.equal("it is not shown as the interface's own", &held, &Ok(false));
        checks.done("it is renewed", kernel.renew_address(&one, Lifetime::Forever));
        checks.done("it is taken off", kernel.remove_address(&one));
        checks.equal("its device stays", &kernel.devices(interface), &Ok(there.clone()));
    }
    for device in &all {
        checks.done("a device is removed", kernel.remove_device(device));
        there.remove(device);
        checks.equal("it is gone, alone", &kernel.devices(interface), &Ok(there.clone()));
        let held = kernel.held(interface).map(|all| all.contains_key(&on(device, 101)));
        checks.equal("its addresses go with it", &held, &Ok(false));
    }
    checks.equal("other addresses were left alone", &kernel.held(interface), &before);
    checks.0
}

/// The laws of [`ClosedAddresses`]. None are closed before, and none afterwards.
pub fn closed_addresses(kernel: &mut impl ClosedAddresses) -> Vec<Check> {
    let mut checks = Checks::default();
    let v4 = |last| IpAddr::from(Ipv4Addr::new(192, 0, 2, last));
    let v6 = IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 100));
    let one = Closed::from([(v4(100), [Open::Port(Protocol::Tcp, 80)].into())]);
    let all = Closed::from([
        (v4(100), [Open::Port(Protocol::Udp, 53), Open::Port(Protocol::Tcp, 0)].into()),
        (v4(101), BTreeSet::new()),
        (v6, [Open::Port(Protocol::Sctp, 65_535), Open::Mark(7), Open::Mark(u32::MAX)].into()),
    ]);
    checks.equal("none is closed at first", &kernel.closed(), &Ok(Some(Closed::new())));
    for closed in [&one, &all, &all, &one, &Closed::new(), &Closed::new()] {
        checks.done("addresses are closed", kernel.close(closed));
        checks.equal("it is read back", &kernel.closed(), &Ok(Some(closed.clone())));
    }
    checks.0
}
