use crate::lab::{Capture, Lab, Namespace, give, in_namespace, soon, without_ipv6};
use crate::preflight::pair;
use director_core::beat::LinkId;
use director_core::config::Config;
use director_core::name::NodeName;
use director_linux::HeartbeatSockets;
use std::net::SocketAddr;

const PORT: u16 = 694;

fn node(name: &str) -> NodeName {
    NodeName::new(name).expect("a name")
}

fn refused(port: u16) -> String {
    HeartbeatSockets::open(&pair(port), &node("d1")).expect_err("a problem").to_string()
}

fn is_udp(frame: &[u8]) -> bool {
    frame[12..14] == [0x08, 0x00] && frame[23] == 17
}

/// Two namespaces with two links between them, and the addresses of `pair`.
async fn cabled() -> (Namespace, Namespace) {
    let one = Namespace::here();
    let lab = Lab::new();
    let other = Namespace::new();
    let other_lab = Lab::new();
    one.enter();
    for (number, link) in ["hb0", "hb1"].into_iter().enumerate() {
        lab.pair(link, "far").await;
        lab.up(link).await;
        lab.move_to("far", &other).await;
        give(&format!("10.{number}.0.11"), 24, link);
        other.enter();
        other_lab.rename("far", link).await;
        other_lab.up(link).await;
        other_lab.carrier(link).await;
        give(&format!("10.{number}.0.12"), 24, link);
        one.enter();
        lab.carrier(link).await;
    }
    (one, other)
}

#[test]
fn each_link_carries_its_own_packets() {
    in_namespace(|| async {
        let (one, other) = cabled().await;
        one.enter();
        let mut here = HeartbeatSockets::open(&pair(PORT), &node("d1")).expect("sockets");
        other.enter();
        let mut there = HeartbeatSockets::open(&pair(PORT), &node("d2")).expect("sockets");
        let mut buffer = [0; 2048];
        for number in [1_u8, 0, 1] {
            let link = LinkId(number);
            let peer: SocketAddr = ([10, number, 0, 12], PORT).into();
            here.send(link, peer, &[number; 300]).expect("send");
            let (over, length, from) = soon(there.receive(&mut buffer)).await.expect("a packet");
            assert_eq!((over, from), (link, ([10, number, 0, 11], PORT).into()));
            assert_eq!(buffer[..length], [number; 300]);
            there.send(link, from, b"answer").expect("send");
            let (over, length, from) = soon(here.receive(&mut buffer)).await.expect("a packet");
            assert_eq!((over, &buffer[..length], from), (link, &b"answer"[..], peer));
        }
        let nowhere = here.send(LinkId(7), ([10, 0, 0, 12], PORT).into(), b"x");
        assert_eq!(nowhere.expect_err("no such link").to_string(), "no link 7");
    });
}

/// Sends over the link to the group and back to the sender, as both directors have it.
async fn group_is_heard(config: &Config, (one, other): (&Namespace, &Namespace), group: &str) {
    other.enter();
    let mut there = HeartbeatSockets::open(config, &node("d2")).expect("sockets");
    one.enter();
    let mut here = HeartbeatSockets::open(config, &node("d1")).expect("sockets");
    let mut capture = Capture::on("hb0");
    let to = SocketAddr::new(group.parse().expect("an address"), PORT);
    let mut buffer = [0; 64];
    here.send(LinkId(0), to, b"to all").expect("send");
    let (link, length, from) = soon(there.receive(&mut buffer)).await.expect("a packet");
    assert_eq!((link, &buffer[..length]), (LinkId(0), &b"to all"[..]));
    let frame = capture.next(|frame| frame.ends_with(b"to all"));
    let (ipv4, ipv6) = (frame[22], frame[21]);
    assert_eq!(if to.is_ipv4() { ipv4 } else { ipv6 }, 1, "it crosses no router");
    let own = config.nodes[&node("d1")].addresses[&config.cluster.links[0].interface];
    assert_eq!((from.ip(), from.port()), (own, PORT), "from whom an answer goes to");
    // Straight back: had the sender heard itself, that would be what comes first.
    there.send(LinkId(0), SocketAddr::new(own, PORT), b"to one").expect("send");
    let (_, length, _) = soon(here.receive(&mut buffer)).await.expect("a packet");
    assert_eq!(&buffer[..length], b"to one");
}

