//! What one director tells another of an entry of its table, and its bytes
//! (`struct ip_vs_sync_v4` in `net/netfilter/ipvs/ip_vs_sync.c`, protocol version 1).

use super::connections::{Flow, State};
use super::templates::Whom;
use director_core::config::Forward;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

/// An entry of IPv4 without options, in bytes.
pub const ENTRY: usize = 36;
const TCP: u8 = 6;
/// `IP_VS_CONN_F_*` in `linux/ip_vs.h`.
const MASQUERADE: u32 = 0;
const TUNNEL: u32 = 2;
const DIRECT: u32 = 3;
const NO_OUTPUT: u32 = 0x80;
const INACTIVE: u32 = 0x100;
const TEMPLATE: u32 = 0x1000;

/// What one director tells of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub(crate) entry: Entry,
    pub(crate) server: SocketAddrV4,
    pub(crate) forward: Forward,
    /// How long it lives on if nothing comes.
    pub(crate) timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// In a state, and whether it is told of as an active one.
    Connection(Flow, State, bool),
    /// To whom a destination is bound by persistence.
    Template(Binding),
}

/// What a template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) whom: Whom,
    /// Whether a connection under it was ever established (`IP_VS_CTPL_S_ASSURED`).
    pub(crate) assured: bool,
}

impl Told {
    /// Of a connection in the state of that number (`IP_VS_TCP_S_*`); `None` when there is none
    /// that is told of.
    #[must_use]
    pub fn connection(
        (client, service, server): (SocketAddrV4, SocketAddrV4, SocketAddrV4),
        state: u8,
        forward: Forward,
        timeout: Duration,
    ) -> Option<Self> {
        let state = State::from_number(state)?;
        let entry = Entry::Connection(Flow::new(client, service), state, state.is_active());
        Some(Self { entry, server, forward, timeout })
    }

    /// Of a template of persistence: for the network of a client with a prefix of that length,
    /// under which a connection was established, or none ever.
    #[must_use]
    pub fn template(
        (client, prefix, assured): (Ipv4Addr, u8, bool),
        service: SocketAddrV4,
        server: SocketAddrV4,
        forward: Forward,
        timeout: Duration,
    ) -> Self {
        let whom = Whom::new(client.into(), prefix, service);
        let entry = Entry::Template(Binding { whom, assured });
        Self { entry, server, forward, timeout }
    }

    /// The real server.
    #[must_use]
    pub fn server(&self) -> SocketAddrV4 {
        self.server
    }

    /// The same with another forwarding method.
    #[must_use]
    pub fn by(self, forward: Forward) -> Self {
        Self { forward, ..self }
    }

    /// As it stands in a message.
    #[must_use]
    pub fn bytes(&self) -> [u8; ENTRY] {
        let (client, target, state, flags) = match self.entry {
            Entry::Connection(flow, state, active) => {
                let flags = if active { 0 } else { INACTIVE };
                (flow.client(), flow.target(), state.number(), flags)
            }
            // It has it from its destination that it is no active connection.
            Entry::Template(Binding { whom, assured }) => {
                let client = SocketAddrV4::new(whom.network(), 0);
                (client, whom.service(), u8::from(assured), TEMPLATE | INACTIVE)
            }
        };
        let method = match self.forward {
            Forward::Nat => MASQUERADE,
            Forward::Tunnel(_) => TUNNEL | NO_OUTPUT,
            Forward::Direct => DIRECT | NO_OUTPUT,
        };
        let seconds = u32::try_from(self.timeout.as_secs()).unwrap_or(u32::MAX);
        let length = u16::try_from(ENTRY).unwrap_or(0);
        let mut bytes = [0; ENTRY];
        let mut at = 1;
        let mut put = |part: &[u8]| {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        put(&[TCP]);
        put(&length.to_be_bytes());
        put(&(flags | method).to_be_bytes());
        put(&u16::from(state).to_be_bytes());
        for place in [client, target, self.server] {
            put(&place.port().to_be_bytes());
        }
        // No firewall mark.
        put(&[0; 4]);
        put(&seconds.to_be_bytes());
        for place in [client, target, self.server] {
            put(&place.ip().octets());
        }
        bytes
    }
}
