//! What travels.

use crate::ipvs::Told;
use director_core::advert::Advert;
use director_core::beat::Beat;
use director_core::config::{Tunnel, VirtualMac};
use director_core::vote::{Answer as Vote, Question};
use scenario::Behaviour;
use std::net::Ipv4Addr;
use std::num::NonZeroU8;
use std::sync::Arc;

/// Number of a node in the order of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(pub(crate) u16);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Number of an interface over all nodes. It stands for the interface's MAC address too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PortId(pub(crate) u16);

impl PortId {
    /// The hardware address of a virtual router, which is at whichever interface it was seen last.
    pub(crate) const fn of_router(mac: VirtualMac) -> Self {
        Self(ROUTERS + mac.0.get() as u16)
    }

    /// The virtual router whose hardware address it is.
    pub(crate) fn router(self) -> Option<VirtualMac> {
        let number = u8::try_from(self.0.checked_sub(ROUTERS)?).ok()?;
        NonZeroU8::new(number).map(VirtualMac)
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Above the numbers of interfaces.
const ROUTERS: u16 = 0x8000;

/// The body of an Ethernet frame.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// RFC 826, or neighbour discovery (RFC 4861 §7.2) of addresses that stand for those of IPv6.
    /// The sender's hardware address is the frame's.
    Arp(Arp),
    /// IPv4, or IPv6 where the addresses stand for such.
    Ip(Packet),
    /// One that is for the hardware address of a virtual router, not for the interface's own.
    ToRouter(VirtualMac, Box<Self>),
    /// IPv4, with a bit turned over that no checksum has noticed: only what is authenticated gets
    /// so far, the rest does not arrive.
    Damaged(Packet),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arp {
    pub(crate) kind: ArpKind,
    pub(crate) sender: Ipv4Addr,
    pub(crate) target: Ipv4Addr,
}

impl Arp {
    /// Sender and target are the same: nobody is asked, everybody is told (RFC 5227 §3), or it is
    /// an unsolicited neighbour advertisement (RFC 4861 §7.2.6).
    pub(crate) fn is_gratuitous(self) -> bool {
        self.sender == self.target
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArpKind {
    /// Of everybody; over IPv4 of one, too.
    Request,
    /// With its sender's hardware address; over IPv6 it overrides what is known (the flag O).
    Reply,
    /// Neighbour discovery's question to the one that is believed to have the address.
    Probe,
    /// The answer to that: without a hardware address, for the one that asks has it, and so it
    /// overrides nothing (`ndisc_recv_ns` of `net/ipv6/ndisc.c`).
    Confirmation,
}

impl ArpKind {
    /// How it is answered.
    pub(crate) fn answer(self) -> Option<Self> {
        match self {
            Self::Request => Some(Self::Reply),
            Self::Probe => Some(Self::Confirmation),
            Self::Reply | Self::Confirmation => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) src: Ipv4Addr,
    pub(crate) dst: Ipv4Addr,
    pub(crate) payload: Payload,
}

#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Tcp(Tcp),
    /// A heartbeat in a UDP datagram; sealing and opening happen outside of the model.
    Beat(Beat),
    /// An advert of VRRP; its bytes are outside of the model.
    Advert(Arc<Advert>),
    /// ICMP echo: a question of a director, or its answer.
    Echo {
        question: u64,
        answer: bool,
    },
    /// A question to the voter; sealing and opening happen outside of the model.
    Question(Box<Question>),
    /// The voter's answer.
    Vote(Box<Vote>),
    /// ICMP destination unreachable for the TCP segment with these ports.
    Unreachable {
        code: Unreachable,
        sport: u16,
        dport: u16,
    },
    /// What a director tells others of its connections.
    Sync(Arc<Message>),
    /// A packet inside this one, which is from a director to a real server.
    Wrapped(Tunnel, Box<Packet>),
    /// ICMP destination unreachable for a packet that had this one inside.
    WrappedUnreachable {
        code: Unreachable,
        about: Box<Packet>,
    },
    /// ICMP fragmentation needed (RFC 1191 §4), or packet too big (RFC 4443 §3.2).
    TooBig(Box<TooBig>),
}

impl Payload {
    /// Whether it is ICMP or ICMPv6.
    pub(crate) fn is_icmp(&self) -> bool {
        matches!(
            self,
            Self::Echo { .. }
                | Self::Unreachable { .. }
                | Self::WrappedUnreachable { .. }
                | Self::TooBig(_)
        )
    }
}

/// A packet was longer than the next link carries, and must not be taken apart.
#[derive(Clone, Debug)]
pub(crate) struct TooBig {
    /// What that link carries, in bytes.
    pub(crate) mtu: u16,
    pub(crate) about: Packet,
}

/// A datagram of connection synchronisation.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Whose it is (`syncid`).
    pub(crate) id: u8,
    pub(crate) port: u16,
    pub(crate) told: Vec<Told>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// RFC 792 code 1.
    Host,
    /// RFC 792 code 3; code 2 comes to the same.
    Port,
}

/// A TCP segment, as much of it as decides anything here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tcp {
    pub(crate) sport: u16,
    pub(crate) dport: u16,
    pub(crate) kind: Segment,
    /// How many directors have passed it on.
    pub(crate) hops: u8,
    /// Of what is longer than one small packet: how many segments there are, which travel
    /// together and fare alike.
    pub(crate) count: u8,
    /// The longest packet among them in bytes, IP header included; 0 for one that fits anywhere.
    pub(crate) long: u16,
}

impl Tcp {
    pub(crate) const fn new(sport: u16, dport: u16, kind: Segment) -> Self {
        Self { sport, dport, kind, hops: 0, count: 1, long: 0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Syn,
    /// Carries what its sender will recognise the connection by.
    SynAck(Accepted),
    /// The handshake's last acknowledgement together with the request.
    Request(Accepted),
    /// The request has been received and nothing more is said about it yet.
    Ack,
    /// The whole answer, and the sender's FIN.
    Answer(Answer),
    /// A request on a connection that is held, by its number on it from 0; the first comes with the
    /// handshake's last acknowledgement.
    Ask(Accepted, u16),
    /// The answer to that; the connection goes on.
    Page(Answer, u16),
    Fin,
    Rst,
}

/// Stands for sequence numbers: who accepted the connection, and in which of its lives. A host that
/// gets a segment of a connection which it did not accept in this life has no such connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) node: NodeId,
    pub(crate) boots: u32,
}

/// What a server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) node: NodeId,
    pub(crate) behaviour: Behaviour,
}
