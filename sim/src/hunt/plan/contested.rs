//! A group that two want: the directors lose each other, and one of them the voter for a moment.

use super::super::Faults;
use super::super::case::{Line, Unit};
use super::super::settings::Settings;
use super::{LONGEST_MS, log_uniform, millis, pick};
use scenario::{Action, Cut, Extent, Heal, NodeKind, Scenario, Stream};
use std::time::Duration;

/// One plan of so many that have a voter.
const CONTESTED: u64 = 4;

/// Who is the owner and cannot ask loses the group after a term and gives it up by itself after a
/// deadtime: in between it comes back to a voter that has granted it to the other. Chance alone
/// would hardly cut just those paths for just that long.
pub(super) fn contested(scenario: &Scenario, settings: &Settings, seed: u64) -> Vec<Unit> {
    let mut stream = Stream::named(seed, "hunt/contested");
    let voter = scenario.nodes.iter().find(|node| matches!(node.kind, NodeKind::Voter { .. }));
    let (Some(voter), [one, other, ..]) = (voter, settings.directors.as_slice()) else {
        return Vec::new();
    };
    if stream.between(1, CONTESTED) > 1 || settings.faults != Faults::All {
        return Vec::new();
    }
    let begin = settings.ready + millis(stream.between(0, 10_000));
    let lasts = millis(log_uniform(&mut stream, 1_000, LONGEST_MS));
    let mut units = cuts(scenario, (one, other), begin, lasts);
    let pair = [one.clone(), other.clone()];
    let drawn = pick(&mut stream, &pair).cloned();
    let owner = settings.preferred.clone().filter(|_| stream.between(0, 3) > 0).or(drawn);
    let near = u64::try_from(settings.deadtime.as_millis()).unwrap_or(1_000);
    let from = begin + millis(stream.between(0, near));
    // Two fifths of a deadtime are about a term.
    let blind = millis(stream.between(near * 2 / 5, near * 2));
    let owner = owner.unwrap_or_default();
    units.extend(cuts(scenario, (&owner, &voter.name), from, blind));
    units
}

/// Cuts every path between two nodes for a while.
fn cuts(
    scenario: &Scenario,
    (one, other): (&str, &str),
    begin: Duration,
    lasts: Duration,
) -> Vec<Unit> {
    let ports = scenario.node(one).map(|node| node.ports.as_slice()).unwrap_or_default();
    let shared = ports
        .iter()
        .map(|port| &port.segment)
        .filter(|segment| scenario.node(other).is_some_and(|node| node.port(segment).is_some()));
    let unit = |segment: &String| {
        let extent = Extent::Between(one.to_owned(), other.to_owned());
        let cut = Cut { segment: segment.clone(), extent };
        let heal = Line { at: begin + lasts, action: Action::Heal(Heal::Of(cut.clone())) };
        Unit { lines: vec![Line { at: begin, action: Action::Cut(cut) }, heal] }
    };
    shared.map(unit).collect()
}
