use super::*;
use crate::net::packet::{Payload, Segment, Tcp};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const US: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

fn packet() -> Packet {
    let tcp = Tcp::new(1, 2, Segment::Syn);
    Packet { src: US, dst: ADDRESS, payload: Payload::Tcp(tcp) }
}

fn at(millis: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(millis)
}

fn learn(
    table: &mut Neighbours,
    kind: ArpKind,
    target: Ipv4Addr,
    mac: u16,
    now: Instant,
) -> Learnt {
    let mut stream = Stream::named(1, "test");
    let arp = Arp { kind, sender: ADDRESS, target };
    let concerns = if target == US { Concerns::Us } else { Concerns::Others };
    table.learn(arp, PortId(mac), 0, concerns, now, &mut stream)
}

fn known() -> Neighbours {
    let mut table = Neighbours::default();
    assert!(matches!(table.resolve(ADDRESS, 0, packet(), at(0)), Resolved::Waits(Some(_))));
    assert_eq!(learn(&mut table, ArpKind::Reply, US, 5, at(1)).released.len(), 1);
    table
}

#[test]
fn packets_wait_for_the_answer() {
    assert_eq!(known().owner(ADDRESS), Some(PortId(5)));
}

#[test]
fn nobody_answers_and_the_packets_are_unreachable_after_three_seconds() {
    let mut table = Neighbours::default();
    let Resolved::Waits(Some(mut timer)) = table.resolve(ADDRESS, 0, packet(), at(0)) else {
        panic!("asks");
    };
    for second in 1..3 {
        match table.expired(timer.slot, timer.generation, at(second * 1_000)) {
            Expired::Ask { of: None, timer: next, .. } => timer = next,
            other => panic!("{other:?}"),
        }
    }
    match table.expired(timer.slot, timer.generation, at(3_000)) {
        Expired::Failed { waiting, .. } => assert_eq!(waiting.len(), 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_gratuitous_request_changes_an_entry_and_makes_none() {
    let mut table = Neighbours::default();
    learn(&mut table, ArpKind::Request, ADDRESS, 6, at(0));
    assert_eq!(table.owner(ADDRESS), None);
    let mut table = known();
    assert!(learn(&mut table, ArpKind::Request, ADDRESS, 6, at(2)).changed);
    assert_eq!(table.owner(ADDRESS), Some(PortId(6)));
}

#[test]
fn a_late_answer_of_another_does_not_displace_a_fresh_one() {
    let mut table = known();
    learn(&mut table, ArpKind::Reply, US, 6, at(2));
    assert_eq!(table.owner(ADDRESS), Some(PortId(5)));
    learn(&mut table, ArpKind::Reply, US, 6, at(1_500));
    assert_eq!(table.owner(ADDRESS), Some(PortId(6)));
}

const SIX: Ipv4Addr = Ipv4Addr::new(240, 0, 0, 9);
const OUR_SIX: Ipv4Addr = Ipv4Addr::new(240, 0, 0, 1);

/// A table that knows an IPv6 neighbour, and what it makes of a message.
fn discovers(table: &mut Neighbours, kind: ArpKind, target: Ipv4Addr, mac: u16) -> Learnt {
    let mut stream = Stream::named(1, "test");
    let arp = Arp { kind, sender: SIX, target };
    let concerns = if target == OUR_SIX { Concerns::Us } else { Concerns::Others };
    table.learn(arp, PortId(mac), 0, concerns, at(2), &mut stream)
}

fn known_six() -> Neighbours {
    let mut table = Neighbours::default();
    assert!(matches!(table.resolve(SIX, 0, packet(), at(0)), Resolved::Waits(Some(_))));
    assert_eq!(discovers(&mut table, ArpKind::Reply, OUR_SIX, 5).released.len(), 1);
    table
}

#[test]
fn over_ipv6_an_answer_overrides_at_once_and_a_confirmation_never() {
    let mut table = known_six();
    assert!(discovers(&mut table, ArpKind::Reply, OUR_SIX, 6).changed);
    assert_eq!(table.owner(SIX), Some(PortId(6)));
    assert!(!discovers(&mut table, ArpKind::Confirmation, OUR_SIX, 7).changed);
    assert_eq!(table.owner(SIX), Some(PortId(6)));
    let mut table = Neighbours::default();
    assert!(!discovers(&mut table, ArpKind::Confirmation, OUR_SIX, 5).changed);
    assert_eq!(table.owner(SIX), None);
}

#[test]
fn over_ipv6_who_is_not_asked_learns_from_announcements_alone() {
    let mut table = known_six();
    let other = Ipv4Addr::new(240, 0, 0, 2);
    assert!(!discovers(&mut table, ArpKind::Request, other, 6).changed);
    assert_eq!(table.owner(SIX), Some(PortId(5)));
    assert!(discovers(&mut table, ArpKind::Request, SIX, 6).changed);
    assert_eq!(table.owner(SIX), Some(PortId(6)));
    // Who asks us is known from then on.
    let mut table = Neighbours::default();
    assert!(!discovers(&mut table, ArpKind::Request, SIX, 6).changed);
    assert!(discovers(&mut table, ArpKind::Request, OUR_SIX, 6).changed);
}

/// Its entry has failed: nobody has answered three questions.
fn failed(address: Ipv4Addr) -> Neighbours {
    let mut table = Neighbours::default();
    let Resolved::Waits(Some(mut timer)) = table.resolve(address, 0, packet(), at(0)) else {
        panic!("asks");
    };
    for second in 1..=3 {
        let moment = at(second * 1_000);
        if let Expired::Ask { timer: next, .. } =
            table.expired(timer.slot, timer.generation, moment)
        {
            timer = next;
        }
    }
    table
}

#[test]
fn over_ipv6_an_announcement_does_not_wake_an_entry_that_has_failed() {
    let mut table = failed(SIX);
    assert!(!discovers(&mut table, ArpKind::Request, SIX, 6).changed);
    let mut table = failed(ADDRESS);
    assert!(learn(&mut table, ArpKind::Request, ADDRESS, 6, at(4_000)).changed);
    // One that is asked for takes it, and what waits goes there.
    let mut table = Neighbours::default();
    assert!(matches!(table.resolve(SIX, 0, packet(), at(0)), Resolved::Waits(Some(_))));
    assert_eq!(discovers(&mut table, ArpKind::Request, SIX, 6).released.len(), 1);
}

#[test]
fn a_stale_entry_is_used_and_then_asked_directly_unless_traffic_confirms_it() {
    for confirmed in [true, false] {
        let mut table = known();
        let Resolved::Send(_, PortId(5), Some(timer)) =
            table.resolve(ADDRESS, 0, packet(), at(60_000))
        else {
            panic!("used");
        };
        if confirmed {
            table.confirm(ADDRESS, at(61_000));
        }
        match table.expired(timer.slot, timer.generation, at(65_000)) {
            Expired::Nothing => assert!(confirmed),
            Expired::Ask { of, .. } => assert!(!confirmed && of == Some(PortId(5))),
            Expired::Failed { .. } => panic!("too early"),
        }
    }
}

/// The first timer of a table that uses a stale entry at this moment.
fn used(table: &mut Neighbours, now: Instant) -> Timer {
    match table.resolve(ADDRESS, 0, packet(), now) {
        Resolved::Send(_, _, Some(timer)) => timer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_forgotten_is_not_announced_to_but_asks() {
    // `neigh_flush_dev`: there is no entry any more that could be changed.
    let mut table = known();
    table.forget(0);
    assert!(!learn(&mut table, ArpKind::Request, ADDRESS, 6, at(2)).changed);
    assert!(matches!(table.resolve(ADDRESS, 0, packet(), at(3)), Resolved::Waits(Some(_))));
    let mut table = known();
    table.forget(0);
    assert!(learn(&mut table, ArpKind::Request, US, 6, at(2)).changed);
}

#[test]
fn whoever_keeps_silent_looks_no_further() {
    // `dont_send` of `arp_process`.
    let mut table = known();
    let (target, mut stream) = (Ipv4Addr::new(10, 0, 0, 100), Stream::named(1, "test"));
    let arp = Arp { kind: ArpKind::Request, sender: ADDRESS, target };
    for (concerns, owner) in [(Concerns::Silent, 5), (Concerns::Others, 6)] {
        table.learn(arp, PortId(6), 0, concerns, at(5_000), &mut stream);
        assert_eq!(table.owner(ADDRESS), Some(PortId(owner)));
    }
}

#[test]
fn an_entry_withstands_for_a_second_after_any_change_of_its_state() {
    // `neigh->updated`: from stale to delay, and from reachable to stale.
    let mut table = known();
    used(&mut table, at(60_000));
    learn(&mut table, ArpKind::Reply, US, 6, at(61_000));
    assert_eq!(table.owner(ADDRESS), Some(PortId(5)));
    // And not after what changed nothing.
    let mut table = known();
    learn(&mut table, ArpKind::Reply, US, 5, at(900));
    learn(&mut table, ArpKind::Reply, US, 6, at(1_002));
    assert_eq!(table.owner(ADDRESS), Some(PortId(6)));
}

#[test]
fn an_answer_that_is_not_believed_confirms_all_the_same() {
    // `__neigh_update` sets `confirmed` before it compares hardware addresses.
    let mut table = known();
    let timer = used(&mut table, at(60_000));
    learn(&mut table, ArpKind::Reply, US, 6, at(60_500));
    assert_eq!(table.owner(ADDRESS), Some(PortId(5)));
    assert!(matches!(table.expired(timer.slot, timer.generation, at(65_000)), Expired::Nothing));
}

#[test]
fn another_hardware_address_is_not_confirmed_by_what_confirmed_the_first() {
    // `__neigh_update`: `confirmed` goes back by twice the reachable time.
    let mut table = known();
    table.confirm(ADDRESS, at(60_000));
    learn(&mut table, ArpKind::Request, ADDRESS, 6, at(60_000));
    let timer = used(&mut table, at(60_000));
    assert!(matches!(
        table.expired(timer.slot, timer.generation, at(65_000)),
        Expired::Ask { of: Some(PortId(6)), .. }
    ));
}

#[test]
fn what_confirms_a_stale_entry_does_not_make_it_reachable() {
    // `neigh_confirm` changes no state.
    let mut table = known();
    table.confirm(ADDRESS, at(60_000));
    let timer = used(&mut table, at(60_001));
    assert_eq!(timer.after, DELAY);
}

#[test]
fn what_waited_is_the_first_use_of_an_entry_that_was_announced() {
    // `neigh_resolve_output` of what `__neigh_update` lets go.
    let mut table = Neighbours::default();
    assert!(matches!(table.resolve(ADDRESS, 0, packet(), at(0)), Resolved::Waits(Some(_))));
    let learnt = learn(&mut table, ArpKind::Request, ADDRESS, 6, at(500));
    let timer = learnt.timer.unwrap();
    assert_eq!((learnt.released.len(), timer.after), (1, DELAY));
    assert!(matches!(
        table.expired(timer.slot, timer.generation, at(5_500)),
        Expired::Ask { of: Some(PortId(6)), .. }
    ));
}

#[test]
fn of_packets_that_wait_the_oldest_gives_way() {
    // `__neigh_event_send`, `neigh/unres_discards`.
    let mut table = Neighbours::default();
    for number in 0..=u16::try_from(WAITING).unwrap() {
        let payload = Payload::Tcp(Tcp::new(number, 2, Segment::Syn));
        table.resolve(ADDRESS, 0, Packet { src: US, dst: ADDRESS, payload }, at(0));
    }
    let released = learn(&mut table, ArpKind::Reply, US, 5, at(1)).released;
    let first = &released.first().unwrap().payload;
    assert!(matches!(first, Payload::Tcp(Tcp { sport: 1, .. })), "{first:?}");
    assert_eq!(released.len(), WAITING);
}

#[test]
fn over_ipv6_an_answer_is_a_use_of_the_entry() {
    // `ndisc_send_skb`; ARP's answer goes past the table (`arp_send_dst`).
    let mut table = Neighbours::default();
    let timer = discovers(&mut table, ArpKind::Request, OUR_SIX, 6).timer.unwrap();
    let expired = table.expired(timer.slot, timer.generation, at(5_002));
    assert!(matches!(expired, Expired::Ask { of: Some(PortId(6)), .. }));
    // It is being asked already.
    assert_eq!(discovers(&mut table, ArpKind::Request, OUR_SIX, 6).timer, None);
    let mut table = Neighbours::default();
    assert_eq!(learn(&mut table, ArpKind::Request, US, 6, at(2)).timer, None);
}
