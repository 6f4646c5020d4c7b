//! The IPVS table, over generic netlink.

use crate::error::NET_ADMIN;
use crate::kernel::LinuxKernel;
use crate::modules;
use director_core::config::{Forward, Scheduler, ServiceKey, Weight};
use director_core::desired::DesiredServer;
use director_core::observed::{ObservedServer, ObservedService};
use director_engine::ports::{IpvsTable, KernelError};
use ipvs_rs::{
    Client, Destination, Endpoint, Error, ErrorKind, Family, Forwarding, Missing, Service,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;

impl LinuxKernel {
    /// Asks something of the table. `scheduler` is the one that the question names, if any.
    fn ipvs<T>(
        &mut self,
        scheduler: Option<Scheduler>,
        question: impl FnOnce(&mut Client) -> Result<T, Error>,
    ) -> Result<T, KernelError> {
        let answer = match self.ipvs.take() {
            Some(client) => Ok(client),
            None => Client::connect(),
        }
        .and_then(|mut client| {
            let answer = question(&mut client);
            // After any other failure the family may have got another number (its module was
            // loaded again), or a late answer may be under way: the next question starts afresh.
            if answer.as_ref().err().is_none_or(|error| error.is_exists() || error.is_missing()) {
                self.ipvs = Some(client);
            }
            answer
        });
        answer.map_err(|error| in_terms_of_the_port(&error, scheduler))
    }
}

fn in_terms_of_the_port(error: &Error, scheduler: Option<Scheduler>) -> KernelError {
    match error.kind() {
        ErrorKind::Exists => KernelError::Exists,
        ErrorKind::Denied => KernelError::Denied { capability: NET_ADMIN },
        ErrorKind::NotAvailable => KernelError::Unsupported { cure: modules::cure("ip_vs") },
        ErrorKind::Missing(Missing::Scheduler) => match scheduler {
            Some(scheduler) => {
                KernelError::Unsupported { cure: modules::cure(&format!("ip_vs_{scheduler}")) }
            }
            None => KernelError::Missing,
        },
        ErrorKind::Missing(_) => KernelError::Missing,
        ErrorKind::FamilyUnsupported => KernelError::Unsupported {
            cure: "IPv6 services need CONFIG_IP_VS_IPV6 and IPv6 switched on".to_owned(),
        },
        _ => KernelError::Other(error.to_string()),
    }
}

/// The kernel's name of a service of ours.
fn kernel_key(key: ServiceKey) -> Result<ipvs_rs::ServiceKey, KernelError> {
    let marked = |mark: u32, family: Family| {
        let mark = NonZeroU32::new(mark)
            .ok_or_else(|| KernelError::Other("firewall mark 0 means \"no mark\"".to_owned()))?;
        Ok(ipvs_rs::ServiceKey::fwmark(mark, family))
    };
    match key {
        ServiceKey::Tcp(at) => Ok(ipvs_rs::ServiceKey::tcp(at)),
        ServiceKey::Udp(at) => Ok(ipvs_rs::ServiceKey::udp(at)),
        ServiceKey::Sctp(at) => Ok(ipvs_rs::ServiceKey::sctp(at)),
        ServiceKey::FwMark(mark) => marked(mark, Family::V4),
        ServiceKey::FwMark6(mark) => marked(mark, Family::V6),
    }
}

/// Our name of a service in the kernel; `None` when it is of a protocol that we never balance.
fn our_key(key: &ipvs_rs::ServiceKey) -> Option<ServiceKey> {
    match key {
        ipvs_rs::ServiceKey::Tcp(at) => Some(ServiceKey::Tcp((*at).into())),
        ipvs_rs::ServiceKey::Udp(at) => Some(ServiceKey::Udp((*at).into())),
        ipvs_rs::ServiceKey::Sctp(at) => Some(ServiceKey::Sctp((*at).into())),
        ipvs_rs::ServiceKey::FwMark { mark, family: Family::V4 } => {
            Some(ServiceKey::FwMark(mark.get()))
        }
        ipvs_rs::ServiceKey::FwMark { mark, family: Family::V6 } => {
            Some(ServiceKey::FwMark6(mark.get()))
        }
        ipvs_rs::ServiceKey::Other { .. } => None,
    }
}

fn kernel_server(server: SocketAddr, to: DesiredServer) -> Destination {
    let forwarding = match to.forward {
        Forward::Direct => Forwarding::Direct,
        Forward::Tunnel => Forwarding::Tunnel,
        Forward::Nat => Forwarding::Masquerade,
    };
    Destination::new(server, forwarding, u32::from(to.weight.0))
}

/// A real server as the kernel has it.
///
/// Methods that are none of ours (local, bypass) count as direct: in none of them is the packet
/// rewritten or wrapped. Weights above ours are cut down to our greatest; both happen only to
/// servers that somebody else made.
fn our_server(destination: &Destination) -> ObservedServer {
    let forward = match destination.forwarding {
        Forwarding::Masquerade => Forward::Nat,
        Forwarding::Tunnel => Forward::Tunnel,
        _ => Forward::Direct,
    };
    let weight = Weight(u16::try_from(destination.weight).unwrap_or(u16::MAX));
    let connections = destination.connections;
    ObservedServer { forward, weight, active: connections.active, inactive: connections.inactive }
}

fn endpoint(server: SocketAddr) -> Endpoint {
    server.into()
}

impl IpvsTable for LinuxKernel {
    fn services(&mut self) -> Result<BTreeMap<ServiceKey, ObservedService>, KernelError> {
        self.ipvs(None, |client| {
            let mut table = BTreeMap::new();
            for service in client.services()? {
                let Some(key) = our_key(&service.key) else {
                    continue;
                };
                let servers = match client.destinations(&service.key) {
                    Ok(list) => {
                        list.iter().map(|one| (one.endpoint().into(), our_server(one))).collect()
                    }
                    // Somebody removed it since the list was made.
                    Err(error) if error.is_missing() => continue,
                    Err(error) => return Err(error),
                };
                table.insert(key, ObservedService { scheduler: service.scheduler, servers });
            }
            Ok(table)
        })
    }

    fn add_service(&mut self, key: ServiceKey, scheduler: Scheduler) -> Result<(), KernelError> {
        let service = Service::new(kernel_key(key)?, scheduler.name());
        self.ipvs(Some(scheduler), |client| client.add_service(&service))
    }

    fn edit_service(&mut self, key: ServiceKey, scheduler: Scheduler) -> Result<(), KernelError> {
        let service = Service::new(kernel_key(key)?, scheduler.name());
        self.ipvs(Some(scheduler), |client| client.edit_service(&service))
    }

    fn remove_service(&mut self, key: ServiceKey) -> Result<(), KernelError> {
        let key = kernel_key(key)?;
        self.ipvs(None, |client| client.remove_service(&key))
    }

    fn add_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        let key = kernel_key(key)?;
        self.ipvs(None, |client| client.add_destination(&key, &kernel_server(server, to)))
    }

    fn edit_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        let key = kernel_key(key)?;
        self.ipvs(None, |client| client.edit_destination(&key, &kernel_server(server, to)))
    }

    fn remove_server(&mut self, key: ServiceKey, server: SocketAddr) -> Result<(), KernelError> {
        let key = kernel_key(key)?;
        self.ipvs(None, |client| client.remove_destination(&key, endpoint(server)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_the_kernel_as_they_went() {
        let at: SocketAddr = "10.0.0.100:80".parse().expect("an address");
        let at6: SocketAddr = "[2001:db8::100]:80".parse().expect("an address");
        let keys = [
            ServiceKey::Tcp(at),
            ServiceKey::Udp(at),
            ServiceKey::Sctp(at6),
            ServiceKey::FwMark(7),
            ServiceKey::FwMark6(7),
        ];
        for key in keys {
            let there = kernel_key(key).expect("a key that the kernel can hold");
            assert_eq!(our_key(&there), Some(key));
        }
    }

    #[test]
    fn firewall_mark_zero_is_refused_before_the_kernel_takes_it_for_no_mark() {
        let error = kernel_key(ServiceKey::FwMark(0)).expect_err("no mark");
        assert_eq!(error.to_string(), "firewall mark 0 means \"no mark\"");
    }

    #[test]
    fn servers_come_back_from_the_kernel_as_they_went() {
        let at: SocketAddr = "10.0.0.21:80".parse().expect("an address");
        for forward in [Forward::Direct, Forward::Tunnel, Forward::Nat] {
            let wanted = DesiredServer { forward, weight: Weight(65_535) };
            let found = our_server(&kernel_server(at, wanted));
            assert_eq!((found.forward, found.weight), (wanted.forward, wanted.weight));
        }
    }

    #[test]
    fn a_foreign_weight_beyond_ours_is_cut_down() {
        let at: SocketAddr = "10.0.0.21:80".parse().expect("an address");
        let heavy = Destination::new(at, Forwarding::Bypass, 1_000_000);
        assert_eq!(our_server(&heavy).weight, Weight(65_535));
        assert_eq!(our_server(&heavy).forward, Forward::Direct);
    }
}
