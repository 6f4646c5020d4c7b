//! Kernels that do not obey.

use super::*;

/// Ten deadtimes of `config`.
const PATIENCE: Duration = Duration::from_secs(3);
/// Three intervals of a second and the skew.
const DOWN: Duration = Duration::from_millis(3_620);
/// Until the next look at the kernel.
const RESYNC: Duration = Duration::from_secs(10);

fn refuse(segment: &mut Segment, name: &str, refuses: bool) {
    segment.hosts.get_mut(&node(name)).unwrap().refuses = refuses;
}

#[test]
fn who_cannot_take_the_addresses_lets_the_other_take_them() {
    let mut segment = Segment::new(with(v3()));
    segment.start("d1");
    refuse(&mut segment, "d1", true);
    segment.start("d2");
    segment.run(DOWN + PATIENCE + DOWN);
    assert_eq!(segment.owners(), ["d2"]);
    assert!(segment.holds("d2"));
    assert_eq!(segment.role("d1"), Role::Standby);
    refuse(&mut segment, "d1", false);
    segment.run(Duration::from_secs(60));
    assert_eq!(segment.owners(), ["d2"], "it rests");
    segment.order("d1", &Order::Ready { group: None });
    segment.run(DOWN);
    assert_eq!(segment.owners(), ["d1"]);
    assert!(segment.holds("d1") && !segment.holds("d2"));
}

#[test]
fn who_cannot_keep_them_gives_up() {
    let mut segment = Segment::new(with(v3()));
    segment.start("d1");
    segment.start("d2");
    segment.run(Duration::from_secs(10));
    assert!(segment.holds("d1"));
    refuse(&mut segment, "d1", true);
    segment.hosts.get_mut(&node("d1")).unwrap().held.addresses.clear();
    segment.run(RESYNC + PATIENCE + Duration::from_secs(1));
    assert_eq!(segment.owners(), ["d2"]);
    assert!(segment.holds("d2"));
}

#[test]
fn when_nobody_takes_them_it_tries_again_and_holds_on_for_longer() {
    let mut segment = Segment::new(with(v3()));
    segment.start("d1");
    refuse(&mut segment, "d1", true);
    segment.run(DOWN + PATIENCE + DOWN);
    let roles = segment.hosts[&node("d1")].roles.clone();
    assert_eq!(roles, [Role::Standby, Role::Taking, Role::Releasing, Role::Standby, Role::Taking]);
    segment.run(PATIENCE * 9);
    assert_eq!(segment.role("d1"), Role::Taking);
    segment.run(PATIENCE + Duration::from_secs(1));
    assert_eq!(segment.role("d1"), Role::Standby);
    refuse(&mut segment, "d1", false);
    segment.run(DOWN);
    assert!(segment.holds("d1"));
}
