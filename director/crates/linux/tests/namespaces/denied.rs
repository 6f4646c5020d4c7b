//! What a process without capabilities is told.

use crate::lab::{Lab, address, in_namespace};
use crate::preflight::pair;
use director_core::desired::Sysctl;
use director_core::name::NodeName;
use director_core::observed::Lifetime;
use director_engine::ports::{Addresses, Announcer, KernelError, Sysctls};
use director_linux::{LinuxAnnouncer, LinuxKernel, preflight};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Set for the process without capabilities.
const MARK: &str = "DIRECTOR_LINUX_TEST_WITHOUT_CAPABILITIES";
/// The user who owns nothing.
const NOBODY: u32 = 65_534;
/// What the process without capabilities prints when it got to its end.
const DONE: &str = "everything was refused as it should be";

#[test]
fn without_capabilities_everything_is_refused_with_its_reason() {
    if std::env::var_os(MARK).is_some() {
        refused();
        println!("{DONE}");
        return;
    }
    in_namespace(|| async {
        Lab::new().veth("v0", "v1").await;
        let itself = std::env::current_exe().expect("this program");
        let name = "denied::without_capabilities_everything_is_refused_with_its_reason";
        let child = Command::new(itself)
            .args(["--exact", name, "--nocapture"])
            .env(MARK, "1")
            .uid(NOBODY)
            .output();
        let output = match child {
            Ok(output) => output,
            Err(error) => {
                eprintln!("SKIPPED: another user cannot run this program: {error}");
                return;
            }
        };
        let (said, complained) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && said.contains(DONE), "{said}\n{complained}");
    });
}

fn refused() {
    let admin = Err(KernelError::Denied { capability: "CAP_NET_ADMIN" });
    let raw = Err(KernelError::Denied { capability: "CAP_NET_RAW" });
    let vip = address("192.0.2.100", 24, "v0");
    let mut kernel = LinuxKernel::new();
    assert_eq!(kernel.add_address(&vip, Lifetime::Forever), admin);
    assert_eq!(kernel.remove_address(&vip), admin);
    assert_eq!(kernel.write_sysctl(&Sysctl::ArpIgnore(vip.interface.clone()), 1.into()), admin);
    assert_eq!(LinuxAnnouncer::new().announce(&vip), raw);
    let node = NodeName::new("d1").expect("a name");
    let problems = preflight(&pair(694), &node);
    let said: Vec<&str> = problems.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(
        said[..3],
        [
            "it does not have CAP_NET_ADMIN",
            "it does not have CAP_NET_RAW",
            "it does not have CAP_NET_BIND_SERVICE",
        ]
    );
}
