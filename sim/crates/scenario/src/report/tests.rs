use crate::testkit::{ms, scenario};
use crate::*;

/// A takeover of 350 ms with reasons as directors give them, an expectation that fails, and one
/// that cannot be judged.
fn takeover() -> Run {
    let mut scenario = scenario(
        &["{10s..11s} power-off d1", "20s serve s1 wrong"],
        &[
            "within 1s of power-off d1 owner(10.0.0.100) = d2",
            "outage(web) <= 300ms",
            "within 1s of serve weight(d2, http, s1) = 0",
        ],
    );
    scenario.title = "a <takeover> & \"its\" report".to_owned();
    let mut history = History::new("world", 7, ms(15_000));
    let role = |node: &str, role: &str, why: &str| Event::Role {
        node: node.into(),
        group: "web".into(),
        role: role.into(),
        why: why.into(),
    };
    let vip = "10.0.0.100".parse().unwrap();
    let holds = |node: &str| Event::Address { node: node.into(), address: vip, held: true };
    let arp = |owner: &str| Event::Neighbour {
        observer: "gw".into(),
        address: vip,
        owner: Some(owner.into()),
    };
    let table = Event::Table {
        node: "d1".into(),
        service: "10.0.0.100:80".into(),
        server: "10.0.0.21:80".into(),
        weight: Some(1),
        fallback: false,
    };
    let server = Event::Server {
        node: "d1".into(),
        service: "http".into(),
        server: "s1".into(),
        state: "up".into(),
        why: "2 checks in a row were good".into(),
    };
    let peer = Event::Peer {
        node: "d2".into(),
        peer: "d1".into(),
        state: "dead".into(),
        why: "silent for 210 ms, and none of 10 questions over two links was answered".into(),
    };
    let text = "power-off d1".to_owned();
    for (at, event) in [
        (900, server),
        (900, table),
        (1_000, role("d1", "active", "nobody owns the group")),
        (1_000, role("d2", "standby", "d1 owns the group")),
        (1_001, holds("d1")),
        (1_002, arp("d1")),
        (10_500, Event::Statement { index: 0, text }),
        (10_800, peer),
        (10_801, role("d2", "active", "d1 died")),
        (10_802, holds("d2")),
        (10_803, arp("d2")),
    ] {
        history.push(ms(at), event);
    }
    for start in (5_000..14_000).step_by(50) {
        let client = "web".to_owned();
        let lost = (10_500..10_850).contains(&start);
        let (took, servers, outcome) = match lost {
            true => (1_000, Vec::new(), Outcome::NoAnswer),
            false => (1, vec![if start % 100 == 0 { "s1" } else { "s2" }.into()], Outcome::Served),
        };
        let (start, end) = (ms(start), ms(start + took));
        history.push(end, Event::Connection { client, start, servers, outcome, held: ms(0) });
    }
    let verdict = judge(&scenario, &history);
    Run { scenario, result: RunResult::Judged { history, verdict } }
}

pub(super) fn runs() -> Vec<Run> {
    let scenario = takeover().scenario;
    let skipped = RunResult::Skipped { reason: "meant for world, not for uml".into() };
    vec![takeover(), Run { scenario, result: skipped }]
}

#[test]
fn the_text_report() {
    insta::assert_snapshot!(text(&runs()));
}

#[test]
fn the_json_report() {
    insta::assert_snapshot!(json(&runs()).unwrap());
}

#[test]
fn the_junit_report() {
    insta::assert_snapshot!(junit(&runs()));
}

#[test]
fn the_same_runs_give_the_same_bytes() {
    assert_eq!(text(&runs()), text(&runs()));
    assert_eq!(json(&runs()).unwrap(), json(&runs()).unwrap());
    assert_eq!(junit(&runs()), junit(&runs()));
}

#[test]
fn the_exit_status_follows_the_worst_result() {
    let scenario = takeover().scenario;
    let run = |result| Run { scenario: scenario.clone(), result };
    let skipped = || run(RunResult::Skipped { reason: "no".into() });
    let impossible = || run(RunResult::Impossible { reason: "no kernel".into() });
    let status = |runs: &[Run]| Outcomes::of(runs).exit().status();
    let mut held = takeover();
    if let RunResult::Judged { verdict, .. } = &mut held.result {
        verdict.expectations.clear();
        verdict.invariants.clear();
    }
    assert_eq!(status(&[]), 0);
    assert_eq!(status(&[held.clone(), skipped()]), 0);
    assert_eq!(status(&[takeover(), skipped()]), 1);
    assert_eq!(status(&[held, impossible()]), 3);
    assert_eq!(status(&[takeover(), impossible()]), 1);
    assert_eq!(Exit::BadInput.status(), 2);
}
