//! What every implementation of a port must do, as calls on that port.
//!
//! Simulated kernels are worth something only where they answer as the real one does. So the same
//! calls go to [`crate::memory::MemoryKernel`], to every other kernel of a simulation, and to a
//! real one.

mod addresses;
mod devices;
mod machinery;
mod settings;
mod table;

pub use addresses::addresses;
pub use devices::{closed_addresses, devices};
pub use machinery::{connection_sync, packet_marks};
pub use settings::settings;
pub use table::ipvs_table;

use crate::ports::{KernelError, Sysctls};
use director_core::desired::{Sysctl, SysctlValue};
use std::fmt::Debug;

/// One law of a port, and whether it held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The law.
    pub law: String,
    /// What was found instead, when it did not hold.
    pub outcome: Result<(), String>,
}

/// The checks so far.
#[derive(Debug, Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn equal<T: PartialEq + Debug>(&mut self, law: impl Into<String>, found: &T, expected: &T) {
        let wrong = || format!("expected {expected:?}, found {found:?}");
        let outcome = if found == expected { Ok(()) } else { Err(wrong()) };
        self.0.push(Check { law: law.into(), outcome });
    }

    fn done(&mut self, law: &str, found: Result<(), KernelError>) {
        self.equal(law, &found, &Ok(()));
    }

    fn refused(&mut self, law: &str, found: Result<(), KernelError>, why: KernelError) {
        self.equal(law, &found, &Err(why));
    }
}

/// The laws of [`Sysctls`], tried on a setting that takes 0 and 1. It has its old value afterwards.
pub fn sysctls(kernel: &mut impl Sysctls, key: &Sysctl) -> Vec<Check> {
    let mut checks = Checks::default();
    let before = kernel.read_sysctl(key);
    for value in [0, 1, 1, 0].map(SysctlValue::One) {
        checks.done("a setting can be set", kernel.write_sysctl(key, value));
        let found = kernel.read_sysctl(key);
        checks.equal("what was set is read back", &found, &Ok(value));
    }
    if let Ok(before) = before {
        checks.done("a setting can be put back", kernel.write_sysctl(key, before));
    }
    checks.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryKernel;
    use crate::ports::IpvsTable;
    use director_core::config::{ServiceKey, ServiceSettings};
    use director_core::desired::DesiredServer;
    use director_core::name::InterfaceName;
    use director_core::observed::ObservedService;
    use std::collections::BTreeMap;
    use std::net::SocketAddr;

    fn broken(checks: &[Check]) -> Vec<&Check> {
        checks.iter().filter(|check| check.outcome.is_err()).collect()
    }

    #[test]
    fn the_kernel_in_memory_keeps_the_contract() {
        let mut kernel = MemoryKernel::default();
        let eth0 = InterfaceName::new("eth0").expect("a name");
        let all = [
            ipvs_table(&mut kernel),
            settings(&mut kernel),
            connection_sync(&mut kernel, &eth0),
            packet_marks(&mut kernel),
            closed_addresses(&mut kernel),
            devices(&mut kernel, &eth0),
            addresses(&mut kernel, &eth0),
            sysctls(&mut kernel, &Sysctl::ArpIgnore(eth0)),
        ]
        .concat();
        assert!(all.len() > 60, "{} checks", all.len());
        assert_eq!(broken(&all), Vec::<&Check>::new());
        assert_eq!(kernel.state.services, BTreeMap::new());
        assert!(kernel.state.addresses.is_empty());
    }

    /// A table that forgets to say that a server is there already.
    struct Lenient(MemoryKernel);

    impl IpvsTable for Lenient {
        fn services(&mut self) -> Result<BTreeMap<ServiceKey, ObservedService>, KernelError> {
            self.0.services()
        }
        fn add_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError> {
            self.0.add_service(key, to)
        }
        fn edit_service(
            &mut self,
            key: ServiceKey,
            to: ServiceSettings,
        ) -> Result<(), KernelError> {
            self.0.edit_service(key, to)
        }
        fn remove_service(&mut self, key: ServiceKey) -> Result<(), KernelError> {
            self.0.remove_service(key)
        }
        fn add_server(
            &mut self,
            key: ServiceKey,
            server: SocketAddr,
            to: DesiredServer,
        ) -> Result<(), KernelError> {
            match self.0.add_server(key, server, to) {
                Err(KernelError::Exists) => self.0.edit_server(key, server, to),
                other => other,
            }
        }
        fn edit_server(
            &mut self,
            key: ServiceKey,
            server: SocketAddr,
            to: DesiredServer,
        ) -> Result<(), KernelError> {
            self.0.edit_server(key, server, to)
        }
        fn remove_server(&mut self, key: ServiceKey, at: SocketAddr) -> Result<(), KernelError> {
            self.0.remove_server(key, at)
        }
    }

    #[test]
    fn a_table_that_breaks_one_law_is_found_out() {
        let checks = ipvs_table(&mut Lenient(MemoryKernel::default()));
        let laws: Vec<&str> = broken(&checks).iter().map(|check| check.law.as_str()).collect();
        assert!(laws.contains(&"a server is added once"), "{laws:?}");
    }
}
