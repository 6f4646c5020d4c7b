//! Runs the port contract on the kernel below, and says of each law whether it held.
//!
//! ```text
//! ports_selftest [INTERFACE]
//! ```
//!
//! It needs `CAP_NET_ADMIN`, for the table `ip_vs`, and for marks and closed addresses the
//! program `nft`. With the name of an interface it also tries addresses, devices, synchronisation
//! and settings there. Everything that it
//! makes it takes away again. It ends with 0 when all laws held, and with 1 otherwise.

use director_core::desired::Sysctl;
use director_core::name::InterfaceName;
use director_engine::contract::{self, Check};
use director_linux::LinuxKernel;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut kernel = LinuxKernel::new();
    let mut broken = report("IPVS table", &contract::ipvs_table(&mut kernel));
    broken += report("settings of the IPVS table", &contract::settings(&mut kernel));
    broken += report("firewall marks", &contract::packet_marks(&mut kernel));
    broken += report("closed addresses", &contract::closed_addresses(&mut kernel));
    if let Some(name) = std::env::args().nth(1) {
        let interface = match InterfaceName::new(&name) {
            Ok(interface) => interface,
            Err(error) => {
                eprintln!("{name:?} is no interface: {error}");
                return ExitCode::from(2);
            }
        };
        broken += report("addresses", &contract::addresses(&mut kernel, &interface));
        broken += report("devices", &contract::devices(&mut kernel, &interface));
        broken += report("synchronisation", &contract::connection_sync(&mut kernel, &interface));
        let settings = [
            Sysctl::ArpIgnore(interface.clone()),
            Sysctl::ArpAnnounce(interface.clone()),
            Sysctl::SendRedirects(interface.clone()),
            Sysctl::Forwarding,
            Sysctl::Forwarding6,
            Sysctl::ExpireNodestConn,
            Sysctl::ExpireQuiescentTemplate,
            Sysctl::ConnReuseMode,
            Sysctl::DropEntry,
            Sysctl::AcceptLocal(interface.clone()),
            Sysctl::ReversePathFilter(interface.clone()),
            Sysctl::SyncRefreshPeriod,
            Sysctl::SyncRetries,
        ];
        for key in &settings {
            broken += report(&key.to_string(), &contract::sysctls(&mut kernel, key));
        }
    }
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the checks and gives the number of those that did not hold.
fn report(port: &str, checks: &[Check]) -> usize {
    println!("{port}");
    for check in checks {
        match &check.outcome {
            Ok(()) => println!("  held    {}", check.law),
            Err(found) => println!("  BROKEN  {}: {found}", check.law),
        }
    }
    let broken = checks.iter().filter(|check| check.outcome.is_err()).count();
    println!("{port}: {} checks, {broken} broken", checks.len());
    broken
}
