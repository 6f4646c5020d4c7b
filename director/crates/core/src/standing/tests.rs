use super::*;
use crate::director::tests::config;
use alloc::string::ToString;
use proptest::prelude::*;

fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

fn drain(text: &str) -> Order {
    Order::Drain { server: subject(text), deadline: None, force: false }
}

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

/// Orders it, and returns the servers that it was news for.
fn obey(orders: &mut StandingOrders, order: &Order) -> usize {
    let changes = orders.changes(order, &config()).unwrap();
    changes.iter().filter(|entry| orders.take(entry, Author::default(), at(1))).count()
}

#[test]
fn servers_are_named_in_every_usual_way() {
    for text in [
        "10.0.0.21",
        "10.0.0.21:80",
        "2001:db8::21",
        "[2001:db8::21]:80",
        "http/10.0.0.21",
        "http/10.0.0.21:80",
        "http/[2001:db8::21]:80",
    ] {
        assert_eq!(subject(text).to_string(), text);
    }
    assert_eq!(subject("[2001:db8::21]").to_string(), "2001:db8::21");
    for text in ["", "web1", "10.0.0.21:", "10.0.0.21:99999", "a b/10.0.0.21", "/10.0.0.21"] {
        let error = text.parse::<Subject>().unwrap_err().to_string();
        assert!(error.len() > 10, "{error}");
    }
}

#[test]
fn an_order_is_for_every_server_that_it_names() {
    let mut orders = StandingOrders::default();
    assert_eq!(obey(&mut orders, &drain("10.0.0.21")), 1);
    assert_eq!(obey(&mut orders, &drain("http/10.0.0.22:80")), 1);
    assert_eq!(obey(&mut orders, &drain("10.0.0.21:80")), 0, "it drains already");
    for absent in ["10.0.0.99", "10.0.0.21:81", "mail/10.0.0.21"] {
        let refusal = orders.changes(&drain(absent), &config()).unwrap_err();
        assert_eq!(refusal, Refusal::NoServer { server: subject(absent) });
    }
}

#[test]
fn every_order_changes_what_it_says_and_nothing_else() {
    let server = subject("10.0.0.21");
    let off = Order::Maintenance { server: server.clone(), on: false, force: false };
    let on = Order::Maintenance { server: server.clone(), on: true, force: false };
    let undrain = Order::Undrain { server: server.clone() };
    let heavy = Order::Weight { server: server.clone(), weight: Some(Weight(7)) };
    let plain = Order::Weight { server, weight: None };
    let mut orders = StandingOrders::default();
    let seat = subject("10.0.0.21").seats(&config()).next().unwrap();
    let drains = Duty::Drain { deadline: None };
    for (order, duty, weight) in [
        (&undrain, Duty::Serve, None),
        (&heavy, Duty::Serve, Some(Weight(7))),
        (&drain("10.0.0.21"), drains, Some(Weight(7))),
        (&off, drains, Some(Weight(7))),
        (&on, Duty::Maintenance, Some(Weight(7))),
        (&undrain, Duty::Maintenance, Some(Weight(7))),
        (&plain, Duty::Maintenance, None),
        (&off, Duty::Serve, None),
    ] {
        obey(&mut orders, order);
        let standing = orders.of(&seat).map(|kept| kept.standing).unwrap_or_default();
        assert_eq!((standing.duty, standing.weight), (duty, weight), "{order:?}");
    }
}

#[test]
fn what_is_not_configured_any_more_is_forgotten() {
    let mut orders = StandingOrders::default();
    obey(&mut orders, &drain("10.0.0.21"));
    obey(&mut orders, &drain("10.0.0.22"));
    let mut smaller = config();
    let service = smaller.services.values_mut().next().unwrap();
    service.servers.remove(&"10.0.0.21:80".parse().unwrap());
    orders.retain(&smaller);
    assert_eq!(orders.told().len(), 1);
}

#[test]
fn a_maintenance_file_is_stronger_than_an_order() {
    let mut orders = StandingOrders::default();
    obey(&mut orders, &drain("10.0.0.21"));
    let seat = subject("10.0.0.21").seats(&config()).next().unwrap();
    assert!(orders.set_files([subject("10.0.0.21")].into()));
    assert!(!orders.set_files([subject("10.0.0.21")].into()));
    assert_eq!(orders.duty(&seat), Duty::Maintenance);
    assert!(orders.set_files(BTreeSet::new()));
    assert_eq!(orders.duty(&seat), Duty::Drain { deadline: None });
}

fn orders() -> impl Strategy<Value = Order> {
    let server = prop::sample::select(vec!["10.0.0.21", "10.0.0.22", "http/10.0.0.21:80"]);
    let kind = (0..5_u8, any::<bool>(), prop::option::of(0..9_u16));
    (server, kind).prop_map(|(server, (kind, on, number))| {
        let server = subject(server);
        match kind {
            0 => Order::Undrain { server },
            1 => Order::Maintenance { server, on, force: false },
            2 => Order::Weight { server, weight: number.map(Weight) },
            _ => {
                let deadline = number.map(|number| Duration::from_secs(number.into()));
                Order::Drain { server, deadline, force: false }
            }
        }
    })
}

proptest! {
    /// Two directors that get orders at the same time, and hear each other late, twice, in any
    /// order and not at all: once both have told everything, they agree.
    #[test]
    fn directors_agree_whatever_they_hear_when(
        story in prop::collection::vec((any::<bool>(), prop::option::of(orders())), 0..40),
    ) {
        let mut both = [StandingOrders::default(), StandingOrders::default()];
        for (first, order) in story {
            let (here, there) = if first { (0, 1) } else { (1, 0) };
            match order {
                Some(order) => {
                    obey(&mut both[here], &order);
                }
                None => {
                    for entry in both[there].told() {
                        both[here].take(&entry, Author::default(), at(2));
                    }
                }
            }
        }
        for (here, there) in [(0, 1), (1, 0)] {
            for entry in both[there].told() {
                both[here].take(&entry, Author::default(), at(3));
            }
        }
        prop_assert_eq!(both[0].told(), both[1].told());
    }

    /// Who has heard an order lets it stand over every one that it knew when it gave its own.
    #[test]
    fn the_latest_word_stands(story in prop::collection::vec(orders(), 1..20)) {
        let (mut here, mut there) = (StandingOrders::default(), StandingOrders::default());
        for (index, order) in story.iter().enumerate() {
            let (from, to) =
                if index % 2 == 0 { (&mut here, &mut there) } else { (&mut there, &mut here) };
            obey(from, order);
            for entry in from.told() {
                to.take(&entry, Author::default(), at(2));
            }
        }
        let mut alone = StandingOrders::default();
        story.iter().for_each(|order| { obey(&mut alone, order); });
        prop_assert_eq!(here.told(), there.told());
        let plain = |orders: &StandingOrders| {
            let entries = orders.entries.iter();
            entries.map(|(seat, kept)| (seat.clone(), kept.standing)).collect::<Vec<_>>()
        };
        prop_assert_eq!(plain(&alone), plain(&here));
    }
}
