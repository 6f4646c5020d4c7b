//! The table as packets, changes and time make it.

use super::*;
use director_core::config::{Forward, Persistence, Scheduler, ServiceSettings, Thresholds};
use director_core::time::Instant;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;

const VIP: SocketAddrV4 = SocketAddrV4::new(std::net::Ipv4Addr::new(10, 0, 0, 100), 80);

const WHOLE: Share = Share { weight: 1, thresholds: Thresholds::NONE, forward: Forward::Direct };
const NONE: Share = Share { weight: 0, ..WHOLE };

fn client(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new([10, 0, 0, 1].into(), port)
}

fn server(last: u8) -> SocketAddr {
    ([10, 0, 0, last], 80).into()
}

fn table() -> Ipvs {
    let mut ipvs = Ipvs::default();
    assert!(ipvs.add_service(VIP, Scheduler::Rr.into()));
    ipvs.add_server(VIP, server(21), WHOLE, Instant::ZERO);
    ipvs.add_server(VIP, server(22), WHOLE, Instant::ZERO);
    ipvs
}

fn send(ipvs: &mut Ipvs, port: u16, event: Event, expire: bool, seconds: u64) -> Verdict {
    ipvs.settings.expire_nodest_conn = expire;
    let now = Instant::ZERO + Duration::from_secs(seconds);
    ipvs.incoming(client(port), VIP, event, now)
}

