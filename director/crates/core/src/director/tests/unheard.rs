//! Words that are lost, and words that waited: who owned what in the meantime?

use super::*;

fn manual() -> Lab {
    let mut config = config();
    config.cluster.failback = Failback::Manual;
    let mut lab = Lab::new(config);
    lab.run(ms(3000));
    lab
}

/// Nothing of what one node says reaches the other.
fn cut_from(lab: &mut Lab, from: &str, to: &str) {
    for link in 0..2 {
        lab.cut.push((node(from), node(to), link));
    }
}

fn heal_from(lab: &mut Lab, from: &str) {
    lab.cut.retain(|cut| cut.0 != node(from));
}

#[test]
fn a_loser_whose_every_word_was_lost_makes_the_owner_announce() {
    let mut lab = manual();
    cut_from(&mut lab, "d1", "d2");
    lab.run(ms(190));
    cut_from(&mut lab, "d2", "d1");
    lab.run(ms(30));
    assert!(lab.holds("d1") && lab.holds("d2"));
    heal_from(&mut lab, "d1");
    // The next beat of the owner; a few milliseconds later it will ask.
    lab.run(ms(85));
    assert_eq!(lab.role("d2"), Role::Standby);
    let last = |lab: &Lab, name| *lab.hosts[&node(name)].announced.last().unwrap();
    assert!(last(&lab, "d2") > last(&lab, "d1"), "the neighbours believe the loser");
    heal_from(&mut lab, "d2");
    lab.run(ms(150));
    assert!(last(&lab, "d1") > last(&lab, "d2"));
    let reports = &lab.hosts[&node("d1")].reports;
    let dead = |(_, report): &&(Instant, Report)| {
        matches!(report, Report::Peer { state: crate::report::PeerState::Dead, .. })
    };
    assert_eq!(reports.iter().filter(dead).count(), 0, "it has never missed its peer");
}

#[test]
fn a_standby_that_never_held_makes_nobody_announce() {
    let mut lab = manual();
    let announced = lab.host("d1").announced.len();
    cut_from(&mut lab, "d1", "d2");
    lab.run(ms(190));
    heal_from(&mut lab, "d1");
    lab.run(ms(5000));
    assert_eq!(lab.host("d1").announced.len(), announced);
}

#[test]
fn an_answer_that_waited_through_a_sleep_proves_nothing() {
    let mut lab = manual();
    cut_from(&mut lab, "d2", "d1");
    lab.run(ms(149));
    heal_from(&mut lab, "d2");
    // Its questions are on their way; the answers will wait in its socket.
    lab.run(Duration::from_micros(1_100));
    let until = lab.now + ms(600);
    lab.host("d1").frozen_until = until;
    lab.run(ms(599));
    assert!(lab.holds("d2"));
    let announced = lab.host("d1").announced.len();
    lab.run(ms(2000));
    assert!(lab.holds("d2") && !lab.holds("d1"), "d1 {:?}", lab.roles("d1"));
    assert_eq!(lab.host("d1").announced.len(), announced);
}

#[test]
fn lost_beats_and_a_short_sleep_together_cost_the_group() {
    let mut lab = manual();
    cut_from(&mut lab, "d1", "d2");
    lab.run(ms(140));
    let until = lab.now + ms(150);
    lab.host("d1").frozen_until = until;
    lab.run(ms(149));
    assert!(lab.holds("d2"), "the peer could not know better");
    heal_from(&mut lab, "d1");
    let announced = lab.host("d1").announced.len();
    let before = lab.roles("d2").len();
    lab.run(ms(2000));
    assert!(lab.holds("d2") && !lab.holds("d1"), "d1 {:?}", lab.roles("d1"));
    assert_eq!(lab.host("d1").announced.len(), announced, "it says nothing as owner");
    assert_eq!(lab.roles("d2").len(), before, "the new owner stays");
    let why = RoleCause::OwnedBy { peer: node("d2") };
    assert!(lab.roles("d1").contains(&(Role::Releasing, why)));
}

#[test]
fn beats_that_are_lost_are_counted_for_their_link() {
    let mut lab = manual();
    let missed = |lab: &Lab| -> Vec<u64> {
        let view = lab.hosts[&node("d2")].director.as_ref().unwrap().view(lab.now);
        view.peers[0].links.iter().map(|link| link.missed).collect()
    };
    assert_eq!(missed(&lab), [0, 0]);
    lab.cut.push((node("d1"), node("d2"), 0));
    // Two beats, and not so long that the link is taken for down.
    lab.run(ms(200));
    assert_eq!(missed(&lab), [0, 0], "they may come yet");
    lab.cut.clear();
    lab.run(ms(200));
    assert_eq!(missed(&lab), [2, 0]);
}
