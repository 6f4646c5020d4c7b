//! `director-sim explain`: what led to what, and the frames.

#![allow(clippy::unwrap_used, reason = "a test that cannot read what it made has failed")]

mod common;

use common::{CONFIG, Case, NODES, words};
use director_core::name::ClusterName;
use director_core::wire::heartbeat::{Key, open};
use director_sim::explain::{Excerpt, Explained, explain};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use scenario::Scenario;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn scenario() -> Arc<Scenario> {
    Case { timeline: &["10s power-off d1"], ..Case::default() }.scenario()
}

fn excerpt() -> Excerpt {
    Excerpt { from: Duration::ZERO, until: Duration::MAX, nodes: Vec::new(), all: false }
}

fn told(excerpt: &Excerpt) -> Explained {
    explain(&scenario(), 1, excerpt).unwrap()
}

#[test]
fn a_takeover_is_told_from_its_cause_to_its_end() {
    let from = Duration::from_millis(9_900);
    let text = told(&Excerpt { from, ..excerpt() }).text;
    let story = [
        "▶ power-off d1",
        "timer: a peer is late",
        "→ peer d1 is suspect",
        "→ asks d1 over hb",
        "→ peer d1 is dead",
        "→ asks the kernel for pass",
        "kernel: now holds 10.0.0.100",
        "taking to active",
        "→ announces 10.0.0.100/24 on lan",
        "ARP: sends 10.0.0.100 to d2",
        "all served again",
    ];
    let mut rest = &*text;
    for part in story {
        let at = rest.find(part).unwrap_or_else(|| panic!("no `{part}` in\n{rest}"));
        rest = &rest[at..];
    }
    assert!(!text.contains("heartbeat is due") && !text.contains("  0.0"), "{text}");
}

#[test]
fn an_excerpt_has_the_nodes_and_the_time_that_it_names() {
    let nodes = vec!["gw".to_owned()];
    let text = told(&Excerpt { nodes, ..excerpt() }).text;
    let header = text.lines().nth(3).unwrap();
    assert!(header.contains("gw") && !header.contains("d2"), "{header}");
    let until = Duration::from_secs(9);
    assert!(!told(&Excerpt { until, ..excerpt() }).text.contains("power-off"));
    let all = told(&Excerpt { all: true, until: Duration::from_secs(1), ..excerpt() }).text;
    assert!(all.contains("timer: a heartbeat is due"), "{all}");
    assert!(all.contains("of d2 over hb: web standby"), "{all}");
    let unknown = Excerpt { nodes: vec!["d9".to_owned()], ..excerpt() };
    let wrong = explain(&scenario(), 1, &unknown).unwrap_err();
    assert!(wrong.0.contains("no node d9: the scenario has"), "{wrong}");
}

/// Blocks of the file as (kind, body).
fn blocks(file: &[u8]) -> Vec<(u32, &[u8])> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut at, mut found) = (0, Vec::new());
    while at < file.len() {
        let length = usize::try_from(number(at + 4)).unwrap();
        assert!(length.is_multiple_of(4) && number(at + length - 4) == number(at + 4));
        found.push((number(at), &file[at + 8..at + length - 4]));
        at += length;
    }
    found
}

