use super::*;
use director_core::config::Thresholds;

/// A connection of this client to some virtual address.
fn from(client: Ipv4Addr) -> Arrival {
    to(client, Ipv4Addr::LOCALHOST)
}

fn to(client: Ipv4Addr, target: Ipv4Addr) -> Arrival {
    let client = SocketAddrV4::new(client, 1024);
    Arrival { client, target, flags: SchedulerFlags::NONE, now: Instant::ZERO }
}

/// Destinations in the order in which they are added; letters from A.
fn destinations(weights: &[u32]) -> (Vec<Destination>, Vec<usize>) {
    let all = (1..)
        .zip(weights)
        .map(|(last, weight)| {
            let mut one = Destination::new(([10, 0, 0, last], 80).into());
            one.update(*weight, Thresholds::NONE, true);
            one
        })
        .collect();
    (all, (0..weights.len()).rev().collect())
}

fn picks(scheduler: Scheduler, weights: &[u32], count: usize) -> String {
    let (mut all, order) = destinations(weights);
    let mut schedule = Schedule::new(scheduler);
    schedule.changed(&Choice { all: &all, order: &order });
    let mut text = String::new();
    for number in 0..count {
        let client = Ipv4Addr::from_bits(u32::try_from(number).unwrap());
        let choice = Choice { all: &all, order: &order };
        match schedule.pick(&choice, &from(client)) {
            Some(picked) => {
                all[picked].active += 1;
                text.push(char::from(b'A' + u8::try_from(picked).unwrap()));
            }
            None => text.push('-'),
        }
    }
    text
}

#[test]
fn round_robin_begins_with_the_newest_and_skips_the_quiesced() {
    assert_eq!(picks(Scheduler::Rr, &[1, 1, 1], 7), "CBACBAC");
    assert_eq!(picks(Scheduler::Rr, &[1, 0, 5], 4), "CACA");
    assert_eq!(picks(Scheduler::Rr, &[0, 0], 2), "--");
}

#[test]
fn round_robin_goes_on_before_a_destination_that_left() {
    let (all, order) = destinations(&[1, 1, 1]);
    let mut schedule = Schedule::new(Scheduler::Rr);
    let whole = Choice { all: &all, order: &order };
    let client = from(Ipv4Addr::LOCALHOST);
    schedule.pick(&whole, &client);
    assert_eq!(schedule.pick(&whole, &client), Some(1));
    schedule.removing(1, &whole);
    let rest = Choice { all: &all, order: &[2, 0] };
    assert_eq!(schedule.pick(&rest, &client), Some(0));
}

#[test]
fn weighted_round_robin_interleaves_as_the_kernel_does() {
    assert_eq!(picks(Scheduler::Wrr, &[3, 1], 8), "AABAAABA");
    assert_eq!(picks(Scheduler::Wrr, &[10, 10], 4), "BABA");
    assert_eq!(picks(Scheduler::Wrr, &[0, 7], 3), "BBB");
    assert_eq!(picks(Scheduler::Wrr, &[0, 0], 1), "-");
}

#[test]
fn least_connections_prefer_the_newest_of_equals() {
    assert_eq!(picks(Scheduler::Lc, &[1, 9], 4), "BABA");
    assert_eq!(picks(Scheduler::Wlc, &[1, 2], 6), "BABBAB");
    assert_eq!(picks(Scheduler::Sed, &[1, 3], 6), "BBBABB");
    assert_eq!(picks(Scheduler::Nq, &[1, 3], 5), "BABBB");
}

#[test]
fn failover_and_overflow_prefer_the_heaviest() {
    assert_eq!(picks(Scheduler::Fo, &[1, 3, 3], 3), "CCC");
    assert_eq!(picks(Scheduler::Ovf, &[1, 2], 6), "BBBAA-");
}

