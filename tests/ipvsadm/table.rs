//! Random tables of everything that both can say.

use director_core::random::Stream;
use ipvs_rs::{
    Destination, Endpoint, Family, Forwarding, Netmask, Service, ServiceFlags, ServiceKey, Tunnel,
    TunnelFlags,
};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

/// A service with its destinations.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) service: Service,
    pub(crate) destinations: Vec<Destination>,
}

/// The table of a seed.
pub(crate) fn random(seed: u64) -> Vec<Entry> {
    let mut stream = Stream::named(seed, "table");
    let entries = (0..stream.below(6)).map(|_| entry(&mut stream));
    // The kernel has each key once.
    let by_key: BTreeMap<ServiceKey, Entry> =
        entries.map(|entry| (entry.service.key, entry)).collect();
    by_key.into_values().collect()
}

fn entry(stream: &mut Stream) -> Entry {
    let service = service(stream);
    let count = stream.below(5);
    let each = (0..count).map(|_| destination(stream, &service));
    let by_place: BTreeMap<Endpoint, Destination> =
        each.map(|destination| (destination.endpoint(), destination)).collect();
    Entry { service, destinations: by_place.into_values().collect() }
}

fn one_of<T: Clone>(stream: &mut Stream, all: &[T]) -> T {
    let at = usize::try_from(stream.below(all.len() as u64)).unwrap_or(0);
    all[at].clone()
}

fn number(stream: &mut Stream, low: u32, high: u32) -> u32 {
    low + u32::try_from(stream.below(u64::from(high - low))).unwrap_or(0)
}

fn port(stream: &mut Stream) -> u16 {
    u16::try_from(number(stream, 1, 65_536)).unwrap_or(1)
}

fn address(stream: &mut Stream, family: Family) -> IpAddr {
    let last = u16::try_from(number(stream, 1, 250)).unwrap_or(1);
    match family {
        Family::V4 => Ipv4Addr::new(192, 0, 2, last.to_le_bytes()[0]).into(),
        Family::V6 => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last).into(),
    }
}

fn service(stream: &mut Stream) -> Service {
    let family = one_of(stream, &[Family::V4, Family::V6]);
    let endpoint = Endpoint::new(address(stream, family), port(stream));
    let mark = NonZeroU32::MIN.saturating_add(number(stream, 0, 1_000));
    let key = match stream.below(4) {
        0 => ServiceKey::udp(endpoint),
        1 => ServiceKey::sctp(endpoint),
        2 => ServiceKey::fwmark(mark, family),
        _ => ServiceKey::tcp(endpoint),
    };
    let all = [
        "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh",
        "twos",
    ];
    let scheduler = one_of(stream, &all);
    let mut service = Service::new(key, scheduler);
    if stream.below(2) == 0 {
        service = persistent(stream, service);
    } else if matches!(key, ServiceKey::Udp(_)) && stream.below(2) == 0 {
        service = service.with_flags(ServiceFlags::ONE_PACKET);
    }
    if matches!(scheduler, "sh" | "mh") {
        let flags = [ServiceFlags::NONE, ServiceFlags::SCHEDULER_1, ServiceFlags::SCHEDULER_2];
        let (one, other) = (one_of(stream, &flags), one_of(stream, &flags));
        service = service.with_flags(one | other);
    }
    service
}

fn persistent(stream: &mut Stream, service: Service) -> Service {
    let family = service.key.family();
    let service = service.persistent(Duration::from_secs(number(stream, 1, 86_400).into()));
    let longest = if family == Family::V4 { 33 } else { 129 };
    let bits = number(stream, 1, longest);
    let mut service = match Netmask::from_prefix(family, bits) {
        Some(netmask) => service.with_netmask(netmask),
        None => service,
    };
    if matches!(service.key, ServiceKey::Udp(_)) && stream.below(3) == 0 {
        service.persistence_engine = Some("sip".to_owned());
    }
    service
}

fn destination(stream: &mut Stream, service: &Service) -> Destination {
    let forwarding =
        one_of(stream, &[Forwarding::Direct, Forwarding::Tunnel, Forwarding::Masquerade]);
    let own = service.key.family();
    let families =
        if forwarding == Forwarding::Tunnel { vec![Family::V4, Family::V6] } else { vec![own] };
    let family = one_of(stream, &families);
    let port = match (forwarding, service.key.endpoint()) {
        // Only translation can bring a packet to another port.
        (Forwarding::Masquerade, Some(_)) => port(stream),
        (_, Some(endpoint)) => endpoint.port,
        (_, None) => 0,
    };
    // Another network than the services': the kernel takes its own addresses for local servers.
    let address: IpAddr = match address(stream, family) {
        IpAddr::V4(one) => Ipv4Addr::new(198, 51, 100, one.octets()[3]).into(),
        IpAddr::V6(one) => Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, one.segments()[7]).into(),
    };
    let mut destination =
        Destination::new(Endpoint::new(address, port), forwarding, number(stream, 0, 65_536));
    if forwarding == Forwarding::Tunnel {
        destination = destination.with_tunnel(tunnel(stream));
    }
    if stream.below(3) == 0 {
        let upper = number(stream, 2, 100_000);
        destination = destination.with_thresholds(number(stream, 0, upper), upper);
    }
    destination
}

fn tunnel(stream: &mut Stream) -> Tunnel {
    let port = port(stream);
    let flags = [TunnelFlags::NONE, TunnelFlags::CHECKSUM, TunnelFlags::REMOTE_CHECKSUM];
    match stream.below(3) {
        0 => Tunnel::IPIP,
        1 => Tunnel::gue(port, one_of(stream, &flags)),
        _ => Tunnel::gre(one_of(stream, &flags[..2])),
    }
}
