//! Packets that may change nothing, and do not.

use super::*;

fn better() -> Advert {
    advert(250)
}

pub(super) fn advert(priority: u8) -> Advert {
    Advert {
        version: VrrpVersion::V3,
        router: NonZeroU8::new(51).unwrap(),
        priority,
        interval: AdvertInterval::new(VrrpVersion::V3, 100).unwrap(),
        addresses: [vip().address].into(),
        password: None,
    }
}

fn active(vrrp: Vrrp) -> Segment {
    let mut segment = Segment::new(with(vrrp));
    segment.start("d1");
    segment.run(Duration::from_secs(8));
    assert_eq!(segment.owners(), ["d1"]);
    segment
}

fn ignored(segment: &Segment) -> BTreeMap<Fault, u64> {
    let view = segment.hosts[&node("d1")].director.view(segment.now);
    view.groups[0].vrrp.as_ref().unwrap().ignored.clone()
}

/// Has d1 hear something that would make it give way, and sees that it does not.
fn changes_nothing(vrrp: Vrrp, from: &str, said: Result<Advert, Fault>, why: Fault) {
    let mut segment = active(vrrp);
    let roles = segment.hosts[&node("d1")].roles.clone();
    for _ in 0..100 {
        segment.arrive("d1", from.parse().unwrap(), said.clone());
    }
    let host = &segment.hosts[&node("d1")];
    assert_eq!(host.roles, roles, "{why}");
    assert_eq!(segment.owners(), ["d1"], "{why}");
    assert_eq!(ignored(&segment), [(why, 100)].into());
    let told = host.said.iter().filter(|it| matches!(it, Report::AdvertIgnored { .. })).count();
    let wanted = usize::from(why != Fault::OtherRouter);
    assert_eq!(told, wanted, "{why}: told once, and other routers are no fault at all");
}

#[test]
fn what_could_not_be_read_is_counted_by_its_reason() {
    for fault in [Fault::HopLimit, Fault::Malformed, Fault::Checksum, Fault::Version] {
        changes_nothing(v3(), "10.0.0.12", Err(fault), fault);
    }
}

#[test]
fn what_is_not_for_us_changes_nothing() {
    let other = Advert { router: NonZeroU8::new(52).unwrap(), ..better() };
    changes_nothing(v3(), "10.0.0.12", Ok(other), Fault::OtherRouter);
    let two = Advert { version: VrrpVersion::V2, ..better() };
    changes_nothing(v3(), "10.0.0.12", Ok(two), Fault::Version);
    changes_nothing(v3(), "10.0.0.11", Ok(better()), Fault::Own);
    let peers = [IpAddr::from([10, 0, 0, 12])].into();
    changes_nothing(Vrrp { peers, ..v3() }, "10.0.0.13", Ok(better()), Fault::NotAPeer);
    let owner = Some(node("d1"));
    changes_nothing(Vrrp { owner, ..v3() }, "10.0.0.12", Ok(better()), Fault::WeOwn);
}

#[test]
fn version_2_wants_its_password_and_its_interval() {
    let interval = |centiseconds| AdvertInterval::new(VrrpVersion::V2, centiseconds).unwrap();
    let dialect = Dialect::V2 { password: Password::new("secret") };
    let vrrp = || Vrrp { dialect, interval: interval(100), ..v3() };
    let two = Advert {
        version: VrrpVersion::V2,
        interval: interval(100),
        password: Password::new("secret"),
        ..better()
    };
    for password in [None, Password::new("other")] {
        let wrong = Advert { password, ..two.clone() };
        changes_nothing(vrrp(), "10.0.0.12", Ok(wrong), Fault::Authentication);
    }
    let slow = Advert { interval: interval(200), ..two.clone() };
    changes_nothing(vrrp(), "10.0.0.12", Ok(slow), Fault::Interval);
    let mut segment = active(vrrp());
    segment.arrive("d1", "10.0.0.12".parse().unwrap(), Ok(two));
    assert!(segment.owners().is_empty(), "the right one is better, and believed");
}

#[test]
fn on_another_interface_nobody_listens() {
    let mut segment = active(v3());
    let interface = InterfaceName::new("hb").unwrap();
    let (from, local) = (IpAddr::from([10, 1, 0, 12]), IpAddr::from([10, 1, 0, 11]));
    let arrival = Arrival { interface, from, local, hops: 255, said: Ok(better()) };
    segment.tell("d1", Input::Advert(arrival));
    assert_eq!(segment.owners(), ["d1"]);
}

#[test]
fn what_was_forwarded_counts_from_configured_peers_alone() {
    let peers = [IpAddr::from([10, 0, 0, 12])].into();
    for (peers, owners) in [([].into(), vec!["d1"]), (peers, vec![])] {
        let mut segment = active(Vrrp { peers, ..v3() });
        let interface = InterfaceName::new("lan").unwrap();
        let (from, local) = (IpAddr::from([10, 0, 0, 12]), IpAddr::from([10, 0, 0, 11]));
        let arrival = Arrival { interface, from, local, hops: 64, said: Ok(better()) };
        segment.tell("d1", Input::Advert(arrival));
        assert_eq!(segment.owners(), owners);
    }
}

#[test]
fn heartbeats_say_nothing_about_a_group_of_vrrp() {
    let segment = active(v3());
    let view = segment.hosts[&node("d1")].director.view(segment.now);
    assert_eq!(view.groups.len(), 1);
    assert!(view.peers.iter().all(|peer| peer.claims.is_empty()));
    // What is rejected on the heartbeat port does not matter to it either.
    let mut segment = segment;
    let from = IpAddr::from([10, 0, 0, 12]);
    let why = input::Rejection::Authentication;
    segment.tell("d1", Input::Rejected { link: LinkId(0), from, why, owns: true });
    assert_eq!(segment.owners(), ["d1"]);
}