/// What a frame of IPv6 is, its sums checked.
fn six(packet: &SlicedPacket<'_>) -> Option<&'static str> {
    let Some(NetSlice::Ipv6(ip)) = &packet.net else { return None };
    let header = ip.header().to_header();
    Some(match packet.transport.as_ref()? {
        TransportSlice::Udp(udp) => {
            let sum = udp.to_header().calc_checksum_ipv6(&header, udp.payload()).unwrap();
            assert_eq!(sum, udp.checksum());
            "heartbeat"
        }
        TransportSlice::Tcp(tcp) => {
            let sum = tcp.to_header().calc_checksum_ipv6(&header, tcp.payload()).unwrap();
            assert_eq!(sum, tcp.checksum());
            "tcp"
        }
        TransportSlice::Icmpv6(icmp) => {
            assert!(icmp.is_checksum_valid(header.source, header.destination));
            match icmp.type_u8() {
                135 => "solicitation",
                136 if header.destination[0] == 0xff => "announcement",
                136 => "advertisement",
                128 | 129 => "echo",
                other => panic!("{other}"),
            }
        }
        other => panic!("{other:?}"),
    })
}

#[test]
fn over_ipv6_everything_that_is_seen_has_the_addresses_themselves() {
    let six = |text: &str| {
        let text = text.replace("10.0.0.100:", "[2001:db8::100]:").replace("/24", "/64");
        text.replace("10.0.0.", "2001:db8::").replace("10.1.0.", "fd00:1::")
    };
    let cluster = "[cluster]\nwitnesses = [\"2001:db8::1\"]";
    let config = six(&CONFIG.replace("[cluster]", cluster));
    let other = config.clone();
    let timeline = &["10s power-off d1", "15s cut lan gw<->d2", "20s heal all"];
    let address = "2001:db8::100";
    let case = Case { timeline, config, other, nodes: six(NODES), length: 25, address };
    let told = explain(&case.scenario(), 1, &Excerpt { all: true, ..excerpt() }).unwrap();
    for part in ["kernel: now holds 2001:db8::100", "ND: sends 2001:db8::100 to d2"] {
        assert!(told.text.contains(part), "{part}");
    }
    let history = words(&case.history(1));
    let all = told.text + &history + &told.records.values().cloned().collect::<String>();
    let numbers = ["240.0.0.", "240.1.0.", "240.255.0.", "ARP"];
    let shown = numbers.iter().find(|number| all.contains(**number));
    assert_eq!(shown, None, "a number stands for an address");
    let mut kinds = BTreeMap::<&str, usize>::new();
    for (_, body) in blocks(&told.capture).iter().filter(|(kind, _)| *kind == 6) {
        let length = u32::from_le_bytes(body[12..16].try_into().unwrap());
        let frame = &body[20..20 + usize::try_from(length).unwrap()];
        let packet = SlicedPacket::from_ethernet(frame).unwrap();
        let kind = self::six(&packet).unwrap_or_else(|| panic!("{packet:?}"));
        *kinds.entry(kind).or_default() += 1;
    }
    let least = [
        ("announcement", 10),
        ("advertisement", 10),
        ("echo", 10),
        ("heartbeat", 400),
        ("solicitation", 10),
        ("tcp", 1_000),
    ];
    assert_eq!(kinds.len(), least.len(), "{kinds:?}");
    assert!(least.iter().all(|(kind, least)| kinds[kind] >= *least), "{kinds:?}");
}

#[test]
fn the_capture_has_whole_frames_with_right_sums_and_heartbeats_that_open() {
    let capture = told(&excerpt()).capture;
    assert_eq!(capture, told(&excerpt()).capture);
    let blocks = blocks(&capture);
    let count = |kind: u32| blocks.iter().filter(|(found, _)| *found == kind).count();
    // Router, two directors with two interfaces each, two servers.
    assert_eq!((count(0x0a0d_0d0a), count(1)), (1, 7));
    let (mut last, mut kinds) = (0, BTreeMap::<&str, usize>::new());
    let (cluster, key) =
        (ClusterName::new("pair").unwrap(), Key::new(b"/etc/director/cluster.key"));
    for (_, body) in blocks.iter().filter(|(kind, _)| *kind == 6) {
        let word = |at: usize| u64::from(u32::from_le_bytes(body[at..at + 4].try_into().unwrap()));
        let (at, length) = (word(4) << 32 | word(8), usize::try_from(word(12)).unwrap());
        assert!(at >= last && length >= 60);
        last = at;
        let frame = &body[20..20 + length];
        let packet = SlicedPacket::from_ethernet(frame).unwrap();
        let kind = match (&packet.net, &packet.transport) {
            (Some(NetSlice::Arp(_)), _) => "arp",
            (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Udp(udp))) => {
                let header = ip.header().to_header();
                assert_eq!(header.calc_header_checksum(), header.header_checksum);
                let sum = udp.to_header().calc_checksum_ipv4(&header, udp.payload()).unwrap();
                assert_eq!(sum, udp.checksum());
                assert!(open(udp.payload(), &cluster, &key).is_ok());
                "heartbeat"
            }
            (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) => {
                let header = ip.header().to_header();
                let sum = tcp.to_header().calc_checksum_ipv4(&header, tcp.payload()).unwrap();
                assert_eq!(sum, tcp.checksum());
                "tcp"
            }
            other => panic!("{other:?}"),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    assert!(last > 10_000_000_000, "{last}");
    assert!(kinds["arp"] > 20 && kinds["heartbeat"] > 400 && kinds["tcp"] > 1_000, "{kinds:?}");
}
