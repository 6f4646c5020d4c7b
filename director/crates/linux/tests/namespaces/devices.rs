//! Devices with the hardware addresses of virtual routers.

use crate::lab::{Lab, in_namespace, interface};
use director_core::config::{VirtualAddress, VirtualDevice, VirtualMac};
use director_core::observed::Lifetime;
use director_engine::contract;
use director_engine::ports::{Addresses as _, Devices as _, KernelError};
use director_linux::LinuxKernel;
use std::fs;
use std::num::NonZeroU8;
use std::time::Duration;

fn device(number: u8, ipv6: bool) -> VirtualDevice {
    let mac = VirtualMac(NonZeroU8::new(number).expect("a number"));
    VirtualDevice { interface: interface("v0"), mac, ipv6 }
}

fn setting(path: &str) -> String {
    fs::read_to_string(format!("/proc/sys/net/{path}")).expect("a setting").trim().to_owned()
}

#[test]
fn devices_keep_the_contract() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let checks = contract::devices(&mut LinuxKernel::new(), &interface("v0"));
        assert_eq!(checks.len(), 49);
        for check in checks {
            assert_eq!(check.outcome, Ok(()), "{}", check.law);
        }
    });
}

#[test]
fn closed_addresses_keep_the_contract() {
    in_namespace(|| async {
        for check in contract::closed_addresses(&mut LinuxKernel::new()) {
            assert_eq!(check.outcome, Ok(()), "{}", check.law);
        }
    });
}

/// Answers to what comes by the device leave by the interface, and nothing is sent from the device
/// that nobody asked for.
#[test]
fn a_device_takes_what_comes_another_way_and_has_no_address_of_its_own() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let mut kernel = LinuxKernel::new();
        for ipv6 in [false, true] {
            kernel.add_device(&device(51, ipv6)).expect("make it");
        }
        let values = ["ipv4/conf/vrrp4.51/arp_ignore", "ipv4/conf/vrrp4.51/rp_filter"];
        assert_eq!(values.map(setting), ["1", "2"]);
        assert_eq!(setting("ipv6/conf/vrrp4.51/disable_ipv6"), "1");
        let held = kernel.held(&interface("v0")).expect("addresses");
        let own = held.keys().filter(|address| address.mac.is_some());
        assert_eq!(own.collect::<Vec<_>>(), Vec::<&VirtualAddress>::new());
    });
}

/// When nobody renews them the addresses go; the device is what a later director has to clear away.
#[test]
fn the_address_of_a_device_has_its_lease() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let mut kernel = LinuxKernel::new();
        let device = device(51, false);
        kernel.add_device(&device).expect("make it");
        let vip = VirtualAddress {
            address: [192, 0, 2, 100].into(),
            prefix: 24,
            interface: interface("v0"),
            mac: Some(device.mac),
        };
        kernel.add_address(&vip, Lifetime::For(Duration::from_secs(1))).expect("add it");
        assert!(kernel.held(&interface("v0")).expect("addresses").contains_key(&vip));
        let gone = || !kernel.held(&interface("v0")).expect("addresses").contains_key(&vip);
        wait(gone).await;
        let left = kernel.devices(&interface("v0")).expect("devices");
        assert!(left.contains(&device));
        kernel.remove_device(&device).expect("remove it");
    });
}

/// The kernel looks at leases once a second.
async fn wait(mut done: impl FnMut() -> bool) {
    for _ in 0..100 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it is there for ten seconds");
}

/// Where another program has a device of that name, or one of that hardware address.
#[test]
fn what_is_not_ours_stays() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        Lab::new().veth("vrrp4.51", "v2").await;
        let mut kernel = LinuxKernel::new();
        let refused = kernel.add_device(&device(51, false)).expect_err("there is another");
        assert!(refused.to_string().contains("another device of that name"), "{refused}");
        assert!(kernel.devices(&interface("v0")).expect("devices").is_empty());
        assert_eq!(kernel.remove_device(&device(51, false)), Err(KernelError::Missing));
    });
}
