//! Orders for real servers in a heartbeat.
//!
//! ```text
//! service: length (1), name
//! address: 4 or 6 (1), its 4 or 16 bytes, port (2)
//! version (8), duty (1): 0 serve, 1 drain, 2 maintenance
//! deadline of a drain in milliseconds (8), all ones for none
//! weight: 0 (1) for the configuration's, or 1 (1) and the weight (2)
//! ```

use super::{Reader, push_count, push_name};
use crate::config::Weight;
use crate::input::Rejection;
use crate::name::ServiceName;
use crate::standing::{Duty, Entry, Seat, Standing};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;

/// No deadline.
const NEVER: u64 = u64::MAX;

pub(super) fn push(bytes: &mut Vec<u8>, orders: &[Entry]) {
    push_count(bytes, orders.len());
    for Entry { seat, standing } in orders.iter().take(usize::from(u16::MAX)) {
        push_name(bytes, seat.service.as_str());
        push_address(bytes, seat.server);
        bytes.extend_from_slice(&standing.version.to_be_bytes());
        let (duty, deadline) = match standing.duty {
            Duty::Serve => (0, None),
            Duty::Drain { deadline } => (1, deadline),
            Duty::Maintenance => (2, None),
        };
        bytes.push(duty);
        let millis = |deadline: Duration| u64::try_from(deadline.as_millis()).unwrap_or(NEVER);
        bytes.extend_from_slice(&deadline.map_or(NEVER, millis).to_be_bytes());
        match standing.weight {
            None => bytes.push(0),
            Some(weight) => {
                bytes.push(1);
                bytes.extend_from_slice(&weight.0.to_be_bytes());
            }
        }
    }
}

fn push_address(bytes: &mut Vec<u8>, address: SocketAddr) {
    match address.ip() {
        IpAddr::V4(address) => {
            bytes.push(4);
            bytes.extend_from_slice(&address.octets());
        }
        IpAddr::V6(address) => {
            bytes.push(6);
            bytes.extend_from_slice(&address.octets());
        }
    }
    bytes.extend_from_slice(&address.port().to_be_bytes());
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Vec<Entry>, Rejection> {
    let mut orders = Vec::new();
    for _ in 0..reader.count()? {
        let service = ServiceName::new(reader.text()?).map_err(|_| Rejection::Malformed)?;
        let server = read_address(reader)?;
        let version = reader.number()?;
        let duty = reader.byte()?;
        let deadline = match reader.number()? {
            NEVER => None,
            millis => Some(Duration::from_millis(millis)),
        };
        let duty = match (duty, deadline) {
            (0, None) => Duty::Serve,
            (1, deadline) => Duty::Drain { deadline },
            (2, None) => Duty::Maintenance,
            _ => return Err(Rejection::Malformed),
        };
        let weight = match reader.byte()? {
            0 => None,
            1 => Some(Weight(reader.count()?)),
            _ => return Err(Rejection::Malformed),
        };
        let standing = Standing { version, duty, weight };
        orders.push(Entry { seat: Seat { service, server }, standing });
    }
    Ok(orders)
}

fn read_address(reader: &mut Reader<'_>) -> Result<SocketAddr, Rejection> {
    let address = match reader.byte()? {
        4 => {
            let octets: [u8; 4] = reader.take(4)?.try_into().map_err(|_| Rejection::Malformed)?;
            IpAddr::V4(Ipv4Addr::from(octets))
        }
        6 => {
            let octets: [u8; 16] = reader.take(16)?.try_into().map_err(|_| Rejection::Malformed)?;
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return Err(Rejection::Malformed),
    };
    Ok(SocketAddr::new(address, reader.count()?))
}
