use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Detail, name};
use crate::attribute::{self, Attribute};
use crate::daemon::{Daemon, DaemonRole};
use crate::error::{DecodeError, Invalid};
use crate::uapi::{
    DAEMON_ATTR_MCAST_GROUP, DAEMON_ATTR_MCAST_GROUP6, DAEMON_ATTR_MCAST_IFN,
    DAEMON_ATTR_MCAST_PORT, DAEMON_ATTR_MCAST_TTL, DAEMON_ATTR_STATE, DAEMON_ATTR_SYNC_ID,
    DAEMON_ATTR_SYNC_MAXLEN,
};

fn role_number(role: DaemonRole) -> u32 {
    match role {
        DaemonRole::Master => 1,
        DaemonRole::Backup => 2,
    }
}

fn role_from(number: u32) -> Result<DaemonRole, DecodeError> {
    [DaemonRole::Master, DaemonRole::Backup]
        .into_iter()
        .find(|role| role_number(*role) == number)
        .ok_or(DecodeError::DaemonRole { number })
}

/// What identifies a daemon.
pub(crate) fn role_attributes(role: DaemonRole) -> Vec<Attribute> {
    vec![Attribute::u32(DAEMON_ATTR_STATE, role_number(role))]
}

/// A whole daemon. The port is in host order here, unlike every other port of the interface.
pub(crate) fn daemon_attributes(
    daemon: &Daemon,
    detail: Detail,
) -> Result<Vec<Attribute>, Invalid> {
    let mut attributes = role_attributes(daemon.role);
    let interface = name("interface", &daemon.interface)?;
    attributes.push(Attribute::text(DAEMON_ATTR_MCAST_IFN, interface)?);
    attributes.push(Attribute::u32(DAEMON_ATTR_SYNC_ID, daemon.sync_id));
    if let Some(bytes) = daemon.max_payload {
        attributes.push(Attribute::u16(DAEMON_ATTR_SYNC_MAXLEN, bytes));
    }
    match daemon.group {
        None => {}
        Some(IpAddr::V4(group)) => {
            attributes.push(Attribute::fixed(DAEMON_ATTR_MCAST_GROUP, group.octets()));
        }
        Some(IpAddr::V6(group)) => {
            attributes.push(Attribute::fixed(DAEMON_ATTR_MCAST_GROUP6, group.octets()));
        }
    }
    if let Some(port) = daemon.port {
        attributes.push(Attribute::u16(DAEMON_ATTR_MCAST_PORT, port));
    }
    if let Some(hops) = daemon.ttl {
        attributes.push(Attribute::fixed(DAEMON_ATTR_MCAST_TTL, [hops]));
    }
    if detail == Detail::Entry {
        attributes.extend_from_slice(&daemon.unknown);
    }
    Ok(attributes)
}

/// Reads what stands inside a daemon container.
pub(crate) fn daemon_from(bytes: &[u8]) -> Result<Daemon, DecodeError> {
    let missing = |attribute| DecodeError::Missing { attribute };
    let mut role = None;
    let mut interface = None;
    let mut sync_id = None;
    let mut rest = Daemon::new(DaemonRole::Master, String::new(), 0);
    for attribute in attribute::parse(bytes, "daemon")? {
        match attribute.number() {
            DAEMON_ATTR_STATE => role = Some(role_from(attribute.to_u32("daemon state")?)?),
            DAEMON_ATTR_MCAST_IFN => interface = Some(attribute.to_text()),
            DAEMON_ATTR_SYNC_ID => sync_id = Some(attribute.to_u32("sync id")?),
            DAEMON_ATTR_SYNC_MAXLEN => {
                rest.max_payload = Some(attribute.to_u16("largest sync payload")?);
            }
            DAEMON_ATTR_MCAST_GROUP => {
                let octets: [u8; 4] = attribute.bytes("multicast group")?;
                rest.group = Some(Ipv4Addr::from(octets).into());
            }
            DAEMON_ATTR_MCAST_GROUP6 => {
                let octets: [u8; 16] = attribute.bytes("IPv6 multicast group")?;
                rest.group = Some(Ipv6Addr::from(octets).into());
            }
            DAEMON_ATTR_MCAST_PORT => rest.port = Some(attribute.to_u16("multicast port")?),
            DAEMON_ATTR_MCAST_TTL => rest.ttl = Some(attribute.to_u8("multicast hops")?),
            _ => rest.unknown.push(attribute),
        }
    }
    Ok(Daemon {
        role: role.ok_or(missing("daemon state"))?,
        interface: interface.ok_or(missing("daemon interface"))?,
        sync_id: sync_id.ok_or(missing("sync id"))?,
        ..rest
    })
}
