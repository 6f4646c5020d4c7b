//! The laws of addresses on interfaces.

use super::{Check, Checks};
use crate::ports::{Addresses, KernelError};
use director_core::config::VirtualAddress;
use director_core::name::InterfaceName;
use director_core::observed::Lifetime;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Longer than the laws take to try: what is left of it differs by less than a second.
const LEASE: Lifetime = Lifetime::For(Duration::from_secs(100));

/// The laws of [`Addresses`], tried on an interface that has no address for documentation
/// (RFC 5737, RFC 3849), and has none afterwards; other addresses are left alone.
pub fn addresses(kernel: &mut impl Addresses, interface: &InterfaceName) -> Vec<Check> {
    let mut checks = Checks::default();
    let before = kernel.held(interface).unwrap_or_default();
    let v4 = |last: u8, prefix: u8| VirtualAddress {
        address: IpAddr::from(Ipv4Addr::new(192, 0, 2, last)),
        prefix,
        interface: interface.clone(),
        mac: None,
    };
    let v6 = VirtualAddress {
        address: IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 100)),
        prefix: 64,
        interface: interface.clone(),
        mac: None,
    };
    // Three of one subnet, so that a kernel that ties them together is found out.
    let ours = [v4(100, 24), v4(101, 24), v4(102, 24), v4(200, 32), v6];
    let mut held = before.clone();
    for address in &ours {
        absent(kernel, &mut checks, address);
        checks.done("an address is added", kernel.add_address(address, Lifetime::Forever));
        held.insert(address.clone(), Lifetime::Forever);
        same(kernel, &mut checks, interface, "an added address is held", &held);
        let law = "an address is added once";
        checks.refused(law, kernel.add_address(address, Lifetime::Forever), KernelError::Exists);
    }
    for address in &ours {
        lives(kernel, &mut checks, address);
    }
    for address in &ours {
        checks.done("an address is removed", kernel.remove_address(address));
        held.remove(address);
        same(kernel, &mut checks, interface, "only the removed address is gone", &held);
        absent(kernel, &mut checks, address);
    }
    same(kernel, &mut checks, interface, "other addresses were left alone", &before);
    checks.0
}

fn absent(kernel: &mut impl Addresses, checks: &mut Checks, address: &VirtualAddress) {
    let law = "an address that is not there is not removed";
    checks.refused(law, kernel.remove_address(address), KernelError::Missing);
    let law = "an address that is not there is not renewed";
    checks.refused(law, kernel.renew_address(address, LEASE), KernelError::Missing);
}

/// The life of an address that is there can be bounded and unbounded again.
fn lives(kernel: &mut impl Addresses, checks: &mut Checks, address: &VirtualAddress) {
    for life in [LEASE, Lifetime::Forever] {
        checks.done("an address is renewed", kernel.renew_address(address, life));
        let held = kernel.held(&address.interface).unwrap_or_default();
        let law = "a renewed address lives as long as was asked for";
        let second = Duration::from_secs(1);
        let kept = match (life, held.get(address)) {
            (Lifetime::For(asked), Some(Lifetime::For(left))) => {
                *left <= asked && *left + second >= asked
            }
            (asked, left) => left == Some(&asked),
        };
        checks.equal(law, &kept, &true);
    }
}

fn same(
    kernel: &mut impl Addresses,
    checks: &mut Checks,
    interface: &InterfaceName,
    law: &str,
    expected: &BTreeMap<VirtualAddress, Lifetime>,
) {
    checks.equal(law, &kernel.held(interface), &Ok(expected.clone()));
}
