//! The laws of synchronisation daemons and of firewall marks.

use super::{Check, Checks};
use crate::ports::{ConnectionSync, KernelError, PacketMarks};
use director_core::config::{Protocol, SyncDaemon, SyncRole, Traffic};
use director_core::desired::Marks;
use director_core::name::InterfaceName;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU8, NonZeroU16};

/// The laws of [`ConnectionSync`], tried on an interface that can multicast. No daemon runs before,
/// and none afterwards.
pub fn connection_sync(kernel: &mut impl ConnectionSync, interface: &InterfaceName) -> Vec<Check> {
    let mut checks = Checks::default();
    let daemon = |id, payload| SyncDaemon {
        interface: interface.clone(),
        id,
        group: Ipv4Addr::new(239, 1, 2, 3).into(),
        port: NonZeroU16::new(8849).unwrap_or(NonZeroU16::MIN),
        ttl: NonZeroU8::MIN,
        max_payload: NonZeroU16::new(payload),
    };
    let none = |checks: &mut Checks, kernel: &mut _, law: &str| {
        let running = ConnectionSync::sync_daemons(kernel).map(|all| all.len());
        checks.equal(law, &running, &Ok(0));
    };
    none(&mut checks, kernel, "no daemon runs at first");
    for role in [SyncRole::Master, SyncRole::Backup] {
        let stopped = kernel.stop_sync(role);
        checks.refused("a daemon that does not run is not stopped", stopped, KernelError::Missing);
        for wanted in [daemon(7, 1400), daemon(0, 0)] {
            checks.done("a daemon is started", kernel.start_sync(role, &wanted));
            let running = kernel.sync_daemons().map(|all| {
                all.len() == 1 && all.get(&role).is_some_and(|running| wanted.is_run_by(running))
            });
            checks.equal("it runs with its settings", &running, &Ok(true));
            let again = kernel.start_sync(role, &wanted);
            checks.refused("a daemon is started once", again, KernelError::Exists);
            checks.done("a daemon is stopped", kernel.stop_sync(role));
            none(&mut checks, kernel, "a daemon that was stopped is gone");
        }
    }
    for role in [SyncRole::Master, SyncRole::Backup] {
        checks.done("both may run", kernel.start_sync(role, &daemon(3, 0)));
    }
    let running = kernel.sync_daemons().map(|all| all.len());
    checks.equal("both are shown", &running, &Ok(2));
    for role in [SyncRole::Backup, SyncRole::Master] {
        checks.done("both are stopped", kernel.stop_sync(role));
    }
    none(&mut checks, kernel, "no daemon runs at the end");
    checks.0
}

/// The laws of [`PacketMarks`]. There are no marks before, and none afterwards.
pub fn packet_marks(kernel: &mut impl PacketMarks) -> Vec<Check> {
    let mut checks = Checks::default();
    let v4 = |port| (Ipv4Addr::new(192, 0, 2, 100), port).into();
    let v6 = |port| (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 100), port).into();
    let mark = |protocol, to, mark| (Traffic { protocol, to }, mark);
    let one = Marks::from([mark(Protocol::Tcp, v4(80), 1)]);
    let all = Marks::from([
        mark(Protocol::Tcp, v4(80), u32::MAX),
        mark(Protocol::Udp, v4(80), 2),
        mark(Protocol::Sctp, v4(65_535), 2),
        mark(Protocol::Tcp, v6(443), 3),
        mark(Protocol::Udp, v6(1), 3),
    ]);
    checks.equal("there are no marks at first", &kernel.marks(), &Ok(Some(Marks::new())));
    for marks in [&one, &all, &all, &one, &Marks::new(), &Marks::new()] {
        checks.done("marks are set", kernel.set_marks(marks));
        checks.equal("the marks are read back", &kernel.marks(), &Ok(Some(marks.clone())));
    }
    checks.0
}
