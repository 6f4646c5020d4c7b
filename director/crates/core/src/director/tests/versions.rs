use super::*;
use crate::report::PeerState;
use crate::wire::heartbeat::VERSION;

/// A pair of which d1 is of a release that speaks `version`.
fn with_version(version: u8) -> Lab {
    let mut lab = Lab::new(config());
    lab.speaks.insert(node("d1"), version);
    lab.run(ms(5000));
    lab
}

#[test]
fn a_peer_of_another_release_is_told_of_once_and_lives() {
    for version in [VERSION - 1, VERSION + 7] {
        let mut lab = with_version(version);
        let reports = lab.host("d2").reports.iter();
        let told =
            reports.filter(|(_, report)| *report == Report::Version { peer: node("d1"), version });
        assert_eq!(told.count(), 1, "version {version}");
        let view = lab.hosts[&node("d2")].director.as_ref().unwrap().view(lab.now);
        assert_eq!(view.peers[0].state, PeerState::Alive);
        assert!(lab.holds("d1") && !lab.holds("d2"), "version {version}");
        assert_eq!(lab.owners_max, 1, "version {version}");
    }
}

#[test]
fn a_peer_of_a_release_to_come_that_dies_is_succeeded() {
    let mut lab = with_version(VERSION + 1);
    lab.power_off("d1");
    lab.run(ms(1000));
    assert!(lab.holds("d2"));
}
