//! The daemons that synchronise connections.

use super::telling;
use crate::error::{NET_ADMIN, refused};
use crate::interface;
use crate::kernel::LinuxKernel;
use director_core::config::{SyncDaemon, SyncRole};
use director_core::name::InterfaceName;
use director_engine::ports::{ConnectionSync, KernelError};
use ipvs_rs::{Client, Daemon, DaemonRole, Forwarding};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU8, NonZeroU16};

/// What the kernel takes when nothing is said (`ip_vs_sync.c`), and says nothing of before 4.3.
const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 81));
const PORT: NonZeroU16 = NonZeroU16::new(8848).expect("not 0");

fn kernel_role(role: SyncRole) -> DaemonRole {
    match role {
        SyncRole::Master => DaemonRole::Master,
        SyncRole::Backup => DaemonRole::Backup,
    }
}

fn kernel_daemon(role: SyncRole, daemon: &SyncDaemon) -> Daemon {
    let mut there = Daemon::new(kernel_role(role), daemon.interface.as_str(), u32::from(daemon.id));
    there.group = Some(daemon.group);
    there.port = Some(daemon.port.get());
    there.ttl = Some(daemon.ttl.get());
    there.max_payload = daemon.max_payload.map(NonZeroU16::get);
    there
}

fn our_daemon(there: &Daemon) -> Result<(SyncRole, SyncDaemon), KernelError> {
    let role = match there.role {
        DaemonRole::Master => SyncRole::Master,
        DaemonRole::Backup => SyncRole::Backup,
    };
    let interface = InterfaceName::new(&there.interface)
        .map_err(|error| KernelError::Other(format!("interface of synchronisation: {error}")))?;
    let daemon = SyncDaemon {
        interface,
        // The kernel takes none above 255.
        id: u8::try_from(there.sync_id).unwrap_or(u8::MAX),
        group: there.group.unwrap_or(GROUP),
        port: there.port.and_then(NonZeroU16::new).unwrap_or(PORT),
        ttl: there.ttl.and_then(NonZeroU8::new).unwrap_or(NonZeroU8::MIN),
        max_payload: there.max_payload.and_then(NonZeroU16::new),
    };
    Ok((role, daemon))
}

impl ConnectionSync for LinuxKernel {
    fn sync_daemons(&mut self) -> Result<BTreeMap<SyncRole, SyncDaemon>, KernelError> {
        self.ipvs(None, Client::daemons)?.iter().map(our_daemon).collect()
    }

    fn start_sync(&mut self, role: SyncRole, daemon: &SyncDaemon) -> Result<(), KernelError> {
        let there = kernel_daemon(role, daemon);
        self.ipvs(None, |client| client.start_daemon(&there))
    }

    fn stop_sync(&mut self, role: SyncRole) -> Result<(), KernelError> {
        if role == SyncRole::Master {
            // That the daemon is stopped is what this step is for: a refusal would make addresses
            // wait that others are to have.
            self.unsaid = self.say_last_word().err();
        }
        self.ipvs(None, |client| client.stop_daemon(kernel_role(role)))
    }

    fn take_unsaid(&mut self) -> Option<KernelError> {
        self.unsaid.take()
    }
}

impl LinuxKernel {
    /// Tells the peer what the kernel would throw away with the daemon. What is not told is not
    /// known there, as when nothing is ever told: those connections begin anew.
    fn say_last_word(&mut self) -> Result<(), KernelError> {
        let daemons = self.sync_daemons()?;
        let Some(daemon) = daemons.get(&SyncRole::Master) else { return Ok(()) };
        let methods = self.ipvs(None, methods)?;
        let interface = interface::needed(daemon.interface.as_str())?;
        let what = "tell the peer of the connections that it may not know";
        telling::tell(daemon, interface, &methods).map_err(|error| refused(&error, what, NET_ADMIN))
    }
}

/// How packets reach each server. One that services reach in different ways is left out.
fn methods(client: &mut Client) -> Result<telling::Methods, ipvs_rs::Error> {
    let mut found: BTreeMap<IpAddr, Option<u32>> = BTreeMap::new();
    for service in client.services()? {
        for server in client.destinations(&service.key)? {
            let method = number(server.forwarding);
            let known = found.entry(server.address).or_insert(method);
            *known = known.filter(|known| Some(*known) == method);
        }
    }
    Ok(found.into_iter().filter_map(|(server, method)| Some((server, method?))).collect())
}

const fn number(forwarding: Forwarding) -> Option<u32> {
    match forwarding {
        Forwarding::Masquerade => Some(0),
        Forwarding::Local => Some(1),
        Forwarding::Tunnel => Some(2),
        Forwarding::Direct => Some(3),
        Forwarding::Bypass | Forwarding::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemons_come_back_from_the_kernel_as_they_went() {
        for role in [SyncRole::Master, SyncRole::Backup] {
            let daemon = SyncDaemon {
                interface: InterfaceName::new("eth1").expect("a name"),
                id: 7,
                group: Ipv4Addr::new(239, 1, 2, 3).into(),
                port: NonZeroU16::new(9000).expect("a port"),
                ttl: NonZeroU8::MIN,
                max_payload: NonZeroU16::new(1400),
            };
            let there = kernel_daemon(role, &daemon);
            assert_eq!(our_daemon(&there), Ok((role, daemon)));
        }
    }
}
