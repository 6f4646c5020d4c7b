//! Where keepalived, told the same, means something else.

use std::time::Duration;

use scenario::show_duration;

use super::super::source::{Failback, Service, Source};
use super::{down_adverts, literal};

/// One sentence for each difference that these settings bring about.
pub(super) fn of(source: &Source) -> Vec<String> {
    let mut notes = vec![dead(source)];
    notes.extend(one_path(source));
    notes.push(
        "stop: the peer takes over its skew time after the adverts' farewell; nothing is handed \
         over"
            .to_owned(),
    );
    notes.extend(failback(source));
    notes.push(
        "vrrp_higher_prio_send_advert stays off, as delivered: a winner that never lost the role \
         does not announce itself again"
            .to_owned(),
    );
    for (name, service) in &source.services {
        notes.extend(checks(name, service));
    }
    let mut left_out = source.cluster.start_and_port();
    left_out.extend(source.cluster.finer_sync());
    left_out.extend(source.left_out());
    if !left_out.is_empty() {
        notes.push(format!("left out, having no equal: {}", left_out.join(", ")));
    }
    notes
}

/// Version 3 of the protocol: adverts and the skew of the priority (RFC 5798 §6.1).
fn dead(source: &Source) -> String {
    let advert = source.cluster.keepalive.0;
    let adverts = down_adverts(source);
    let count = u32::try_from(adverts).unwrap_or(u32::MAX);
    let times = source.nodes.iter().map(|(name, node)| {
        let skew = advert * (256 - u32::from(node.priority)) / 256;
        let micros = (advert * count + skew).as_micros();
        let rounded = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        format!("{name} {}", show_duration(rounded))
    });
    let times: Vec<String> = times.collect();
    format!(
        "deadtime {}: {adverts} adverts and a skew by priority, which is {}; a silent peer is not \
         asked",
        show_duration(source.cluster.deadtime()),
        times.join(" and ")
    )
}

fn one_path(source: &Source) -> Option<String> {
    let links: Vec<&str> =
        source.cluster.links.iter().map(|link| link.interface.as_str()).collect();
    let carry = source.groups.values().filter_map(|group| group.addresses.first());
    let mut carry: Vec<&str> = carry.map(|address| address.interface.as_str()).collect();
    carry.sort_unstable();
    carry.dedup();
    (links != carry).then(|| {
        format!(
            "links {}: adverts go by multicast over {} only; an instance has one path",
            links.join(" and "),
            carry.join(" and ")
        )
    })
}

fn failback(source: &Source) -> Option<String> {
    match source.cluster.failback {
        Failback::Manual => Some(
            "failback manual: nopreempt; the role moves back when its holder stops, on no command"
                .to_owned(),
        ),
        Failback::Auto => source.cluster.failback_delay.map(|delay| {
            format!(
                "failback-delay {}: preempt_delay; after it the lower priority's adverts are \
             ignored \
                 and the time of missed adverts is waited for as well",
                show_duration(delay.0)
            )
        }),
    }
}

fn checks(name: &str, service: &Service) -> Vec<String> {
    let check = &service.check;
    let mut notes = Vec::new();
    if check.rise > 1 {
        notes.push(format!("{name}: rise {}: one good answer brings a server back", check.rise));
    }
    if let Some(expect) = &check.expect {
        let pattern = literal(expect);
        notes.push(format!("{name}: expect {expect:?}: the regular expression {pattern:?}"));
    }
    notes.push(format!(
        "{name}: fall {}: as many attempts, each next one {} after the end of a failed one",
        check.fall,
        show_duration(check.interval.0)
    ));
    if check.timeout.0 > Duration::ZERO {
        notes.push(format!(
            "{name}: timeout {}: for the connection and again for each part of the answer, not \
             for the whole",
            show_duration(check.timeout.0)
        ));
    }
    notes
}
