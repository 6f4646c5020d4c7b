//! Two machines that are directors and real servers at once.

use super::*;

/// The servers are the directors themselves.
fn streamlined(forward: Forward) -> Config {
    let mut config = config();
    for service in config.services.values_mut() {
        service.forward = forward;
        let server = |address: &str| (socket(address), Server::from(Weight(10)));
        service.servers = BTreeMap::from([server("10.0.0.11:80"), server("10.0.0.12:80")]);
    }
    config
}

fn weights(lab: &Lab, name: &str) -> Vec<u16> {
    let service = &lab.hosts[&node(name)].kernel.services[&key()];
    let mut weights: Vec<u16> = service.servers.values().map(|server| server.weight.0).collect();
    weights.sort_unstable();
    weights
}

#[test]
fn a_standby_serves_what_it_gets_and_sends_nothing_round() {
    let mut lab = Lab::new(streamlined(Forward::Direct));
    lab.run(ms(10_000));
    assert_eq!((weights(&lab, "d1"), weights(&lab, "d2")), (vec![10, 10], vec![0, 10]));
    lab.power_off("d1");
    lab.run(ms(600));
    // Not yet found dead as a server: the check takes longer than the takeover.
    assert_eq!(weights(&lab, "d2"), vec![10, 10]);
}

#[test]
fn translated_packets_cannot_go_round() {
    let mut lab = Lab::new(streamlined(Forward::Nat));
    lab.run(ms(10_000));
    assert_eq!(weights(&lab, "d2"), vec![10, 10]);
}
