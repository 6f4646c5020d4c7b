//! The laws of addresses on interfaces.

use super::{Check, Checks};
use crate::ports::{Addresses, KernelError};
use director_core::config::VirtualAddress;
use director_core::name::InterfaceName;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The laws of [`Addresses`], tried on an interface that has no address for documentation
/// (RFC 5737, RFC 3849), and has none afterwards; other addresses are left alone.
pub fn addresses(kernel: &mut impl Addresses, interface: &InterfaceName) -> Vec<Check> {
    let mut checks = Checks::default();
    let before = kernel.held(interface).unwrap_or_default();
    let v4 = |last: u8, prefix: u8| VirtualAddress {
        address: IpAddr::from(Ipv4Addr::new(192, 0, 2, last)),
        prefix,
        interface: interface.clone(),
    };
    let v6 = VirtualAddress {
        address: IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 100)),
        prefix: 64,
        interface: interface.clone(),
    };
    // Three of one subnet, so that a kernel that ties them together is found out.
    let ours = [v4(100, 24), v4(101, 24), v4(102, 24), v4(200, 32), v6];
    let mut held = before.clone();
    for address in &ours {
        absent(kernel, &mut checks, address);
        checks.done("an address is added", kernel.add_address(address));
        held.insert(address.clone());
        same(kernel, &mut checks, interface, "an added address is held", &held);
        let law = "an address is added once";
        checks.refused(law, kernel.add_address(address), KernelError::Exists);
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
}

fn same(
    kernel: &mut impl Addresses,
    checks: &mut Checks,
    interface: &InterfaceName,
    law: &str,
    expected: &BTreeSet<VirtualAddress>,
) {
    checks.equal(law, &kernel.held(interface), &Ok(expected.clone()));
}