#[test]
fn a_group_hears_what_is_for_all_on_its_link_alone() {
    in_namespace(|| async {
        let (one, other) = cabled().await;
        let mut config = pair(PORT);
        config.cluster.links[0].multicast = "239.255.0.94".parse().ok();
        group_is_heard(&config, (&one, &other), "239.255.0.94").await;
        // The same group on the other link is another one.
        config.cluster.links[1].multicast = "239.255.0.94".parse().ok();
        group_is_heard(&config, (&one, &other), "239.255.0.94").await;
    });
}

#[test]
fn a_group_of_ipv6_hears_too() {
    in_namespace(|| async {
        let (one, other) = cabled().await;
        let mut config = pair(PORT);
        config.cluster.links.truncate(1);
        config.cluster.links[0].multicast = "ff02::94".parse().ok();
        for (name, address, namespace) in [("d1", "fe80::11", &one), ("d2", "fe80::12", &other)] {
            namespace.enter();
            give(address, 64, "hb0");
            let node = config.nodes.get_mut(&node(name)).expect("a node");
            let interface = config.cluster.links[0].interface.clone();
            node.addresses = [(interface, address.parse().expect("an address"))].into();
        }
        group_is_heard(&config, (&one, &other), "ff02::94").await;
    });
}

/// A flood on the first link must not keep the beats of the second from being heard.
#[test]
fn links_take_turns() {
    in_namespace(|| async {
        let (one, other) = cabled().await;
        one.enter();
        let mut here = HeartbeatSockets::open(&pair(PORT), &node("d1")).expect("sockets");
        other.enter();
        let there = HeartbeatSockets::open(&pair(PORT), &node("d2")).expect("sockets");
        // Both neighbours are known and both sockets are readable before the turns begin.
        let mut buffer = [0; 64];
        for number in [0, 1] {
            here.send(LinkId(number), ([10, number, 0, 12], PORT).into(), b"first").expect("send");
            soon(there.receive(&mut buffer)).await.expect("a packet");
        }
        for _ in 0..20 {
            here.send(LinkId(0), ([10, 0, 0, 12], PORT).into(), b"flood").expect("send");
        }
        here.send(LinkId(1), ([10, 1, 0, 12], PORT).into(), b"beat").expect("send");
        for link in there.links() {
            soon(link.readable()).await.expect("readable");
        }
        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(soon(there.receive(&mut buffer)).await.expect("a packet").0);
        }
        assert!(order.contains(&LinkId(1)), "{order:?}");
    });
}

/// The core knows addresses without their interface; the socket of a link knows the interface.
#[test]
fn link_local_ipv6_addresses_can_carry_beats() {
    in_namespace(|| async {
        let (one, other) = cabled().await;
        let [address, peer] = ["fe80::11", "fe80::12"];
        let mut config = pair(PORT);
        config.cluster.links.truncate(1);
        for (name, address) in [("d1", address), ("d2", peer)] {
            let node = config.nodes.get_mut(&node(name)).expect("a node");
            let own =
                (config.cluster.links[0].interface.clone(), address.parse().expect("an address"));
            node.addresses = [own].into();
        }
        other.enter();
        give(peer, 64, "hb0");
        let there = HeartbeatSockets::open(&config, &node("d2")).expect("sockets");
        one.enter();
        give(address, 64, "hb0");
        let mut here = HeartbeatSockets::open(&config, &node("d1")).expect("sockets");
        let to = SocketAddr::new(peer.parse().expect("an address"), PORT);
        here.send(LinkId(0), to, b"beat").expect("send");
        let mut buffer = [0; 64];
        let (_, length, from) = soon(there.receive(&mut buffer)).await.expect("a packet");
        assert_eq!((&buffer[..length], from.ip().to_string().as_str()), (&b"beat"[..], address));
    });
}

