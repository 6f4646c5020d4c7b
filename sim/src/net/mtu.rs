//! Packets that are longer than the next link carries.
//!
//! TCP forbids everybody to take its packets apart (`ip_queue_xmit` in `net/ipv4/ip_output.c` sets
//! DF), so the one at whom such a packet ends says how long it may be, and its sender cuts what it
//! has to say anew. All interfaces on a segment carry the same: none hears what is too long for it.

use crate::host::Host;
use crate::net::packet::{NodeId, Packet, Payload, Tcp, TooBig};
use crate::net::stand_in::is_six;
use crate::world::World;
use director_core::config::{Forward, Tunnel};
use director_core::time::Instant;
use std::net::Ipv4Addr;
use std::time::Duration;

/// How long a host believes that a path carries less (`ip_rt_mtu_expires` in `net/ipv4/route.c`).
const BELIEVED: Duration = Duration::from_secs(600);
/// The headers of IPv4 (RFC 791 §3.1) and IPv6 (RFC 8200 §3).
const IPV4: u16 = 20;
const IPV6: u16 = 40;
/// The header of TCP with the timestamps that Linux puts into every segment
/// (`TCPOLEN_TSTAMP_ALIGNED`).
const TCP: u16 = 20 + 12;

/// What a path was said to carry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Narrow {
    mtu: u16,
    until: Instant,
}

/// What a tunnelled packet is longer by; the world has tunnels over IPv4 alone.
fn around(tunnel: Tunnel) -> u16 {
    IPV4 + tunnel.headers()
}

/// Into how many segments so many bytes are cut when a packet may be so long, and the longest of
/// the packets (`tcp_mtu_to_mss` in `net/ipv4/tcp_output.c`).
fn cut(bytes: u16, mtu: u16, six: bool) -> (u8, u16) {
    let headers = TCP + if six { IPV6 } else { IPV4 };
    let most = mtu.saturating_sub(headers).max(1);
    (u8::try_from(bytes.div_ceil(most)).unwrap_or(u8::MAX), headers + bytes.min(most))
}

impl Packet {
    /// Its length in bytes, if that may be more than a link carries.
    fn length(&self) -> Option<u16> {
        match &self.payload {
            Payload::Tcp(tcp) => Some(tcp.long).filter(|long| *long > 0),
            Payload::Wrapped(tunnel, inner) => Some(inner.length()? + around(*tunnel)),
            _ => None,
        }
    }
}

impl Host {
    /// The longest packet that the way to an address carries, as far as the host knows; `None`
    /// without a route.
    fn carries(&self, to: Ipv4Addr, now: Instant) -> Option<u16> {
        let (place, _) = self.route(to)?;
        let mtu = self.port(place)?.mtu;
        let narrow = self.narrow.get(&to).filter(|narrow| now < narrow.until);
        Some(narrow.map_or(mtu, |narrow| mtu.min(narrow.mtu)))
    }
}

impl World {
    /// Cuts what a client asks of a server into segments: neither end sends more than its own
    /// interface carries, nor more than the other's, which the handshake has told (RFC 9293
    /// §3.7.1).
    pub(crate) fn cut_for(&self, tcp: Tcp, bytes: u16, ends: [(NodeId, Ipv4Addr); 2]) -> Tcp {
        let [(client, from), (server, to)] = ends;
        let carries = |node: NodeId, to| self.hosts.get(node.index())?.carries(to, self.now);
        let both = [carries(client, to), carries(server, from)];
        let Some(mtu) = both.into_iter().flatten().min() else { return tcp };
        let (count, long) = cut(bytes, mtu, is_six(to));
        Tcp { count, long, ..tcp }
    }

