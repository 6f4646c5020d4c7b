//! VRRP between directors: adverts on their segment, by multicast or to peers.

use crate::net::packet::{Frame, NodeId, Packet, Payload};
use crate::net::stack::Source;
use crate::world::World;
use director_core::Input;
use director_core::advert::{Advert, Fault};
use director_core::cluster::Arrival;
use director_core::config::VirtualMac;
use director_core::name::InterfaceName;
use director_core::wire::vrrp::HOP_LIMIT;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

impl World {
    pub(crate) fn advertise(
        &mut self,
        node: NodeId,
        interface: &InterfaceName,
        to: IpAddr,
        (advert, mac): (Arc<Advert>, Option<VirtualMac>),
    ) {
        let place = self.place_of(node, interface.as_str());
        let (Some(dst), Some(place)) = (self.stand_ins.of(to), place) else { return };
        let host = self.hosts.get(node.index());
        let Some(port) = host.and_then(|host| host.port(place)) else { return };
        let (from, Some(src)) = (port.id, port.address_like(dst)) else { return };
        let packet = Packet { src, dst, payload: Payload::Advert(advert) };
        if dst.is_multicast() {
            self.transmit_to_all(Source::of(from, mac), &Frame::Ip(packet));
        } else {
            self.send_via(node, packet, place, dst);
        }
    }

    /// A packet of VRRP's protocol, for a group or for this host.
    pub(crate) fn hear_advert(
        &mut self,
        node: NodeId,
        place: u8,
        (src, dst): (Ipv4Addr, Ipv4Addr),
        said: Result<Advert, Fault>,
    ) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        let Some(port) = host.port(place) else { return };
        let Some(own) = port.address_like(dst).filter(|_| host.director().is_some()) else {
            return;
        };
        if !dst.is_multicast() && dst != own {
            return;
        }
        let local = self.stand_ins.real(own);
        let switch = self.ports.get(port.id.index()).map(|port| usize::from(port.switch));
        let switch = switch.and_then(|switch| self.switches.get(switch));
        let Some(interface) = switch.and_then(|it| InterfaceName::new(&it.name).ok()) else {
            return;
        };
        // Nothing is forwarded to a neighbour.
        let (from, hops) = (self.stand_ins.real(src), HOP_LIMIT);
        self.tell(node, Input::Advert(Arrival { interface, from, local, hops, said }));
    }
}