fn target(verdict: Verdict) -> SocketAddr {
    match verdict {
        Verdict::Forward { server, .. } => server,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_connection_stays_with_its_server_and_counts() {
    let mut ipvs = table();
    let first = target(send(&mut ipvs, 1, Event::Syn, false, 0));
    assert_ne!(target(send(&mut ipvs, 2, Event::Syn, false, 0)), first);
    assert_eq!(target(send(&mut ipvs, 1, Event::Ack, false, 0)), first);
    assert_eq!(ipvs.counts(VIP, first), (1, 0));
    assert_eq!(target(send(&mut ipvs, 1, Event::Fin, false, 0)), first);
    assert_eq!(ipvs.counts(VIP, first), (0, 1));
}

#[test]
fn a_segment_of_an_unknown_connection_is_for_the_local_stack() {
    assert_eq!(send(&mut table(), 1, Event::Ack, false, 0), Verdict::Local);
}

#[test]
fn weight_zero_keeps_connections_and_gets_no_new_ones() {
    let mut ipvs = table();
    let first = target(send(&mut ipvs, 1, Event::Syn, false, 0));
    ipvs.edit_server(VIP, first, NONE);
    assert_eq!(target(send(&mut ipvs, 1, Event::Ack, false, 0)), first);
    for port in 2..6 {
        assert_ne!(target(send(&mut ipvs, port, Event::Syn, false, 0)), first);
    }
}

#[test]
fn connections_of_a_removed_server_hang_or_end_by_the_setting() {
    for (expire, expected) in [(false, Verdict::Dropped), (true, Verdict::Local)] {
        let mut ipvs = table();
        let first = target(send(&mut ipvs, 1, Event::Syn, expire, 0));
        ipvs.remove_server(VIP, first, Instant::ZERO);
        assert_eq!(send(&mut ipvs, 1, Event::Ack, expire, 0), expected);
    }
}

#[test]
fn a_server_that_comes_back_soon_has_its_connections_again() {
    let mut ipvs = table();
    let first = target(send(&mut ipvs, 1, Event::Syn, false, 0));
    ipvs.remove_server(VIP, first, Instant::ZERO);
    ipvs.add_server(VIP, first, WHOLE, Instant::ZERO + Duration::from_secs(9));
    assert_eq!(target(send(&mut ipvs, 1, Event::Ack, false, 10)), first);
    assert_eq!(ipvs.counts(VIP, first), (1, 0));
}

#[test]
fn without_a_usable_server_the_client_is_told() {
    let mut ipvs = table();
    ipvs.edit_server(VIP, server(21), NONE);
    ipvs.edit_server(VIP, server(22), NONE);
    assert_eq!(send(&mut ipvs, 1, Event::Syn, false, 0), Verdict::Nobody);
}

#[test]
fn a_connection_ends_when_its_time_is_up() {
    let mut ipvs = table();
    let Verdict::Forward { server: first, timer: Some(timer), .. } =
        send(&mut ipvs, 1, Event::Syn, false, 0)
    else {
        panic!("new");
    };
    send(&mut ipvs, 1, Event::Fin, false, 50);
    let Some(again) = ipvs.expired(timer) else {
        panic!("used since");
    };
    assert_eq!(again.at, Instant::ZERO + Duration::from_secs(170));
    assert_eq!(ipvs.expired(again), None);
    assert_eq!(ipvs.counts(VIP, first), (0, 0));
}

#[test]
fn a_port_that_is_used_again_after_the_end_is_scheduled_anew() {
    let mut ipvs = table();
    let first = target(send(&mut ipvs, 1, Event::Syn, false, 0));
    send(&mut ipvs, 1, Event::Fin, false, 0);
    assert_ne!(target(send(&mut ipvs, 1, Event::Syn, false, 1)), first);
}

#[test]
fn a_reset_ends_a_connection_ten_seconds_later_whatever_its_first_timer_says() {
    let mut ipvs = table();
    let Verdict::Forward { server, timer: Some(first), .. } =
        send(&mut ipvs, 1, Event::Syn, false, 0)
    else {
        panic!("new");
    };
    send(&mut ipvs, 1, Event::Ack, false, 1);
    let Verdict::Forward { timer: Some(second), .. } = send(&mut ipvs, 1, Event::Rst, false, 2)
    else {
        panic!("its end has come nearer");
    };
    assert_eq!(second.at, Instant::ZERO + Duration::from_secs(12));
    assert_eq!(ipvs.expired(second), None);
    assert_eq!(ipvs.counts(VIP, server), (0, 0));
    assert_eq!(ipvs.expired(first), None);
}

/// `__ip_vs_get_out_rt` in `ip_vs_xmit.c`: the route that a destination keeps is used by whoever
/// comes, and one that NAT or a tunnel has looked up leads nowhere what is for another address.
#[test]
fn after_a_change_to_direct_routing_an_old_connections_route_leads_new_ones_astray() {
    let astray = |verdict| match verdict {
        Verdict::Forward { astray, .. } => astray,
        other => panic!("{other:?}"),
    };
    let mut ipvs = Ipvs::default();
    assert!(ipvs.add_service(VIP, Scheduler::Rr.into()));
    let nat = Share { forward: Forward::Nat, ..WHOLE };
    ipvs.add_server(VIP, server(21), nat, Instant::ZERO);
    assert!(!astray(send(&mut ipvs, 1, Event::Syn, false, 0)));
    ipvs.edit_server(VIP, server(21), WHOLE);
    // The old connection goes on by NAT, and looks the route up first.
    assert!(!astray(send(&mut ipvs, 1, Event::Ack, false, 1)));
    assert!(astray(send(&mut ipvs, 2, Event::Syn, false, 2)));
    ipvs.forget_routes();
    assert!(!astray(send(&mut ipvs, 3, Event::Syn, false, 3)));
    assert!(!astray(send(&mut ipvs, 1, Event::Ack, false, 4)));
}

/// What another director tells of a connection of that client's port to a server.
fn told(port: u16, last: u8, forward: Forward) -> Told {
    let server = SocketAddrV4::new([10, 0, 0, last].into(), 80);
    let lives = Duration::from_secs(900);
    Told::connection((client(port), VIP, server), 1, forward, lives).expect("established")
}

#[test]
fn a_connection_to_a_server_that_is_not_in_the_table_goes_on_unless_it_is_tunnelled() {
    let tunnel = Forward::Tunnel(director_core::config::Tunnel::Ipip);
    for (forward, lost) in [(Forward::Direct, false), (Forward::Nat, false), (tunnel, true)] {
        let mut ipvs = table();
        ipvs.hear(&told(1, 29, forward), Instant::ZERO);
        // It has no destination whose weight could be 0.
        for event in [Event::Ack, Event::Syn] {
            match send(&mut ipvs, 1, event, true, 1) {
                Verdict::Forward { server: to, astray, .. } => {
                    assert_eq!((to, astray), (server(29), lost));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_connection_without_a_destination_gets_it_when_it_is_told_of_again() {
    let mut ipvs = table();
    ipvs.hear(&told(1, 29, Forward::Direct), Instant::ZERO);
    ipvs.add_server(VIP, server(29), WHOLE, Instant::ZERO);
    assert_eq!(ipvs.counts(VIP, server(29)), (0, 0));
    ipvs.hear(&told(1, 29, Forward::Direct), Instant::ZERO);
    assert_eq!(ipvs.counts(VIP, server(29)), (1, 0));
    send(&mut ipvs, 1, Event::Fin, false, 1);
    assert_eq!(ipvs.counts(VIP, server(29)), (0, 1));
}

#[test]
fn the_last_word_is_of_what_is_half_closed_too() {
    let mut ipvs = table();
    for (port, event) in [(1, Event::Ack), (2, Event::Fin), (3, Event::Rst)] {
        send(&mut ipvs, port, Event::Syn, false, 0);
        send(&mut ipvs, port, Event::Ack, false, 0);
        send(&mut ipvs, port, event, false, 0);
    }
    assert_eq!(ipvs.last_word(10).concat().len(), 2, "and not of what was reset");
}

/// The flags, state and ports of an entry that is told (`struct ip_vs_sync_v4`).
fn head(told: &Told) -> [u8; 12] {
    told.bytes()[4..16].try_into().expect("twelve bytes")
}

#[test]
fn a_template_that_outlives_its_time_is_told_of_and_one_that_nobody_finds_has_no_ports() {
    let mut ipvs = table();
    let persistence = Persistence { timeout: Duration::from_secs(20), prefix: 32, engine: None };
    let settings = ServiceSettings { persistence: Some(persistence), ..Scheduler::Rr.into() };
    ipvs.edit_service(VIP, settings);
    ipvs.be_master(true);
    let first = target(send(&mut ipvs, 1, Event::Syn, false, 0));
    send(&mut ipvs, 1, Event::Ack, false, 0);
    ipvs.take_told();
    let at = |seconds| Instant::ZERO + Duration::from_secs(seconds);
    ipvs.settle(at(21));
    let said = ipvs.take_told();
    assert_eq!(said.len(), 1);
    // A template by direct routing, assured, from any port.
    assert_eq!(head(&said[0]), [0, 0, 0x11, 0x83, 0, 1, 0, 0, 0, 80, 0, 80]);
    assert_eq!(said[0].bytes()[20..24], 60_u32.to_be_bytes());
    ipvs.remove_server(VIP, first, at(22));
    send(&mut ipvs, 2, Event::Syn, false, 23);
    ipvs.take_told();
    ipvs.settle(at(82));
    let said = ipvs.take_told();
    let ports: Vec<[u8; 12]> = said.iter().map(head).collect();
    assert!(ports.contains(&[0, 0, 0x11, 0x83, 0, 1, 0, 0, 255, 255, 255, 255]), "{ports:x?}");
}

#[test]
fn a_template_keeps_its_server_and_lives_as_long_as_is_told() {
    let mut ipvs = table();
    let bound = |last: u8, lives| {
        let server = SocketAddrV4::new([10, 0, 0, last].into(), 80);
        let whom = ([10, 0, 0, 1].into(), 32, false);
        Told::template(whom, VIP, server, Forward::Direct, Duration::from_secs(lives))
    };
    let persistence = Persistence { timeout: Duration::from_secs(20), prefix: 32, engine: None };
    let settings = ServiceSettings { persistence: Some(persistence), ..Scheduler::Rr.into() };
    ipvs.edit_service(VIP, settings);
    ipvs.hear(&bound(21, 5), Instant::ZERO);
    ipvs.hear(&bound(22, 900), Instant::ZERO);
    assert_eq!(target(send(&mut ipvs, 1, Event::Syn, false, 800)), server(21));
}

#[test]
fn a_connection_without_a_destination_is_told_of_as_active_as_it_was_heard_of() {
    // Half closed by the client: as seen by NAT (`IP_VS_TCP_S_CLOSE_WAIT`), and where the server of
    // the table is reached directly (`IP_VS_TCP_S_FIN_WAIT`).
    for (last, inactive, state) in [(29, false, 7), (21, true, 4)] {
        let mut ipvs = table();
        ipvs.hear(&told(1, last, Forward::Nat), Instant::ZERO);
        ipvs.be_master(true);
        send(&mut ipvs, 1, Event::Fin, false, 1);
        let said = ipvs.take_told();
        assert_eq!(said.len(), 1);
        let head = head(&said[0]);
        assert_eq!((head[2] & 1 == 1, head[4..6].to_vec()), (inactive, vec![0, state]));
    }
}
