//! Every kernel that this machine always has keeps the contract of the ports.
//!
//! The real kernel keeps the same laws in `director/crates/linux`: its tests in namespaces, and the
//! example `ports_selftest` in a guest that has IPVS.

use director_core::desired::Sysctl;
use director_core::name::InterfaceName;
use director_engine::contract::{self, Check};
use director_engine::memory::MemoryKernel;
use director_engine::ports::Kernel;
use director_engine::shared::Shared;

fn kept(kernel: &mut impl Kernel, interface: &str) {
    let interface = InterfaceName::new(interface).expect("a name");
    let checks: Vec<Check> = [
        contract::ipvs_table(kernel),
        contract::settings(kernel),
        contract::packet_marks(kernel),
        contract::closed_addresses(kernel),
        contract::devices(kernel, &interface),
        contract::addresses(kernel, &interface),
        contract::connection_sync(kernel, &interface),
        contract::sysctls(kernel, &Sysctl::ArpIgnore(interface)),
    ]
    .concat();
    let broken: Vec<&Check> = checks.iter().filter(|check| check.outcome.is_err()).collect();
    assert_eq!(broken, Vec::<&Check>::new());
    assert!(checks.len() > 150, "only {} laws were tried", checks.len());
}

#[test]
fn the_kernel_in_memory() {
    let mut kernel = MemoryKernel::default();
    kept(&mut kernel, "eth0");
    assert!(kernel.state.services.is_empty() && kernel.state.addresses.is_empty());
}

#[test]
fn a_kernel_in_memory_that_two_hold() {
    let other: Shared<MemoryKernel> = Shared::default();
    kept(&mut other.clone(), "eth0");
    assert!(other.lock().state.services.is_empty());
}
