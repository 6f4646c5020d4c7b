use super::*;
use crate::beside::text::text;

const SCENARIO: &str = r#"
title   = "a comparison"
why     = "two engines must agree"
length  = "4s"
engines = ["world", "timetravel"]
expect  = ["outage(web) <= 1s"]
[nodes.gw]
kind = "router"
lan  = "10.0.0.1/24"
[nodes.s1]
kind  = "server"
lan   = "10.0.0.21/24"
serve = "http 80 ok"
[clients.web]
target = "10.0.0.21:80"
new    = "20/s"
"#;

fn side(outage: u64, verdicts: &[&str]) -> Side {
    let decision = |verdict: &&str| Decision {
        node: "d1".into(),
        subject: "web".into(),
        verdict: (*verdict).to_owned(),
    };
    Side {
        result: "held".into(),
        remarks: Vec::new(),
        outages: [("web".to_owned(), Duration::from_millis(outage))].into(),
        decisions: verdicts.iter().map(decision).collect(),
    }
}

fn pair(seed: u64, world: Side, kernel: Side) -> Pair {
    Pair { seed, world, kernel }
}

fn comparison(pairs: Vec<Pair>) -> Comparison {
    let scenario = Scenario::parse("a.toml", SCENARIO, &|_| Err("none".into()));
    Comparison::of(&scenario.unwrap_or_else(|wrong| panic!("{wrong}")), pairs)
}

#[test]
fn near_means_and_the_same_decisions_agree() {
    let same = ["standby", "active"];
    let pairs = vec![
        pair(1, side(100, &same), side(160, &same)),
        pair(2, side(130, &same), side(120, &same)),
        pair(3, side(180, &same), side(140, &same)),
    ];
    let comparison = comparison(pairs);
    assert_eq!(exit(std::slice::from_ref(&comparison)), 0);
    insta::assert_snapshot!(text(&[comparison]));
}

#[test]
fn means_that_are_apart_are_a_violation() {
    let status = |world, kernel| {
        exit(&[comparison(vec![pair(1, side(world, &["active"]), side(kernel, &["active"]))])])
    };
    assert_eq!(status(100, 150), 0);
    assert_eq!(status(100, 151), 1);
    assert_eq!(status(1_100, 1_000), 0);
    assert_eq!(status(1_101, 1_000), 1);
}

#[test]
fn other_decisions_a_violation_and_a_run_that_was_not_are_told() {
    let mut violated = side(100, &["active"]);
    violated.result = "violated".into();
    violated.remarks = vec!["outage(web) <= 90ms: 100ms".into()];
    let mut impossible = Side { result: "impossible".into(), ..Side::default() };
    impossible.remarks = vec!["no kernel".into()];
    let pairs = vec![
        pair(1, side(100, &["active", "standby"]), side(100, &["active"])),
        pair(2, side(100, &[]), side(100, &["active"])),
        pair(3, side(100, &["active"]), violated),
        pair(4, side(100, &["active"]), impossible),
    ];
    let status = |pair: &Pair| exit(&[comparison(vec![pair.clone()])]);
    assert_eq!(pairs.iter().map(status).collect::<Vec<u8>>(), [1, 1, 1, 3]);
    insta::assert_snapshot!(text(&[comparison(pairs)]));
}

#[test]
fn what_is_skipped_is_counted_and_no_violation() {
    let skipped = || Side { result: "skipped".into(), ..Side::default() };
    let comparison = comparison(vec![pair(1, skipped(), skipped())]);
    assert_eq!(exit(std::slice::from_ref(&comparison)), 0);
    assert!(text(&[comparison]).contains("0 compared, 1 not compared"));
}
