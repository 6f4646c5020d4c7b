//! Services and servers in the terms of the kernel, and back.

use director_core::config::{
    Checksum, Forward, SchedulerFlags, ServiceKey, ServiceSettings, Thresholds, Tunnel, Weight,
};
use director_core::desired::DesiredServer;
use director_core::observed::{ObservedPersistence, ObservedServer, ObservedService};
use director_engine::ports::KernelError;
use ipvs_rs::{Destination, Family, Forwarding, Netmask, Service, ServiceFlags};
use ipvs_rs::{TunnelFlags, TunnelKind};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};

/// The kernel's name of a service of ours.
pub(super) fn kernel_key(key: ServiceKey) -> Result<ipvs_rs::ServiceKey, KernelError> {
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
pub(super) fn our_key(key: &ipvs_rs::ServiceKey) -> Option<ServiceKey> {
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

const SCHEDULER_FLAGS: [(SchedulerFlags, ServiceFlags); 3] = [
    (SchedulerFlags::FALLBACK, ServiceFlags::SCHEDULER_1),
    (SchedulerFlags::PORT, ServiceFlags::SCHEDULER_2),
    (SchedulerFlags::THIRD, ServiceFlags::SCHEDULER_3),
];

/// The kernel's form of a service of ours.
pub(super) fn kernel_service(
    key: ServiceKey,
    settings: &ServiceSettings,
) -> Result<Service, KernelError> {
    let mut service = Service::new(kernel_key(key)?, settings.scheduler.name());
    for (ours, theirs) in SCHEDULER_FLAGS {
        if settings.flags.contains(ours) {
            service = service.with_flags(theirs);
        }
    }
    if settings.one_packet {
        service = service.with_flags(ServiceFlags::ONE_PACKET);
    }
    if let Some(persistence) = settings.persistence {
        let prefix = u32::from(persistence.prefix);
        let netmask = Netmask::from_prefix(service.key.family(), prefix).ok_or_else(|| {
            KernelError::Other(format!("no client has a prefix of {prefix} bits"))
        })?;
        service = service.persistent(persistence.timeout).with_netmask(netmask);
        service.persistence_engine = persistence.engine.map(|engine| engine.name().to_owned());
    }
    Ok(service)
}

/// A service as the kernel has it, without its servers.
pub(super) fn our_service(service: &Service) -> ObservedService {
    let mut flags = SchedulerFlags::NONE;
    for (ours, theirs) in SCHEDULER_FLAGS {
        if service.flags.contains(theirs) {
            flags = flags | ours;
        }
    }
    let prefix = match service.netmask {
        Netmask::V4(mask) => {
            let mask = u32::from(mask);
            let prefix = u8::try_from(mask.leading_ones()).ok();
            prefix.filter(|_| mask.leading_ones() == mask.count_ones())
        }
        Netmask::V6(prefix) => u8::try_from(prefix).ok(),
    };
    let engine = service.persistence_engine.clone();
    ObservedService {
        scheduler: service.scheduler.clone(),
        flags,
        persistence: service.persistence().map(|timeout| ObservedPersistence {
            timeout,
            prefix,
            engine,
        }),
        one_packet: service.flags.contains(ServiceFlags::ONE_PACKET),
        servers: BTreeMap::new(),
    }
}

pub(super) fn kernel_server(server: SocketAddr, to: DesiredServer) -> Destination {
    let (forwarding, tunnel) = match to.forward {
        Forward::Direct => (Forwarding::Direct, ipvs_rs::Tunnel::IPIP),
        Forward::Nat => (Forwarding::Masquerade, ipvs_rs::Tunnel::IPIP),
        Forward::Tunnel(tunnel) => (Forwarding::Tunnel, kernel_tunnel(tunnel)),
    };
    let mut destination = Destination::new(server, forwarding, u32::from(to.weight.0));
    destination.tunnel = tunnel;
    destination.upper_threshold = to.thresholds.upper;
    destination.lower_threshold = to.thresholds.lower;
    destination
}

fn kernel_tunnel(tunnel: Tunnel) -> ipvs_rs::Tunnel {
    match tunnel {
        Tunnel::Ipip => ipvs_rs::Tunnel::IPIP,
        Tunnel::Gue { port, checksum } => {
            let flags = match checksum {
                Checksum::Off => TunnelFlags::NONE,
                Checksum::Outer => TunnelFlags::CHECKSUM,
                Checksum::Remote => TunnelFlags::REMOTE_CHECKSUM,
            };
            ipvs_rs::Tunnel::gue(port.get(), flags)
        }
        Tunnel::Gre { checksum: true } => ipvs_rs::Tunnel::gre(TunnelFlags::CHECKSUM),
        Tunnel::Gre { checksum: false } => ipvs_rs::Tunnel::gre(TunnelFlags::NONE),
    }
}

/// A real server as the kernel has it.
///
/// Methods that are none of ours (local, bypass) count as direct: in none of them is the packet
/// rewritten or wrapped. Kinds of tunnel that are none of ours count as IP in IP. Weights above
/// ours are cut down to our greatest. All of this happens only to servers that somebody else made.
pub(super) fn our_server(destination: &Destination) -> ObservedServer {
    let forward = match destination.forwarding {
        Forwarding::Masquerade => Forward::Nat,
        Forwarding::Tunnel => Forward::Tunnel(our_tunnel(destination.tunnel)),
        _ => Forward::Direct,
    };
    ObservedServer {
        forward,
        weight: Weight(u16::try_from(destination.weight).unwrap_or(u16::MAX)),
        thresholds: Thresholds {
            upper: destination.upper_threshold,
            lower: destination.lower_threshold,
        },
        active: destination.connections.active,
        inactive: destination.connections.inactive,
    }
}

fn our_tunnel(tunnel: ipvs_rs::Tunnel) -> Tunnel {
    let outer = tunnel.flags.contains(TunnelFlags::CHECKSUM);
    match (tunnel.kind, NonZeroU16::new(tunnel.port)) {
        (TunnelKind::Gue, Some(port)) => {
            let checksum = if tunnel.flags.contains(TunnelFlags::REMOTE_CHECKSUM) {
                Checksum::Remote
            } else if outer {
                Checksum::Outer
            } else {
                Checksum::Off
            };
            Tunnel::Gue { port, checksum }
        }
        (TunnelKind::Gre, _) => Tunnel::Gre { checksum: outer },
        _ => Tunnel::Ipip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use director_core::config::{Persistence, PersistenceEngine, Scheduler};
    use std::time::Duration;

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
    fn services_come_back_from_the_kernel_as_they_went() {
        let timeout = Duration::from_secs(300);
        let mut all = Vec::new();
        for (flags, one_packet) in [(0, false), (1, true), (2, false), (7, true)] {
            let flags = SchedulerFlags::from_bits(flags);
            all.push(ServiceSettings { flags, one_packet, ..Scheduler::Sh.into() });
        }
        for (prefix, engine) in [(32, None), (24, Some(PersistenceEngine::Sip)), (1, None)] {
            let persistence = Some(Persistence { timeout, prefix, engine });
            all.push(ServiceSettings { persistence, ..Scheduler::Wlc.into() });
        }
        for key in [ServiceKey::FwMark(7), ServiceKey::FwMark6(7)] {
            for settings in &all {
                let there = kernel_service(key, settings).expect("a service");
                assert!(our_service(&there).has(settings), "{there:?} is not {settings:?}");
            }
        }
        let mut odd = Service::new(ipvs_rs::ServiceKey::tcp(([10, 0, 0, 1], 80)), "rr");
        odd = odd.persistent(timeout).with_netmask(Netmask::V4([255, 0, 255, 0].into()));
        assert_eq!(our_service(&odd).persistence.expect("persistence").prefix, None);
    }

    #[test]
    fn servers_come_back_from_the_kernel_as_they_went() {
        let at: SocketAddr = "10.0.0.21:80".parse().expect("an address");
        let port = NonZeroU16::new(6080).expect("a port");
        let gue = |checksum| Forward::Tunnel(Tunnel::Gue { port, checksum });
        let gre = |checksum| Forward::Tunnel(Tunnel::Gre { checksum });
        let checksums = [Checksum::Off, Checksum::Outer, Checksum::Remote];
        let methods = [Forward::Direct, Forward::IPIP, Forward::Nat, gre(false), gre(true)];
        for forward in methods.into_iter().chain(checksums.map(gue)) {
            let thresholds = Thresholds { upper: 100, lower: 80 };
            let wanted = DesiredServer { forward, weight: Weight(65_535), thresholds };
            let found = our_server(&kernel_server(at, wanted));
            assert!(found.has(&wanted), "{found:?} is not {wanted:?}");
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