    /// A router passes a packet on, if it is not longer than the next link carries (`ip_forward`
    /// in `net/ipv4/ip_forward.c`), and not what the router holds back.
    pub(crate) fn route_on(&mut self, node: NodeId, packet: Packet) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        if host.drops_icmp && packet.payload.is_icmp() {
            return;
        }
        if let Some(long) = packet.length()
            && let Some(mtu) = host.carries(packet.dst, self.now).filter(|mtu| long > *mtu)
        {
            self.refuse_long(node, packet, mtu);
            return;
        }
        self.send(node, packet);
    }

    /// What a director's IPVS says a packet for a server may be long, if this one is longer
    /// (`__ip_vs_get_out_rt` and `ensure_mtu_is_adequate` in `ip_vs_xmit.c`, with `pmtu_disc` as
    /// it is by default).
    pub(crate) fn too_long(
        &self,
        node: NodeId,
        tcp: Tcp,
        (server, forward): (Ipv4Addr, Forward),
    ) -> Option<u16> {
        if tcp.long == 0 {
            return None;
        }
        let carries = self.hosts.get(node.index())?.carries(server, self.now)?;
        let mtu = match forward {
            Forward::Tunnel(tunnel) => carries.saturating_sub(around(tunnel)),
            Forward::Direct | Forward::Nat => carries,
        };
        (tcp.long > mtu).then_some(mtu)
    }

    /// Tells the sender of a packet how long it may be.
    pub(crate) fn refuse_long(&mut self, node: NodeId, about: Packet, mtu: u16) {
        let (src, dst) = (about.dst, about.src);
        let payload = Payload::TooBig(Box::new(TooBig { mtu, about }));
        self.send(node, Packet { src, dst, payload });
    }

    /// A host hears that a packet of its own was too long.
    pub(crate) fn hear_too_big(&mut self, node: NodeId, TooBig { mtu, about }: TooBig) {
        match about.payload {
            Payload::Tcp(tcp) => self.flow_too_long(node, (about.dst, tcp), mtu),
            // A director learns it for its tunnel, and tells the client about the client's own
            // packet (`ip_vs_in_icmp` in `ip_vs_core.c`).
            Payload::Wrapped(tunnel, inner) => {
                self.learn_path(node, about.dst, mtu);
                if self.hosts.get(node.index()).is_some_and(|host| host.director().is_some()) {
                    self.refuse_long(node, *inner, mtu.saturating_sub(around(tunnel)));
                }
            }
            _ => {}
        }
    }

    /// A host takes note of what a path carries (`__ip_rt_update_pmtu` in `net/ipv4/route.c`):
    /// only ever less.
    pub(crate) fn learn_path(&mut self, node: NodeId, to: Ipv4Addr, mtu: u16) {
        let now = self.now;
        let Some(host) = self.host(node) else { return };
        if host.carries(to, now).is_some_and(|carries| mtu < carries) {
            host.narrow.insert(to, Narrow { mtu, until: now + BELIEVED });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::packet::Segment;
    use director_core::config::Checksum;
    use scenario::Scenario;
    use std::path::Path;
    use std::sync::Arc;

    #[test]
    fn a_request_is_cut_into_as_many_segments_as_it_needs() {
        for (bytes, mtu, six, expected) in [
            (256, 1500, false, (1, 308)),
            (1448, 1500, false, (1, 1500)),
            (1449, 1500, false, (2, 1500)),
            (4000, 1500, false, (3, 1500)),
            (4000, 1480, false, (3, 1480)),
            (4000, 1400, false, (3, 1400)),
            (4100, 1400, false, (4, 1400)),
            (1428, 1500, true, (1, 1500)),
            (1429, 1500, true, (2, 1500)),
        ] {
            assert_eq!(cut(bytes, mtu, six), expected, "{bytes} bytes over {mtu}");
        }
    }

    /// A scenario of tunnels, so many seconds old.
    fn world(name: &str, age: u64) -> World {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/network");
        let scenario = Scenario::load(&folder.join(name)).unwrap();
        let mut world = World::new(Arc::new(scenario), 7).unwrap();
        world.run_until(Duration::from_secs(age));
        world
    }

    const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);
    const NORTH: Ipv4Addr = Ipv4Addr::new(10, 2, 0, 21);
    const SOUTH: Ipv4Addr = Ipv4Addr::new(10, 3, 0, 22);

    fn learnt(world: &World, node: &str) -> Vec<(Ipv4Addr, u16)> {
        let host = &world.hosts[world.find(node).unwrap().index()];
        host.narrow.iter().map(|(to, narrow)| (*to, narrow.mtu)).collect()
    }

    fn segment(long: u16) -> Tcp {
        Tcp { long, ..Tcp::new(40_000, 80, Segment::Fin) }
    }

    /// `ip_forward.c` line 135 refuses the wrapped packet; `ip_vs_core.c` line 1760
    /// (`ipv4_update_pmtu`) has the director learn it, and lines 1773 and 1795 tell the client,
    /// less the headers.
    #[test]
    fn a_director_learns_of_a_narrow_link_behind_a_router_and_tells_the_client() {
        let world = world("tunnel-learns-its-path.toml", 6);
        assert_eq!(learnt(&world, "d1"), [(NORTH, 1400)]);
        assert_eq!(learnt(&world, "far"), [(SERVICE, 1400 - 20)]);
        assert_eq!(learnt(&world, "d2"), []);
    }

    #[test]
    fn who_hears_no_icmp_learns_nothing_and_with_room_there_is_nothing_to_learn() {
        for name in ["tunnel-black-hole.toml", "tunnel-with-room.toml"] {
            assert_eq!(learnt(&world(name, 6), "far"), [], "{name}");
        }
    }

    /// `ip_vs_xmit.c` line 246 (`ensure_mtu_is_adequate`), with the limits of lines 397 to 417.
    #[test]
    fn ipvs_refuses_what_is_longer_than_the_route_less_the_tunnels_headers() {
        let world = world("tunnel-with-room.toml", 1);
        let director = world.find("d1").unwrap();
        let gue = Tunnel::Gue { port: 6080.try_into().unwrap(), checksum: Checksum::Off };
        for (forward, most) in [
            (Forward::Direct, 1540),
            (Forward::Nat, 1540),
            (Forward::Tunnel(Tunnel::Ipip), 1520),
            (Forward::Tunnel(gue), 1508),
        ] {
            let verdict = |long| world.too_long(director, segment(long), (SOUTH, forward));
            assert_eq!((verdict(0), verdict(most), verdict(most + 1)), (None, None, Some(most)));
        }
    }

    /// `route.c` line 1056 (`__ip_rt_update_pmtu`: `old_mtu < mtu`) and line 112
    /// (`DEFAULT_MTU_EXPIRES`).
    #[test]
    fn a_path_is_believed_to_be_narrow_for_ten_minutes() {
        let mut world = world("tunnel-with-room.toml", 1);
        let far = world.find("far").unwrap();
        let carries = |world: &World| world.hosts[far.index()].carries(SERVICE, world.now);
        for (told, believed) in [(1500, 1500), (1400, 1400), (1450, 1400), (1300, 1300)] {
            world.learn_path(far, SERVICE, told);
            assert_eq!(carries(&world), Some(believed));
        }
        world.now = world.now + BELIEVED;
        assert_eq!(carries(&world), Some(1500));
    }

    /// `tcp_ipv4.c` line 508, `tcp_v4_err`: no socket, no effect (`ICMP_MIB_INERRORS`).
    #[test]
    fn what_no_connection_has_sent_teaches_nothing() {
        let mut world = world("tunnel-with-room.toml", 1);
        let far = world.find("far").unwrap();
        let payload = Payload::Tcp(segment(1500));
        let about = Packet { src: Ipv4Addr::new(192, 0, 2, 7), dst: SERVICE, payload };
        world.hear_too_big(far, TooBig { mtu: 1300, about });
        assert_eq!(learnt(&world, "far"), []);
    }

    /// `ip_vs_xmit.c`, `__ip_vs_get_out_rt`: `sizeof(struct iphdr)`; and `sizeof(struct udphdr)`,
    /// `sizeof(struct guehdr)`, `GUE_PLEN_REMCSUM`, `GUE_LEN_PRIV`; and `gre_calc_hlen`.
    #[test]
    fn a_tunnel_takes_its_headers_of_what_the_link_carries() {
        let gue = |checksum| Tunnel::Gue { port: 6080.try_into().unwrap(), checksum };
        assert_eq!(around(Tunnel::Ipip), 20);
        assert_eq!(around(gue(Checksum::Off)), 32);
        assert_eq!(around(gue(Checksum::Remote)), 40);
        assert_eq!(around(Tunnel::Gre { checksum: false }), 24);
        assert_eq!(around(Tunnel::Gre { checksum: true }), 28);
    }
}