/// A socket stays bound to the interface that was there when it was opened.
#[test]
fn an_interface_that_is_removed_and_made_again_carries_beats_again() {
    in_namespace(|| async {
        let (one, other) = cabled().await;
        other.enter();
        let other_lab = Lab::new();
        let mut there = HeartbeatSockets::open(&pair(PORT), &node("d2")).expect("sockets");
        one.enter();
        let lab = Lab::new();
        let mut here = HeartbeatSockets::open(&pair(PORT), &node("d1")).expect("sockets");
        let (mut buffer, to) = ([0; 64], SocketAddr::from(([10, 0, 0, 12], PORT)));
        here.send(LinkId(0), to, b"before").expect("send");
        soon(there.receive(&mut buffer)).await.expect("a packet");
        // With one end of the pair the other goes, too.
        lab.remove("hb0").await;
        here.send(LinkId(0), to, b"lost").expect_err("there is no interface");
        lab.pair("hb0", "far").await;
        lab.up("hb0").await;
        lab.move_to("far", &other).await;
        here.send(LinkId(0), to, b"lost").expect_err("it has no address");
        give("10.0.0.11", 24, "hb0");
        other.enter();
        other_lab.rename("far", "hb0").await;
        other_lab.up("hb0").await;
        other_lab.carrier("hb0").await;
        give("10.0.0.12", 24, "hb0");
        // Each side notices when it sends the next beat.
        let from = SocketAddr::from(([10, 0, 0, 11], PORT));
        there.send(LinkId(0), from, b"beat").expect("send");
        one.enter();
        lab.carrier("hb0").await;
        here.send(LinkId(0), to, b"beat").expect("send");
        let (link, length, _) = soon(there.receive(&mut buffer)).await.expect("a packet");
        assert_eq!((link, &buffer[..length]), (LinkId(0), &b"beat"[..]));
        there.send(LinkId(0), from, b"answer").expect("send");
        let (link, mut length, _) = soon(here.receive(&mut buffer)).await.expect("a packet");
        if buffer[..length] == *b"beat" {
            // It waited for ARP until this side was there again.
            (_, length, _) = soon(here.receive(&mut buffer)).await.expect("a second packet");
        }
        assert_eq!((link, &buffer[..length]), (LinkId(0), &b"answer"[..]));
    });
}

#[test]
fn packets_are_marked_as_network_control() {
    in_namespace(|| async {
        let (one, other) = cabled().await;
        other.enter();
        let mut capture = Capture::on("hb0");
        one.enter();
        let mut here = HeartbeatSockets::open(&pair(PORT), &node("d1")).expect("sockets");
        here.send(LinkId(0), ([10, 0, 0, 12], PORT).into(), b"beat").expect("send");
        let frame = capture.next(is_udp);
        assert_eq!(frame[15], 0xc0, "class selector 6");
    });
}

/// What comes to our address over another interface is not a packet of this link. (Linux answers
/// ARP for an address on any of its interfaces, so such packets do come.)
#[test]
fn a_link_takes_nothing_from_another_interface() {
    in_namespace(|| async {
        let (one, other) = cabled().await;
        one.enter();
        let here = HeartbeatSockets::open(&pair(PORT), &node("d1")).expect("sockets");
        let mut capture = Capture::on("hb1");
        other.enter();
        let mut there = HeartbeatSockets::open(&pair(PORT), &node("d2")).expect("sockets");
        let to = ([10, 0, 0, 11], PORT).into();
        there.send(LinkId(1), to, b"astray").expect("send");
        // Once captured, it is ahead of every packet that is sent after it.
        capture.next(|frame| is_udp(frame) && frame.ends_with(b"astray"));
        there.send(LinkId(0), to, b"over the link").expect("send");
        let mut buffer = [0; 64];
        let (link, length, _) = soon(here.receive(&mut buffer)).await.expect("a packet");
        assert_eq!((link, &buffer[..length]), (LinkId(0), &b"over the link"[..]));
    });
}

#[test]
fn what_stands_in_the_way_is_told_with_what_is_there_instead() {
    in_namespace(|| async {
        without_ipv6();
        let lab = Lab::new();
        lab.veth("hb0", "peer0").await;
        give("10.0.0.99", 24, "hb0");
        assert_eq!(
            refused(PORT),
            "address 10.0.0.11: it is not on interface hb0\n  help: hb0 has 10.0.0.99/24; lo has \
             none; peer0 has none; add it or correct the configuration\n\
             interface hb1: there is no such interface\n  help: this machine has hb0, lo, peer0; \
             correct the name or make it"
        );
    });
}

#[test]
fn a_port_in_use_is_told_with_its_number() {
    in_namespace(|| async {
        let (one, _other) = cabled().await;
        one.enter();
        let first = HeartbeatSockets::open(&pair(5_694), &node("d1")).expect("sockets");
        assert_eq!(first.links().len(), 2);
        let said = refused(5_694);
        let line = said.lines().next().unwrap_or_default();
        assert_eq!(line, "heartbeat on hb0, 10.0.0.11:5694: UDP port 5694 is in use");
        assert!(said.contains("is another director running?"), "{said}");
    });
}
