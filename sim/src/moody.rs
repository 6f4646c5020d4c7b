//! Kernels that refuse, delay or forget, and others who change them.

use crate::host::Power;
use crate::kernel::Change;
use crate::net::packet::NodeId;
use crate::world::World;
use director_core::Input;
use director_core::config::{Config, Forward, Scheduler, ServiceKey, VirtualAddress, Weight};
use director_core::desired::DesiredServer;
use director_core::observed::Lifetime;
use director_core::random::Stream;
use director_engine::ports::{Addresses, IpvsTable, KernelError};
use scenario::{Mood, Stream as Drawn, Tampering};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

/// A service that no configuration names (RFC 5737).
const FOREIGN: ServiceKey =
    ServiceKey::Tcp(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 99), 9)));

/// Its server.
const FOREIGN_SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 66), 9);

/// How a kernel treats netlink requests.
#[derive(Clone, Debug)]
pub(crate) struct Moody {
    pub(crate) mood: Mood,
    stream: Drawn,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treated {
    /// It is carried out.
    Well,
    /// It is carried out, and the answer does not come.
    Unanswered,
}

impl Moody {
    pub(crate) fn new(mut stream: Stream) -> Self {
        Self { mood: Mood::Ok, stream: Drawn::named(stream.next_u64(), "moods") }
    }

    /// How much longer each operation takes.
    pub(crate) fn delay(&self) -> Duration {
        match self.mood {
            Mood::Delay(time) => time,
            _ => Duration::ZERO,
        }
    }

    /// # Errors
    /// When nothing is to be done.
    pub(crate) fn treat(&mut self) -> Result<Treated, KernelError> {
        match self.mood {
            Mood::Refuse(share) if share.hits(&mut self.stream) => {
                Err(KernelError::Other("Device or resource busy".to_owned()))
            }
            Mood::Lose(share) if share.hits(&mut self.stream) => Ok(Treated::Unanswered),
            _ => Ok(Treated::Well),
        }
    }

    fn is_mute(&self) -> bool {
        self.mood == Mood::Mute
    }
}

impl Treated {
    /// # Errors
    /// When the answer was lost.
    pub(crate) fn answer(self) -> Result<(), KernelError> {
        match self {
            Self::Well => Ok(()),
            Self::Unanswered => Err(KernelError::Other("No buffer space available".to_owned())),
        }
    }
}

impl World {
    pub(crate) fn put_in_mood(&mut self, node: NodeId, mood: Mood) {
        if let Some(director) = self.director(node) {
            director.kernel.moody.mood = mood;
        }
        self.guard_unsure(node);
    }

    /// Whether a director's kernel can load modules from now on.
    pub(crate) fn let_modules(&mut self, node: NodeId, can: bool) {
        if let Some(director) = self.director(node) {
            director.kernel.let_modules(can);
        }
        self.guard_unsure(node);
    }

    /// Somebody else changes a director's kernel. Changes of addresses are told to the director's
    /// process, those of the table are not: IPVS has no notifications.
    pub(crate) fn tamper(&mut self, node: NodeId, deed: &Tampering) {
        let now = self.now;
        if self.hosts.get(node.index()).is_none_or(|host| host.power == Power::Off) {
            self.note(node, "nobody can change the kernel of a machine without power");
            return;
        }
        let targets = self.addresses_of(deed);
        let Some(director) = self.director(node) else { return };
        let config = std::sync::Arc::clone(&director.config);
        let kernel = &mut director.kernel;
        kernel.now = now;
        let mood = std::mem::replace(&mut kernel.moody.mood, Mood::Ok);
        let done = match deed {
            Tampering::Flush => {
                for key in kernel.observe_all(now).services.into_keys() {
                    let _ = kernel.remove_service(key);
                }
                director.foreign.clear();
                Ok(())
            }
            Tampering::AddForeign => {
                let to = DesiredServer::new(Forward::Direct, Weight(5));
                let done = kernel
                    .add_service(FOREIGN, Scheduler::Rr.into())
                    .and_then(|()| kernel.add_server(FOREIGN, FOREIGN_SERVER.into(), to));
                director.foreign.extend(kernel.service(FOREIGN).map(|left| (FOREIGN, left)));
                done
            }
            Tampering::AddAddress(address) => match configured(&config, *address) {
                Some(address) => kernel.add_address(&address, Lifetime::Forever),
                None => Err(KernelError::Missing),
            },
            Tampering::RemoveAddress(address) => match configured(&config, *address) {
                Some(address) => kernel.remove_address(&address),
                None => Err(KernelError::Missing),
            },
            Tampering::RemoveServer { service, .. } => entry(&config, service, &targets)
                .map_or(Err(KernelError::Missing), |(key, server, _)| {
                    kernel.remove_server(key, server)
                }),
            Tampering::SetWeight { service, weight, .. } => entry(&config, service, &targets)
                .map_or(Err(KernelError::Missing), |(key, server, forward)| {
                    let weight = Weight(*weight);
                    kernel.edit_server(key, server, DesiredServer::new(forward, weight))
                }),
        };
        kernel.moody.mood = mood;
        let mute = kernel.moody.is_mute();
        let changes = std::mem::take(&mut kernel.changes);
        self.guard_tampered(node);
        let addresses = changes.iter().any(|change| matches!(change, Change::Address { .. }));
        self.guard_unsure(node);
        self.note_changes(node, &changes);
        if let Err(why) = done {
            self.note(node, &format!("nobody can do that to its kernel: {why}"));
        }
        if addresses && !mute {
            self.tell(node, Input::KernelChanged);
        }
    }

    /// Of the server that it is about; a service has it by one of them.
    fn addresses_of(&self, deed: &Tampering) -> Vec<IpAddr> {
        let (Tampering::RemoveServer { server, .. } | Tampering::SetWeight { server, .. }) = deed
        else {
            return Vec::new();
        };
        self.scenario.node(server).map(|node| node.addresses().collect()).unwrap_or_default()
    }
}

fn configured(config: &Config, address: IpAddr) -> Option<VirtualAddress> {
    let mut all = config.groups.values().flat_map(|group| &group.addresses);
    all.find(|one| one.address == address).cloned()
}

type Entry = (ServiceKey, SocketAddr, Forward);

fn entry(config: &Config, service: &str, server: &[IpAddr]) -> Option<Entry> {
    let (_, found) = config.services.iter().find(|(name, _)| name.as_str() == service)?;
    let address = found.servers.keys().find(|address| server.contains(&address.ip()))?;
    Some((found.key, *address, found.forward))
}
