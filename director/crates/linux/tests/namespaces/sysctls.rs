use crate::lab::{Lab, in_namespace, interface};
use director_core::desired::Sysctl;
use director_engine::contract;
use director_engine::ports::{KernelError, Sysctls};
use director_linux::LinuxKernel;

/// A VLAN's name has a dot in it, which dotted names of settings cannot express.
#[test]
fn settings_of_an_interface_with_a_dot_keep_the_contract() {
    in_namespace(|| async {
        Lab::new().veth("v0.100", "v1").await;
        for key in [Sysctl::ArpIgnore(interface("v0.100")), Sysctl::ArpAnnounce(interface("v1"))] {
            for check in contract::sysctls(&mut LinuxKernel::new(), &key) {
                assert_eq!(check.outcome, Ok(()), "{key}: {}", check.law);
            }
        }
    });
}

#[test]
fn a_setting_that_is_not_there_is_missing() {
    in_namespace(|| async {
        let key = Sysctl::ArpIgnore(interface("absent0"));
        let mut kernel = LinuxKernel::new();
        assert_eq!(kernel.read_sysctl(&key), Err(KernelError::Missing));
        assert_eq!(kernel.write_sysctl(&key, 1.into()), Err(KernelError::Missing));
    });
}

#[test]
fn a_value_that_the_kernel_refuses_is_told_in_its_words() {
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let key = Sysctl::ArpIgnore(interface("v0"));
        let error = LinuxKernel::new().write_sysctl(&key, i64::MAX.into()).expect_err("too large");
        assert_eq!(
            error.to_string(),
            "cannot set net/ipv4/conf/v0/arp_ignore = 9223372036854775807: Invalid argument"
        );
    });
}
