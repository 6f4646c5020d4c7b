use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::time::Duration;

use super::{Detail, name, seconds, stats};
use crate::address::{Endpoint, Family, from_union, to_union};
use crate::attribute::{self, Attribute};
use crate::error::{DecodeError, Invalid};
use crate::service::{Netmask, Service, ServiceFlags, ServiceKey};
use crate::stats::Stats;
use crate::uapi::{
    SVC_ATTR_ADDR, SVC_ATTR_AF, SVC_ATTR_FLAGS, SVC_ATTR_FWMARK, SVC_ATTR_NETMASK,
    SVC_ATTR_PE_NAME, SVC_ATTR_PORT, SVC_ATTR_PROTOCOL, SVC_ATTR_SCHED_NAME, SVC_ATTR_STATS,
    SVC_ATTR_STATS64, SVC_ATTR_TIMEOUT,
};

const TCP: u16 = 6;
const UDP: u16 = 17;
const SCTP: u16 = 132;

/// What identifies a service.
pub(crate) fn key_attributes(key: &ServiceKey) -> Vec<Attribute> {
    let family = Attribute::u16(SVC_ATTR_AF, key.family().number());
    let (protocol, endpoint) = match *key {
        ServiceKey::FwMark { mark, .. } => {
            return vec![family, Attribute::u32(SVC_ATTR_FWMARK, mark.get())];
        }
        ServiceKey::Tcp(endpoint) => (TCP, endpoint),
        ServiceKey::Udp(endpoint) => (UDP, endpoint),
        ServiceKey::Sctp(endpoint) => (SCTP, endpoint),
        ServiceKey::Other { protocol, endpoint } => (protocol, endpoint),
    };
    vec![
        family,
        Attribute::u16(SVC_ATTR_PROTOCOL, protocol),
        Attribute::fixed(SVC_ATTR_ADDR, to_union(endpoint.address)),
        Attribute::be16(SVC_ATTR_PORT, endpoint.port),
    ]
}

/// A whole service.
pub(crate) fn service_attributes(
    service: &Service,
    detail: Detail,
) -> Result<Vec<Attribute>, Invalid> {
    let mut attributes = key_attributes(&service.key);
    let scheduler = name("scheduler", &service.scheduler)?;
    attributes.push(Attribute::text(SVC_ATTR_SCHED_NAME, scheduler)?);
    if let Some(engine) = &service.persistence_engine {
        let engine = name("persistence engine", engine)?;
        attributes.push(Attribute::text(SVC_ATTR_PE_NAME, engine)?);
    }
    // struct ip_vs_flags { flags, mask }: a full mask replaces every flag of an existing service.
    let [a, b, c, d] = service.flags.bits().to_ne_bytes();
    attributes.push(Attribute::fixed(SVC_ATTR_FLAGS, [a, b, c, d, 255, 255, 255, 255]));
    let timeout = seconds("persistence timeout", service.timeout)?;
    attributes.push(Attribute::u32(SVC_ATTR_TIMEOUT, timeout));
    attributes.push(netmask_attribute(service)?);
    if detail == Detail::Entry {
        attributes.push(stats::stats_attribute(SVC_ATTR_STATS64, &service.stats)?);
        attributes.extend_from_slice(&service.unknown);
    }
    Ok(attributes)
}

fn netmask_attribute(service: &Service) -> Result<Attribute, Invalid> {
    let family = service.key.family();
    if service.netmask.family() != family {
        return Err(Invalid::NetmaskFamily { service: family });
    }
    Ok(match service.netmask {
        Netmask::V4(mask) => Attribute::fixed(SVC_ATTR_NETMASK, mask.octets()),
        Netmask::V6(bits) => Attribute::u32(SVC_ATTR_NETMASK, bits),
    })
}

/// What identifies a service, as far as it has been read.
#[derive(Default)]
struct KeyParts {
    family: Option<Family>,
    protocol: Option<u16>,
    address: Option<Attribute>,
    port: Option<u16>,
    mark: Option<NonZeroU32>,
}

impl KeyParts {
    fn family(&self) -> Result<Family, DecodeError> {
        self.family.ok_or(DecodeError::Missing { attribute: "service address family" })
    }

