//! What every machine has: power, interfaces, a neighbour table, routes, things that listen.

use crate::client::Flow;
use crate::director_host::DirectorHost;
use crate::gait::Held;
use crate::net::arp::Neighbours;
use crate::net::mtu::Narrow;
use crate::net::packet::PortId;
use crate::net::stand_in::is_six;
use director_core::config::Tunnel;
use director_core::random::Stream;
use director_core::realserver::{Device, GuePort, Needs};
use director_core::voter::Voter;
use scenario::{Behaviour, Serve};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// A machine.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) power: Power,
    /// Which boot this is; what was planned in an earlier one is void.
    pub(crate) boots: u32,
    pub(crate) ports: Vec<Port>,
    /// Interface and address of the router, for everything that is on no interface's network: over
    /// IPv4, and over IPv6.
    pub(crate) gateways: [Option<(u8, Ipv4Addr)>; 2],
    pub(crate) neighbours: Neighbours,
    /// Paths that carry less than the interface to them, by their end.
    pub(crate) narrow: BTreeMap<Ipv4Addr, Narrow>,
    /// Whether a router passes on no ICMP.
    pub(crate) drops_icmp: bool,
    pub(crate) stream: Stream,
    pub(crate) serve: Vec<Serve>,
    /// While the machine stands still: what waits for it to go on.
    pub(crate) paused: Option<Box<Held>>,
    /// Connections of clients that run here, by their local port.
    pub(crate) flows: BTreeMap<u16, Flow>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    Off,
    On,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Router,
    Client,
    Server(Box<ServerHost>),
    Director(Box<DirectorHost>),
    Voter(Box<Voter>),
}

/// What a host has that is a real server.
#[derive(Clone, Debug)]
pub(crate) struct ServerHost {
    /// Whether it answers ARP requests for the virtual addresses that it holds.
    pub(crate) answers: bool,
    pub(crate) prepared: Prepared,
}

/// What makes a host a real server.
#[derive(Clone, Debug)]
pub(crate) enum Prepared {
    /// Nothing: packets come with its own address.
    Plain,
    /// It holds every virtual address.
    HoldsAll,
    /// What a configuration says, and as what the world knows the addresses among that.
    As(Needs, Vec<Ipv4Addr>),
}

impl Prepared {
    fn holds(&self, address: Ipv4Addr, virtuals: &[Ipv4Addr]) -> bool {
        match self {
            Self::Plain => false,
            Self::HoldsAll => virtuals.contains(&address),
            Self::As(_, held) => held.contains(&address),
        }
    }

    fn unwraps(&self, tunnel: Tunnel) -> bool {
        let Self::As(needs, _) = self else { return false };
        let device = match tunnel {
            Tunnel::Ipip => Device::Ipip,
            Tunnel::Gre { .. } => Device::Gre,
            Tunnel::Gue { port, .. } => {
                let known = needs.ports.contains(&GuePort { port, ipv6: false });
                return known && needs.devices.contains(&Device::Ipip);
            }
        };
        needs.devices.contains(&device)
    }
}

/// An interface.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Port {
    pub(crate) id: PortId,
    /// The longest packet in bytes that its segment carries.
    pub(crate) mtu: u16,
    /// Of IPv4, and of IPv6.
    pub(crate) own: [Own; 2],
}

/// An interface's own address of one family, and the mask of its network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own {
    pub(crate) address: Ipv4Addr,
    pub(crate) mask: u32,
}

impl Own {
    /// Of a family that the interface does not have: no address is on its network.
    pub(crate) const NONE: Self = Self { address: Ipv4Addr::UNSPECIFIED, mask: u32::MAX };

    /// The address, when there is one.
    pub(crate) fn given(&self) -> Option<Ipv4Addr> {
        Some(self.address).filter(|address| !address.is_unspecified())
    }
}

impl Port {
    /// What it has of the family of `other`.
    fn like(&self, other: Ipv4Addr) -> Own {
        let [four, six] = self.own;
        if is_six(other) { six } else { four }
    }

    /// Its address of the family of `other`, when it has one.
    pub(crate) fn address_like(&self, other: Ipv4Addr) -> Option<Ipv4Addr> {
        self.like(other).given()
    }
}

impl Host {
    pub(crate) fn director(&self) -> Option<&DirectorHost> {
        match &self.kind {
            Kind::Director(director) => Some(director),
            _ => None,
        }
    }

    pub(crate) fn director_mut(&mut self) -> Option<&mut DirectorHost> {
        match &mut self.kind {
            Kind::Director(director) => Some(director),
            _ => None,
        }
    }

    /// Interface and next hop for an address; `None` without a route.
    pub(crate) fn route(&self, to: Ipv4Addr) -> Option<(u8, Ipv4Addr)> {
        let family = usize::from(is_six(to));
        let on_link = |port: &Port| {
            let own = port.own[family];
            (own.address.to_bits() ^ to.to_bits()) & own.mask == 0
        };
        match self.ports.iter().position(on_link) {
            Some(place) => Some((u8::try_from(place).ok()?, to)),
            None => self.gateways[family],
        }
    }

    pub(crate) fn port(&self, place: u8) -> Option<&Port> {
        self.ports.get(usize::from(place))
    }

    /// One of its own, fixed addresses.
    pub(crate) fn owns(&self, address: Ipv4Addr) -> bool {
        self.ports.iter().any(|port| port.like(address).address == address)
    }

    /// Whether packets for `address` are for this host.
    pub(crate) fn is_local(&self, address: Ipv4Addr, virtuals: &[Ipv4Addr]) -> bool {
        self.owns(address)
            || address.is_loopback()
            || match &self.kind {
                Kind::Director(director) => director.kernel.holds(address),
                Kind::Server(server) => server.prepared.holds(address, virtuals),
                Kind::Router | Kind::Client | Kind::Voter(_) => false,
            }
    }

    /// Whether it takes packets out of others that are wrapped so.
    pub(crate) fn unwraps(&self, tunnel: Tunnel) -> bool {
        matches!(&self.kind, Kind::Server(server) if server.prepared.unwraps(tunnel))
    }

    /// Whether it answers ARP requests and neighbour solicitations for `address` that arrive on
    /// this interface.
    ///
    /// Real servers have `arp_ignore` 1 when they are prepared as their configuration says. Over
    /// IPv6 a host answers for the addresses of the interface that was asked, whatever it is told
    /// (`ndisc_recv_ns` of `net/ipv6/ndisc.c`).
    pub(crate) fn answers_arp(&self, address: Ipv4Addr, place: u8, virtuals: &[Ipv4Addr]) -> bool {
        let six = is_six(address);
        if let Kind::Server(server) = &self.kind
            && server.answers
            && !six
            && server.prepared.holds(address, virtuals)
        {
            return true;
        }
        let own = self.port(place).is_some_and(|port| port.like(address).address == address);
        own || self.director().is_some_and(|director| {
            let kernel = &director.kernel;
            match six || kernel.ignores_arp(place) {
                true => kernel.holds_on(address, place),
                false => kernel.holds(address) || self.owns(address),
            }
        })
    }

    /// How a listener on this port answers; `None` when nothing listens.
    pub(crate) fn listens(&self, port: u16) -> Option<Behaviour> {
        let serve = self.serve.iter().find(|serve| serve.port == port)?;
        (serve.behaviour != Behaviour::Refuse).then_some(serve.behaviour)
    }
}
