use super::*;
use crate::report::PeerState;

fn peer_state(lab: &Lab, name: &str) -> PeerState {
    lab.hosts[&node(name)].director.as_ref().unwrap().view(lab.now).peers[0].state
}

/// Everything that d1 ever said, said again after its death, keeps nobody from taking over.
#[test]
fn a_replay_of_a_dead_life_proves_nothing() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    lab.power_off("d1");
    let recorded: Vec<Flying> =
        lab.recorded.iter().filter(|packet| packet.1 == node("d2")).cloned().collect();
    for packet in recorded {
        let bytes = packet.3;
        let beat = open(&bytes, &lab.config.cluster.name, &Key::new(b"k")).unwrap();
        lab.input(&node("d2"), Input::Beat { link: packet.2, beat });
        lab.run(ms(10));
    }
    assert!(lab.holds("d2"));
    assert_eq!(peer_state(&lab, "d2"), PeerState::Dead);
}

/// The same after the receiver has forgotten everything: a recording names an incarnation of the
/// receiver that is over.
#[test]
fn a_replay_to_a_restarted_receiver_proves_nothing() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    lab.power_off("d1");
    lab.power_off("d2");
    lab.start(&node("d2"));
    let recorded: Vec<Flying> =
        lab.recorded.iter().filter(|packet| packet.1 == node("d2")).cloned().collect();
    for packet in recorded.into_iter().take(400) {
        let beat = open(&packet.3, &lab.config.cluster.name, &Key::new(b"k")).unwrap();
        lab.input(&node("d2"), Input::Beat { link: packet.2, beat });
        lab.run(ms(10));
    }
    lab.run(ms(2000));
    assert!(lab.holds("d2"));
    assert_eq!(peer_state(&lab, "d2"), PeerState::Unknown);
}

#[test]
fn rejected_packets_are_told_of_once_and_change_nothing() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    let before = lab.host("d2").reports.len();
    for _ in 0..100 {
        let link = crate::beat::LinkId(0);
        let (from, why) = (address("10.0.0.66"), crate::input::Rejection::Authentication);
        lab.input(&node("d2"), Input::Rejected { link, from, why, owns: true });
        lab.run(ms(1));
    }
    assert_eq!(lab.host("d2").reports.len(), before + 1);
    let view = lab.hosts[&node("d2")].director.as_ref().unwrap().view(lab.now);
    assert_eq!(view.ignored[&crate::input::Ignored::Authentication], 100);
}

/// Everything that was said, once more, and as somebody whom nobody knows: no role changes.
#[test]
fn what_is_repeated_or_said_by_strangers_is_counted_and_changes_nothing() {
    use crate::input::Ignored;
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    let to_d2 = |packet: &&Flying| packet.1 == node("d2");
    let mut said: Vec<Flying> = lab.recorded.iter().filter(to_d2).cloned().collect();
    said.truncate(said.len() - 4);
    let before = (lab.roles("d1").len(), lab.roles("d2").len());
    for (number, packet) in said.iter().enumerate() {
        let mut beat = open(&packet.3, &lab.config.cluster.name, &Key::new(b"k")).unwrap();
        if number % 2 == 0 {
            Arc::make_mut(&mut beat.body).node = node("nobody");
        }
        lab.input(&node("d2"), Input::Beat { link: packet.2, beat });
    }
    let view = lab.hosts[&node("d2")].director.as_ref().unwrap().view(lab.now);
    let half = u64::try_from(said.len() / 2).unwrap();
    let count = |why: Ignored| view.ignored.get(&why).copied().unwrap_or_default();
    assert!(count(Ignored::Stranger) >= half && count(Ignored::Replayed) >= half - 1, "{view:?}");
    assert_eq!((lab.roles("d1").len(), lab.roles("d2").len()), before);
}

#[test]
fn another_configuration_is_told_of_and_kills_nobody() {
    let mut lab = Lab::new(config());
    lab.power_off("d2");
    let mut other = config();
    other.cluster.resync = ms(20_000);
    lab.config = Arc::new(other);
    lab.start(&node("d2"));
    lab.run(ms(3000));
    assert!(lab.holds("d1") ^ lab.holds("d2"));
    let differs =
        |entry: &&(Instant, Report)| matches!(entry.1, Report::ConfigDiffers { differs: true, .. });
    assert_eq!(lab.host("d1").reports.iter().filter(differs).count(), 1);
    assert_eq!(lab.host("d2").reports.iter().filter(differs).count(), 1);
}

#[test]
fn a_reload_on_one_side_is_told_of_on_both_until_the_other_follows() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    let mut other = config();
    other.cluster.resync = ms(20_000);
    let other = Arc::new(other);
    let differing = |lab: &Lab, name: &str| {
        let view = lab.hosts[&node(name)].director.as_ref().unwrap().view(lab.now);
        view.peers[0].same_config == Some(false)
    };
    lab.input(&node("d1"), Input::Reload(other.clone()));
    lab.run(ms(10));
    assert!(differing(&lab, "d1") && differing(&lab, "d2"));
    lab.input(&node("d2"), Input::Reload(other));
    lab.run(ms(10));
    assert!(!differing(&lab, "d1") && !differing(&lab, "d2"));
}

fn rejected(lab: &mut Lab, name: &str, from: &str, owns: bool) {
    let link = crate::beat::LinkId(0);
    let (from, why) = (address(from), crate::input::Rejection::Authentication);
    lab.input(&node(name), Input::Rejected { link, from, why, owns });
}

/// `name` starts alone, while packets that it cannot believe come from its peer.
fn started_beside(name: &str, from: &str, owns: bool) -> Lab {
    let mut lab = Lab::new(config());
    let other = if name == "d1" { "d2" } else { "d1" };
    lab.power_off(other);
    for _ in 0..60 {
        lab.run(ms(100));
        rejected(&mut lab, name, from, owns);
    }
    lab
}

#[test]
fn a_fresh_director_takes_nothing_that_an_unproven_peer_seems_to_own() {
    let mut lab = started_beside("d1", "10.0.0.12", true);
    assert_eq!(lab.role("d1"), Role::Waiting);
    let told = |entry: &&(Instant, Report)| matches!(entry.1, Report::HeldBack { .. });
    assert_eq!(lab.host("d1").reports.iter().filter(told).count(), 1);
    lab.run(ms(1000));
    assert!(lab.holds("d1"), "the other has fallen silent");
}

#[test]
fn of_two_fresh_directors_that_do_not_believe_each_other_the_better_one_takes() {
    assert!(started_beside("d1", "10.0.0.12", false).holds("d1"));
    assert!(!started_beside("d2", "10.0.0.11", false).holds("d2"));
}

#[test]
fn unproven_packets_from_elsewhere_keep_nobody_from_starting() {
    assert!(started_beside("d2", "10.0.0.66", true).holds("d2"));
}

#[test]
fn unproven_packets_do_not_keep_a_standby_from_taking_over() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    lab.power_off("d1");
    for _ in 0..10 {
        rejected(&mut lab, "d2", "10.0.0.11", true);
        lab.run(ms(50));
    }
    assert!(lab.holds("d2"));
}
