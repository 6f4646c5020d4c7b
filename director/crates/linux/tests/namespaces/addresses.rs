use crate::lab::{Lab, address, in_namespace, interface};
use director_engine::contract;
use director_engine::ports::{Addresses, KernelError};
use director_linux::LinuxKernel;
use std::collections::BTreeSet;
use std::fs;

/// With and without `promote_secondaries`, the kernel's setting for what happens to the other
/// addresses of a subnet when its first one goes.
#[test]
fn addresses_keep_the_contract() {
    for promote in ["0", "1"] {
        in_namespace(move || async move {
            Lab::new().veth("v0", "v1").await;
            fs::write("/proc/sys/net/ipv4/conf/v0/promote_secondaries", promote).expect("set it");
            let checks = contract::addresses(&mut LinuxKernel::new(), &interface("v0"));
            assert_eq!(checks.len(), 36);
            for check in checks {
                assert_eq!(check.outcome, Ok(()), "{} (promote {promote})", check.law);
            }
        });
    }
}

#[test]
fn an_interface_that_is_not_there_holds_nothing_and_takes_nothing() {
    in_namespace(|| async {
        let mut kernel = LinuxKernel::new();
        let vip = address("192.0.2.100", 24, "absent0");
        assert_eq!(kernel.held(&vip.interface), Ok(BTreeSet::new()));
        assert_eq!(kernel.add_address(&vip), Err(KernelError::Missing));
        assert_eq!(kernel.remove_address(&vip), Err(KernelError::Missing));
    });
}

#[test]
fn an_address_with_another_prefix_is_another_address() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let mut kernel = LinuxKernel::new();
        kernel.add_address(&address("192.0.2.100", 24, "v0")).expect("add it");
        let other = address("192.0.2.100", 25, "v0");
        assert_eq!(kernel.remove_address(&other), Err(KernelError::Missing));
        let held = kernel.held(&interface("v0")).expect("a list");
        assert!(held.contains(&address("192.0.2.100", 24, "v0")), "{held:?}");
    });
}

/// A virtual IPv6 address must be usable in the same moment, not after a second of asking around.
#[test]
fn an_ipv6_address_can_be_used_at_once() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let vip = address("2001:db8::100", 64, "v0");
        LinuxKernel::new().add_address(&vip).expect("add it");
        let socket = std::net::UdpSocket::bind((vip.address, 0));
        assert!(socket.is_ok(), "{socket:?}");
    });
}