    fn build(self) -> Result<ServiceKey, DecodeError> {
        let missing = |attribute| DecodeError::Missing { attribute };
        let family = self.family()?;
        if let Some(mark) = self.mark {
            return Ok(ServiceKey::FwMark { mark, family });
        }
        let protocol = self.protocol.ok_or(missing("service protocol"))?;
        let address = self.address.ok_or(missing("service address"))?;
        let endpoint = Endpoint {
            address: from_union(family, address.value(), "service address")?,
            port: self.port.ok_or(missing("service port"))?,
        };
        Ok(match protocol {
            TCP => ServiceKey::Tcp(endpoint),
            UDP => ServiceKey::Udp(endpoint),
            SCTP => ServiceKey::Sctp(endpoint),
            protocol => ServiceKey::Other { protocol, endpoint },
        })
    }
}

/// Everything beside the key, as far as it has been read.
#[derive(Default)]
struct Parts {
    key: KeyParts,
    scheduler: Option<String>,
    flags: ServiceFlags,
    timeout: Duration,
    netmask: Option<[u8; 4]>,
    engine: Option<String>,
    stats32: Option<Stats>,
    stats64: Option<Stats>,
    unknown: Vec<Attribute>,
}

impl Parts {
    fn read(&mut self, attribute: Attribute) -> Result<(), DecodeError> {
        match attribute.number() {
            SVC_ATTR_AF => {
                let number = attribute.to_u16("service address family")?;
                self.key.family = Some(Family::from_number(number)?);
            }
            SVC_ATTR_PROTOCOL => self.key.protocol = Some(attribute.to_u16("service protocol")?),
            SVC_ATTR_ADDR => self.key.address = Some(attribute),
            SVC_ATTR_PORT => self.key.port = Some(attribute.to_be16("service port")?),
            SVC_ATTR_FWMARK => {
                self.key.mark = NonZeroU32::new(attribute.to_u32("service firewall mark")?);
            }
            SVC_ATTR_SCHED_NAME => self.scheduler = Some(attribute.to_text()),
            SVC_ATTR_FLAGS => {
                let [a, b, c, d, ..]: [u8; 8] = attribute.bytes("service flags")?;
                self.flags = ServiceFlags::from_bits(u32::from_ne_bytes([a, b, c, d]));
            }
            SVC_ATTR_TIMEOUT => {
                let seconds = attribute.to_u32("service timeout")?;
                self.timeout = Duration::from_secs(seconds.into());
            }
            SVC_ATTR_NETMASK => self.netmask = Some(attribute.bytes("service netmask")?),
            SVC_ATTR_PE_NAME => self.engine = Some(attribute.to_text()),
            SVC_ATTR_STATS => self.stats32 = Some(stats::stats_from(&attribute)?),
            SVC_ATTR_STATS64 => self.stats64 = Some(stats::stats_from(&attribute)?),
            _ => self.unknown.push(attribute),
        }
        Ok(())
    }

    fn netmask(&self) -> Result<Netmask, DecodeError> {
        let family = self.key.family()?;
        Ok(match (self.netmask, family) {
            (None, family) => Netmask::host(family),
            (Some(bytes), Family::V4) => Netmask::V4(Ipv4Addr::from(bytes)),
            (Some(bytes), Family::V6) => Netmask::V6(u32::from_ne_bytes(bytes)),
        })
    }
}

/// Reads what stands inside a service container.
pub(crate) fn service_from(bytes: &[u8]) -> Result<Service, DecodeError> {
    let mut parts = Parts::default();
    for attribute in attribute::parse(bytes, "service")? {
        parts.read(attribute)?;
    }
    let netmask = parts.netmask()?;
    Ok(Service {
        key: parts.key.build()?,
        scheduler: parts
            .scheduler
            .ok_or(DecodeError::Missing { attribute: "service scheduler" })?,
        flags: parts.flags,
        timeout: parts.timeout,
        netmask,
        persistence_engine: parts.engine,
        stats: parts.stats64.or(parts.stats32).unwrap_or_default(),
        unknown: parts.unknown,
    })
}
