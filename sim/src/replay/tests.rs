//! Each rule about ownership, kept and broken.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use super::judge::Judge;
use super::*;
use crate::bench::CONFIG;
use director_core::Effect;
use director_core::beat::{Beat, Body, Claim, Incarnation, Kind};
use director_core::config::{Digest, VirtualAddress};
use director_core::input::Reconciled;
use director_core::name::{GroupName, NodeName};
use director_core::observed::{Lifetime, Snapshot};
use director_core::plan::Ledger;
use director_core::report::{Report, Role, RoleCause};
use director_core::view::RivalView;
use std::collections::BTreeMap;

fn group() -> GroupName {
    GroupName::new("web").unwrap()
}

fn address() -> VirtualAddress {
    let config = director_config::parse("pair.toml", CONFIG).unwrap();
    config.groups[&group()].addresses.first().unwrap().clone()
}

fn found(holds: bool) -> Snapshot {
    let held = holds.then(|| (address(), Lifetime::Forever));
    Snapshot { addresses: held.into_iter().collect(), ..Snapshot::default() }
}

/// A director whose kernel holds, or does not hold, the address, and who looks at it.
fn case(holds: bool) -> (Director, Judge) {
    let beginning = Beginning {
        release: String::new(),
        node: NodeName::new("d2").unwrap(),
        seed: 1,
        at: Instant::ZERO,
        began: String::new(),
        config: Arc::new(director_config::parse("pair.toml", CONFIG).unwrap()),
        found: found(holds),
        ledger: Ledger::default(),
    };
    (beginning.director(), Judge::new(&beginning.found))
}

fn turn(cause: Cause) -> Turn {
    Turn { at: Instant::ZERO, cause, effects: Vec::new(), reports: Vec::new(), next: None }
}

fn role(from: Role, to: Role, why: RoleCause) -> Turn {
    let reports = vec![Report::Role { group: group(), from, to, why }];
    Turn { reports, ..turn(Cause::Told(Input::Deadline)) }
}

fn pass(holds: bool) -> Turn {
    let found = Ok(Arc::new(found(holds)));
    let result = Reconciled { number: 1, done: Vec::new(), failed: Vec::new(), found };
    turn(Cause::Told(Input::Reconciled(result)))
}

fn rules(judge: &Judge) -> Vec<&'static str> {
    judge.violations().iter().map(|one| one.rule).collect()
}

fn beat(sequence: u64, claim: Claim, at: Instant, director: &Director) -> Turn {
    let node = NodeName::new("d1").unwrap();
    let ours = director.view(at).incarnation;
    let body = Body {
        version: director_core::wire::heartbeat::VERSION,
        node,
        incarnation: Incarnation(7),
        config: Digest(0),
        heard: BTreeMap::from([(director.node().clone(), ours)]),
        claims: BTreeMap::from([(group(), claim)]),
        released: BTreeMap::new(),
        orders: Vec::new(),
    };
    let beat = Beat { kind: Kind::Regular, sequence, body: Arc::new(body) };
    Turn { at, ..turn(Cause::Told(Input::Beat { link: LinkId(0), beat })) }
}

#[test]
fn active_only_with_the_addresses() {
    for (holds, wanted) in [(true, &[][..]), (false, &["active-when-held"])] {
        let (director, mut judge) = case(!holds);
        judge.hears(1, &pass(holds), &director);
        judge.hears(2, &role(Role::Taking, Role::Active, RoleCause::AddressesHeld), &director);
        assert_eq!(rules(&judge), wanted);
    }
}

#[test]
fn free_only_without_them() {
    for (holds, wanted) in [(false, &[][..]), (true, &["free-when-released"])] {
        let (director, mut judge) = case(!holds);
        judge.hears(1, &pass(holds), &director);
        let why = RoleCause::AddressesReleased;
        judge.hears(2, &role(Role::Releasing, Role::Standby, why), &director);
        assert_eq!(rules(&judge), wanted);
    }
}

#[test]
fn announced_by_its_owner_alone() {
    let announces = || Turn {
        effects: vec![Effect::Announce { address: address() }],
        ..turn(Cause::Told(Input::Deadline))
    };
    let (director, mut judge) = case(true);
    judge.hears(1, &announces(), &director);
    assert_eq!(rules(&judge), ["owner-announces"], "it has just started, and listens");
    // What was due goes out before the address does, but not when that is gone.
    for (holds, wanted) in [(true, &[][..]), (false, &["owner-announces"])] {
        let (director, mut judge) = case(holds);
        let lost = role(Role::Active, Role::Releasing, RoleCause::Isolated);
        judge.hears(1, &Turn { reports: lost.reports, ..announces() }, &director);
        assert_eq!(rules(&judge), wanted);
    }
}

#[test]
fn taken_only_when_no_live_peer_may_hold_it() {
    for (claim, wanted) in [(Claim::Standby, &[][..]), (Claim::Active, &["taken-when-free"])] {
        let (mut director, mut judge) = case(false);
        let heard = beat(1, claim, Instant::ZERO, &director);
        let heard = Turn::of(&mut director, heard.cause, heard.at);
        judge.hears(1, &heard, &director);
        judge.hears(2, &role(Role::Standby, Role::Taking, RoleCause::NoOwner), &director);
        assert_eq!(rules(&judge), wanted);
    }
}

/// Somebody owns what another does, and hears it every so often.
fn heard_every(pause: Duration) -> Vec<&'static str> {
    let (director, mut judge) = case(true);
    let peer = NodeName::new("d1").unwrap();
    let mut at = Instant::ZERO;
    for line in 1..40 {
        let mut views = director.groups(at);
        views[0].rival = Some(RivalView { peer: peer.clone(), since_ms: 0 });
        judge.rivals(line, (&peer, at), (views, &director.config().cluster));
        at = at + pause;
    }
    rules(&judge)
}

#[test]
fn two_that_hear_each_other_settle_it() {
    assert_eq!(heard_every(Duration::from_millis(100)), ["rivals-settle"]);
    assert_eq!(heard_every(Duration::from_millis(10)), [""; 0], "there was time");
    assert_eq!(heard_every(Duration::from_millis(250)), [""; 0], "it was deaf in between");
}
