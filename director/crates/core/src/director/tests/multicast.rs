//! Links on which a beat goes to a group.

use super::*;
use crate::beat::{Kind, LinkId};
use alloc::collections::BTreeSet;

/// Whom a packet reaches.
pub(super) fn receivers(config: &Config, from: &NodeName, to: SocketAddr) -> Vec<NodeName> {
    let others = config.nodes.iter().filter(|(name, _)| *name != from);
    let reached = others.filter(|(_, node)| {
        to.ip().is_multicast() || node.addresses.values().any(|own| *own == to.ip())
    });
    reached.map(|(name, _)| name.clone()).collect()
}

/// Three directors; those on `lan` are each sent their own, those on `hb` listen to a group.
fn three() -> Config {
    let mut config = config();
    let mut third = config.nodes[&node("d2")].clone();
    third.addresses.insert(interface("lan"), address("10.0.0.13"));
    third.addresses.insert(interface("hb"), address("10.1.0.13"));
    third.priority = Priority::new(50).unwrap();
    config.nodes.insert(node("d3"), third);
    config.cluster.links[1].multicast = Some(address("239.255.0.94"));
    config
}

/// What a director that hears nobody sends until a time, by kind and link.
fn sent(until: Duration) -> BTreeMap<(Kind, u8), BTreeMap<Instant, Vec<SocketAddr>>> {
    let start = Instant::from_nanos(1_000_000_000);
    let (found, left) = (Snapshot::default(), Ledger::default());
    let mut director = Director::inheriting(Arc::new(three()), node("d1"), 7, &found, &left, start);
    let mut sent: BTreeMap<_, BTreeMap<_, Vec<_>>> = BTreeMap::new();
    let mut now = start;
    while now < start + until {
        while let Some(effect) = director.next_effect() {
            if let Effect::Send { link: LinkId(link), to, beat } = effect {
                sent.entry((beat.kind, link)).or_default().entry(now).or_default().push(to);
            }
        }
        now = director.next_deadline().unwrap().at.max(now);
        director.handle(Input::Deadline, now);
    }
    sent
}

#[test]
fn a_beat_goes_to_the_group_once_and_to_each_peer_elsewhere() {
    let sent = sent(ms(1_000));
    let beats = |link| sent[&(Kind::Regular, link)].values();
    assert!(beats(1).len() >= 9, "{sent:?}");
    assert!(beats(1).all(|to| *to == [socket("239.255.0.94:694")]), "{sent:?}");
    let each = [socket("10.0.0.12:694"), socket("10.0.0.13:694")];
    assert!(beats(0).all(|to| *to == each), "{sent:?}");
}

#[test]
fn three_that_hear_a_group_alone_take_over_and_ask_each_for_itself() {
    let mut config = three();
    config.cluster.links.remove(0);
    config.cluster.links[0].multicast = Some(address("239.255.0.94"));
    let mut lab = Lab::new(config);
    lab.run(ms(3_000));
    assert!(lab.host("d1").kernel.addresses.contains_key(&vip()));
    lab.power_off("d1");
    let died = lab.now;
    lab.recorded.clear();
    lab.run(ms(400));
    assert!(lab.host("d2").kernel.addresses.contains_key(&vip()));
    let asks = lab.recorded.iter().filter_map(|(at, receiver, _, bytes)| {
        let beat = open(bytes, &lab.config.cluster.name, &Key::new(b"k")).ok()?;
        (beat.kind == Kind::Ask).then(|| (*at, beat.body.node.clone(), receiver.clone()))
    });
    let asked: BTreeSet<_> = asks
        .map(|(at, from, to)| {
            assert!(at > died);
            (from, to)
        })
        .collect();
    let wanted = [(node("d2"), node("d1")), (node("d3"), node("d1"))];
    assert_eq!(asked, wanted.into(), "who is heard is asked nothing");
    assert_eq!(lab.owners_max, 1);
}
