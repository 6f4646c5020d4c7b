use super::{Detail, stats};
use crate::address::{Endpoint, Family, from_union, to_union};
use crate::attribute::{self, Attribute};
use crate::destination::{Connections, Destination, Forwarding, Tunnel, TunnelFlags, TunnelKind};
use crate::error::{DecodeError, Invalid};
use crate::stats::Stats;
use crate::uapi::{
    DEST_ATTR_ACTIVE_CONNS, DEST_ATTR_ADDR, DEST_ATTR_ADDR_FAMILY, DEST_ATTR_FWD_METHOD,
    DEST_ATTR_INACT_CONNS, DEST_ATTR_L_THRESH, DEST_ATTR_PERSIST_CONNS, DEST_ATTR_PORT,
    DEST_ATTR_STATS, DEST_ATTR_STATS64, DEST_ATTR_TUN_FLAGS, DEST_ATTR_TUN_PORT,
    DEST_ATTR_TUN_TYPE, DEST_ATTR_U_THRESH, DEST_ATTR_WEIGHT,
};

/// What identifies a destination within its service.
pub(crate) fn endpoint_attributes(endpoint: Endpoint) -> Vec<Attribute> {
    vec![
        Attribute::u16(DEST_ATTR_ADDR_FAMILY, endpoint.family().number()),
        Attribute::fixed(DEST_ATTR_ADDR, to_union(endpoint.address)),
        Attribute::be16(DEST_ATTR_PORT, endpoint.port),
    ]
}

/// A whole destination.
pub(crate) fn destination_attributes(
    destination: &Destination,
    detail: Detail,
) -> Result<Vec<Attribute>, Invalid> {
    let Tunnel { kind, port, flags } = destination.tunnel;
    let mut attributes = endpoint_attributes(destination.endpoint());
    attributes.extend([
        Attribute::u32(DEST_ATTR_FWD_METHOD, destination.forwarding.number()),
        Attribute::u32(DEST_ATTR_WEIGHT, destination.weight),
        Attribute::u32(DEST_ATTR_U_THRESH, destination.upper_threshold),
        Attribute::u32(DEST_ATTR_L_THRESH, destination.lower_threshold),
        Attribute::fixed(DEST_ATTR_TUN_TYPE, [kind.number()]),
        Attribute::be16(DEST_ATTR_TUN_PORT, port),
        Attribute::u16(DEST_ATTR_TUN_FLAGS, flags.bits()),
    ]);
    if detail == Detail::Entry {
        let Connections { active, inactive, persistent } = destination.connections;
        attributes.extend([
            Attribute::u32(DEST_ATTR_ACTIVE_CONNS, active),
            Attribute::u32(DEST_ATTR_INACT_CONNS, inactive),
            Attribute::u32(DEST_ATTR_PERSIST_CONNS, persistent),
            stats::stats_attribute(DEST_ATTR_STATS64, &destination.stats)?,
        ]);
        attributes.extend_from_slice(&destination.unknown);
    }
    Ok(attributes)
}

/// A destination as far as it has been read.
#[derive(Default)]
struct Parts {
    family: Option<Family>,
    address: Option<Attribute>,
    port: Option<u16>,
    forwarding: Option<u32>,
    weight: Option<u32>,
    tunnel: Tunnel,
    upper: u32,
    lower: u32,
    connections: Connections,
    stats32: Option<Stats>,
    stats64: Option<Stats>,
    unknown: Vec<Attribute>,
}

impl Parts {
    fn read(&mut self, attribute: Attribute) -> Result<(), DecodeError> {
        let connections = &mut self.connections;
        match attribute.number() {
            DEST_ATTR_ADDR_FAMILY => {
                let number = attribute.to_u16("destination address family")?;
                self.family = Some(Family::from_number(number)?);
            }
            DEST_ATTR_ADDR => self.address = Some(attribute),
            DEST_ATTR_PORT => self.port = Some(attribute.to_be16("destination port")?),
            DEST_ATTR_FWD_METHOD => {
                self.forwarding = Some(attribute.to_u32("forwarding method")?);
            }
            DEST_ATTR_WEIGHT => self.weight = Some(attribute.to_u32("weight")?),
            DEST_ATTR_U_THRESH => self.upper = attribute.to_u32("upper threshold")?,
            DEST_ATTR_L_THRESH => self.lower = attribute.to_u32("lower threshold")?,
            DEST_ATTR_ACTIVE_CONNS => {
                connections.active = attribute.to_u32("active connections")?;
            }
            DEST_ATTR_INACT_CONNS => {
                connections.inactive = attribute.to_u32("inactive connections")?;
            }
            DEST_ATTR_PERSIST_CONNS => {
                connections.persistent = attribute.to_u32("persistent connections")?;
            }
            DEST_ATTR_TUN_TYPE => {
                self.tunnel.kind = TunnelKind::from_number(attribute.to_u8("tunnel type")?);
            }
            DEST_ATTR_TUN_PORT => self.tunnel.port = attribute.to_be16("tunnel port")?,
            DEST_ATTR_TUN_FLAGS => {
                self.tunnel.flags = TunnelFlags::from_bits(attribute.to_u16("tunnel flags")?);
            }
            DEST_ATTR_STATS => self.stats32 = Some(stats::stats_from(&attribute)?),
            DEST_ATTR_STATS64 => self.stats64 = Some(stats::stats_from(&attribute)?),
            _ => self.unknown.push(attribute),
        }
        Ok(())
    }
}

/// Reads what stands inside a destination container. Kernels before 3.18 do not name the address
/// family: it is then the service's.
pub(crate) fn destination_from(bytes: &[u8], service: Family) -> Result<Destination, DecodeError> {
    let missing = |attribute| DecodeError::Missing { attribute };
    let mut parts = Parts::default();
    for attribute in attribute::parse(bytes, "destination")? {
        parts.read(attribute)?;
    }
    let family = parts.family.unwrap_or(service);
    let address = parts.address.ok_or(missing("destination address"))?;
    Ok(Destination {
        address: from_union(family, address.value(), "destination address")?,
        port: parts.port.ok_or(missing("destination port"))?,
        weight: parts.weight.ok_or(missing("weight"))?,
        forwarding: Forwarding::from_number(parts.forwarding.ok_or(missing("forwarding method"))?),
        tunnel: parts.tunnel,
        upper_threshold: parts.upper,
        lower_threshold: parts.lower,
        connections: parts.connections,
        stats: parts.stats64.or(parts.stats32).unwrap_or_default(),
        unknown: parts.unknown,
    })
}