#[test]
fn source_hashing_keeps_a_client_and_fills_buckets_by_weight() {
    let (all, order) = destinations(&[1, 3]);
    let mut schedule = Schedule::new(Scheduler::Sh);
    let choice = Choice { all: &all, order: &order };
    schedule.changed(&choice);
    let Schedule::Source(buckets) = &schedule else { panic!("hash") };
    assert_eq!(buckets.share_of(1), 192);
    let client = Ipv4Addr::new(192, 0, 2, 7);
    let first = schedule.pick(&choice, &from(client));
    assert_eq!(schedule.pick(&choice, &to(client, Ipv4Addr::BROADCAST)), first);
}

#[test]
fn destination_hashing_gives_one_target_one_destination() {
    let text = picks(Scheduler::Dh, &[1, 1], 8);
    let first = text.chars().next().unwrap();
    assert!(first != '-' && text.chars().all(|letter| letter == first));
}

#[test]
fn an_overloaded_destination_gets_nothing() {
    for scheduler in Scheduler::ALL {
        let (mut all, order) = destinations(&[3, 3]);
        let mut schedule = Schedule::new(*scheduler);
        schedule.changed(&Choice { all: &all, order: &order });
        all[1].update(3, Thresholds { upper: 1, lower: 1 }, false);
        all[1].bind();
        for client in 0..40 {
            let choice = Choice { all: &all, order: &order };
            let picked = schedule.pick(&choice, &from(Ipv4Addr::from_bits(client)));
            assert_ne!(picked, Some(1), "{scheduler}");
        }
    }
}

#[test]
fn maglev_moves_few_clients_when_a_destination_goes() {
    let (all, order) = destinations(&[1, 1, 1, 1]);
    let mut schedule = Schedule::new(Scheduler::Mh);
    let mut of = |order: &[usize]| {
        let choice = Choice { all: &all, order };
        schedule.changed(&choice);
        let clients = (0..1000).map(Ipv4Addr::from_bits);
        clients.map(|client| schedule.pick(&choice, &from(client))).collect::<Vec<_>>()
    };
    let (before, after) = (of(&order), of(&order[1..]));
    let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    let lost = before.iter().filter(|one| **one == Some(order[0])).count();
    assert!((150..350).contains(&lost), "{lost} of 1000 were with one of four");
    assert!(moved < lost + 60, "{moved} moved, {lost} had to");
}

#[test]
fn dice_name_each_destination_as_often_as_they_should() {
    let (mut all, order) = destinations(&[1, 3]);
    (0..3).for_each(|_| all[1].bind());
    let choice = Choice { all: &all, order: &order };
    let (named, throws) = odds(&choice);
    assert_eq!(named.iter().map(|(_, pairs)| pairs).sum::<u64>(), throws);
    let mut schedule = Schedule::new(Scheduler::Twos);
    let client = from(Ipv4Addr::LOCALHOST);
    let idle = (0..8000).filter(|_| schedule.pick(&choice, &client) == Some(0)).count();
    let pairs = named.iter().find(|(number, _)| *number == 0).unwrap().1;
    let expected = usize::try_from(pairs * 8000 / throws).unwrap();
    assert!(idle.abs_diff(expected) < 200, "{idle}, expected {expected}");
}

#[test]
fn locality_keeps_to_one_until_it_is_overloaded_while_another_is_idle() {
    let (mut all, order) = destinations(&[2, 2]);
    for scheduler in [Scheduler::Lblc, Scheduler::Lblcr] {
        let mut schedule = Schedule::new(scheduler);
        let client = from(Ipv4Addr::LOCALHOST);
        all.iter_mut().for_each(|one| one.active = 0);
        let first = schedule.pick(&Choice { all: &all, order: &order }, &client).unwrap();
        all[first].active = 2;
        assert_eq!(schedule.pick(&Choice { all: &all, order: &order }, &client), Some(first));
        all[first].active = 3;
        let other = schedule.pick(&Choice { all: &all, order: &order }, &client);
        assert_eq!(other, Some(1 - first), "{scheduler}");
    }
}
