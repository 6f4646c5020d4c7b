use crate::lab::{Lab, address, in_namespace, interface};
use director_core::observed::Lifetime;
use director_engine::contract;
use director_engine::ports::{Addresses, KernelError};
use director_linux::LinuxKernel;
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

const LEASE: Lifetime = Lifetime::For(Duration::from_secs(2));

/// With and without `promote_secondaries`, the kernel's setting for what happens to the other
/// addresses of a subnet when its first one goes.
#[test]
fn addresses_keep_the_contract() {
    for promote in ["0", "1"] {
        in_namespace(move || async move {
            Lab::new().veth("v0", "v1").await;
            fs::write("/proc/sys/net/ipv4/conf/v0/promote_secondaries", promote).expect("set it");
            let checks = contract::addresses(&mut LinuxKernel::new(), &interface("v0"));
            assert_eq!(checks.len(), 66);
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
        assert_eq!(kernel.held(&vip.interface), Ok(BTreeMap::new()));
        assert_eq!(kernel.add_address(&vip, Lifetime::Forever), Err(KernelError::Missing));
        assert_eq!(kernel.renew_address(&vip, LEASE), Err(KernelError::Missing));
        assert_eq!(kernel.remove_address(&vip), Err(KernelError::Missing));
    });
}

#[test]
fn an_address_with_another_prefix_is_another_address() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let mut kernel = LinuxKernel::new();
        kernel.add_address(&address("192.0.2.100", 24, "v0"), Lifetime::Forever).expect("add it");
        let other = address("192.0.2.100", 25, "v0");
        assert_eq!(kernel.remove_address(&other), Err(KernelError::Missing));
        let held = kernel.held(&interface("v0")).expect("a list");
        assert!(held.contains_key(&address("192.0.2.100", 24, "v0")), "{held:?}");
    });
}

/// A virtual IPv6 address must be usable in the same moment, not after a second of asking around.
#[test]
fn an_ipv6_address_can_be_used_at_once() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let vip = address("2001:db8::100", 64, "v0");
        LinuxKernel::new().add_address(&vip, Lifetime::Forever).expect("add it");
        let socket = std::net::UdpSocket::bind((vip.address, 0));
        assert!(socket.is_ok(), "{socket:?}");
    });
}

/// The kernel itself takes an address off that nobody renews, and no earlier than it was told.
#[test]
fn an_address_that_nobody_renews_goes_away() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let mut kernel = LinuxKernel::new();
        let both = [address("192.0.2.100", 24, "v0"), address("2001:db8::100", 64, "v0")];
        let began = Instant::now();
        for vip in &both {
            kernel.add_address(vip, LEASE).expect("add it");
        }
        let gone = |kernel: &mut LinuxKernel| {
            let held = kernel.held(&interface("v0")).expect("a list");
            both.iter().all(|vip| !held.contains_key(vip))
        };
        let limit = Duration::from_secs(10);
        while !gone(&mut kernel) {
            assert!(began.elapsed() < limit, "still there after {limit:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(began.elapsed() > Duration::from_millis(1_500), "gone too early");
    });
}

/// `RTF_EXPIRES` (`linux/ipv6_route.h`) in the ninth column of the table.
fn expiring_routes(interface: &str) -> usize {
    let table = fs::read_to_string("/proc/net/ipv6_route").expect("the table");
    let expires = |line: &&str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let flags = u32::from_str_radix(columns[8], 16).expect("flags");
        columns[9] == interface && flags & 0x0040_0000 != 0
    };
    table.lines().filter(expires).count()
}

/// The route of a subnet must not end with the lease of one address in it.
#[test]
fn a_renewed_ipv6_address_leaves_the_route_of_its_subnet_alone() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let mut kernel = LinuxKernel::new();
        kernel.add_address(&address("2001:db8::11", 64, "v0"), Lifetime::Forever).expect("own");
        let vip = address("2001:db8::100", 64, "v0");
        kernel.add_address(&vip, LEASE).expect("add it");
        kernel.renew_address(&vip, LEASE).expect("renew it");
        assert_eq!(expiring_routes("v0"), 0);
    });
}
