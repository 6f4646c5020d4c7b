use super::*;
use crate::director::tests::config;
use alloc::string::ToString;

fn alteration(service: &str, address: &str, change: Change) -> Alteration {
    let service = ServiceName::new(service).unwrap();
    Alteration { service, address: address.parse().unwrap(), port: None, change }
}

fn add(address: &str) -> Alteration {
    alteration("http", address, Change::Add { weight: Weight(3) })
}

fn remove(address: &str) -> Alteration {
    alteration("http", address, Change::Remove { force: false })
}

#[test]
fn a_server_comes_with_the_port_of_its_service_and_goes() {
    let mut changed = config();
    let seat = add("10.0.0.77").apply(&mut changed).unwrap();
    assert_eq!(seat.server.to_string(), "10.0.0.77:80");
    assert_eq!(changed.services[&seat.service].servers[&seat.server].weight, Weight(3));
    remove("10.0.0.77").apply(&mut changed).unwrap();
    assert_eq!(changed, config());
}

#[test]
fn what_does_not_fit_changes_nothing_and_says_why() {
    let known = config().services.values().next().unwrap().servers.keys().next().unwrap().ip();
    let shared = config().groups.values().next().unwrap().addresses.first().unwrap().address;
    let cases = [
        (add(&known.to_string()), "already"),
        (add("2001:db8::1"), "family"),
        (add(&shared.to_string()), "a virtual address"),
        (remove("10.9.9.9"), "has no server"),
        (alteration("nosuch", "10.0.0.77", Change::Remove { force: true }), "there is no service"),
    ];
    for (alteration, word) in cases {
        let mut changed = config();
        let why = alteration.apply(&mut changed).unwrap_err().to_string();
        assert!(why.contains(word), "{why}");
        assert_eq!(changed, config());
    }
}

#[test]
fn the_last_server_stays_unless_forced() {
    let mut changed = config();
    let servers: Vec<SocketAddr> =
        changed.services.values().next().unwrap().servers.keys().copied().collect();
    let (last, others) = servers.split_last().unwrap();
    for server in others {
        remove(&server.ip().to_string()).apply(&mut changed).unwrap();
    }
    let forced = |force| alteration("http", &last.ip().to_string(), Change::Remove { force });
    assert!(matches!(forced(false).apply(&mut changed), Err(Unalterable::Last(_))));
    forced(true).apply(&mut changed).unwrap();
}

#[test]
fn alterations_are_made_again_upon_what_is_read_later() {
    let mut standing = Alterations::default();
    let mut used = config();
    let known = config().services.values().next().unwrap().servers.keys().next().unwrap().ip();
    for alteration in [add("10.0.0.77"), remove(&known.to_string())] {
        let seat = alteration.apply(&mut used).unwrap();
        standing.keep(seat, alteration);
    }
    let mut anew = config();
    assert_eq!(standing.renew(&mut anew), []);
    assert_eq!(anew, used);
    // The file has learned both: they are forgotten, and do not come back with an older file.
    let mut learned = used.clone();
    assert_eq!(standing.renew(&mut learned), []);
    assert_eq!((learned, standing.iter().count()), (used, 0));
    let mut old = config();
    standing.renew(&mut old);
    assert_eq!(old, config());
}

#[test]
fn an_alteration_that_no_longer_fits_is_told_and_forgotten() {
    let mut standing = Alterations::default();
    let seat = add("10.0.0.77").apply(&mut config()).unwrap();
    standing.keep(seat.clone(), add("10.0.0.77"));
    let mut anew = config();
    anew.services.clear();
    let dropped = standing.renew(&mut anew);
    assert_eq!(dropped, [(seat.clone(), Unalterable::NoService(seat.service))]);
    assert_eq!(standing.iter().count(), 0);
}
