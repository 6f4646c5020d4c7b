//! Where ldirectord and Heartbeat, told the same, mean something else.

use std::time::Duration;

use scenario::show_duration;

use super::super::source::{Failback, Kind, Service, Source};
use crate::stack::Stack;

use super::{literal, preferred, whole_seconds};

/// One sentence for each difference that these settings bring about.
pub(super) fn of(source: &Source) -> Vec<String> {
    let mut notes = vec![
        format!(
            "deadtime {}: the clock is looked at every 250 ms; a silent peer is not asked",
            show_duration(source.cluster.deadtime())
        ),
        format!(
            "start: it runs for {} before the scenario begins: heartbeats that start together wait \
             10 s before they take anything",
            show_duration(Stack::Ldirectord.head_start())
        ),
        "stop: ldirectord and the addresses are stopped one after the other, then the peer is told"
            .to_owned(),
        "table: ldirectord runs where the addresses are, so that a takeover begins with an empty \
         table, and servers have weight before they were checked"
            .to_owned(),
        "split: who finds the other alive again after its death, restarts, on both nodes"
            .to_owned(),
    ];
    notes.extend(failback(source));
    for (name, service) in &source.services {
        notes.extend(checks(name, service));
    }
    notes.extend(homeless(source));
    let mut left_out = source.left_out();
    left_out.extend(source.cluster.sync.iter().map(|_| "[cluster] sync".to_owned()));
    if !left_out.is_empty() {
        notes.push(format!("left out, having no equal: {}", left_out.join(", ")));
    }
    notes
}

fn failback(source: &Source) -> Option<String> {
    match (source.cluster.failback, source.cluster.failback_delay) {
        (Failback::Auto, Some(delay)) if !delay.0.is_zero() => {
            let owner = preferred(&source.nodes).unwrap_or_default();
            let delay = show_duration(delay.0);
            Some(format!("failback-delay {delay}: {owner} takes back as soon as it is back"))
        }
        _ => None,
    }
}

fn checks(name: &str, service: &Service) -> Vec<String> {
    let check = &service.check;
    let mut notes = vec![format!(
        "{name}: interval {}: {} s from the end of a round to the next; servers are asked one \
         after the other",
        show_duration(check.interval.0),
        whole_seconds(check.interval.0)
    )];
    if check.rise > 1 {
        notes.push(format!("{name}: rise {}: one good answer brings a server back", check.rise));
    }
    if let Some(expect) = check.expect.as_ref().filter(|_| check.kind == Kind::Http) {
        let pattern = literal(expect);
        notes.push(format!("{name}: expect {expect:?}: the regular expression {pattern:?}"));
    }
    let whole = Duration::from_secs(u64::try_from(whole_seconds(check.timeout.0)).unwrap_or(1));
    if whole != check.timeout.0 {
        let timeout = show_duration(check.timeout.0);
        notes.push(format!("{name}: timeout {timeout}: {}", show_duration(whole)));
    }
    notes
}

/// ldirectord is started with a group's addresses; who listens elsewhere is not served by anybody.
fn homeless(source: &Source) -> Vec<String> {
    let has_home = |service: &Service| {
        let groups = source.groups.values();
        groups.flat_map(|group| &group.addresses).any(|one| one.address == service.listen.ip())
    };
    let homeless = source.services.iter().filter(|(_, service)| !has_home(service));
    homeless
        .map(|(name, service)| format!("{name}: left out: no group holds {}", service.listen.ip()))
        .collect()
}
