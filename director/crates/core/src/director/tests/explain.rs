//! The causal chain behind a state.

use super::*;

fn explain(lab: &Lab, name: &str, subject: &str) -> String {
    let director = lab.hosts[&node(name)].director.as_ref().unwrap();
    let mut text = String::new();
    for found in director.explain(subject, lab.now) {
        text.push_str(&format!("{}: {}\n", found.subject, found.state));
        for cause in found.because {
            text.push_str(&format!("  {} ms ago: {}\n", cause.ago_ms, cause.text));
        }
        for check in found.checks {
            text.push_str(&format!("  checked {} ms ago: {}\n", check.ago_ms, check.text));
        }
    }
    text
}

#[test]
fn a_server_is_explained_by_its_checks_and_by_what_was_ordered() {
    let mut lab = Lab::new(config());
    lab.run(ms(4000));
    lab.sick = vec![socket("10.0.0.21:80")];
    lab.run(ms(6000));
    insta::assert_snapshot!(explain(&lab, "d1", "10.0.0.21"));
}

#[test]
fn a_takeover_is_explained_by_what_the_peer_did_not_say() {
    let mut lab = Lab::new(config());
    lab.run(ms(4000));
    lab.power_off("d1");
    lab.run(ms(1000));
    insta::assert_snapshot!(explain(&lab, "d2", "10.0.0.100"));
    assert!(explain(&lab, "d2", "d1").starts_with("node d1: dead; heard over 0 of 2 links\n"));
    assert_eq!(explain(&lab, "d2", "nobody"), "");
}

#[test]
fn a_long_story_does_not_grow_without_end() {
    let mut lab = Lab::new(config());
    for round in 0..60 {
        lab.sick = if round % 2 == 0 { vec![socket("10.0.0.21:80")] } else { vec![] };
        lab.run(ms(3000));
    }
    let lines = explain(&lab, "d1", "http/10.0.0.21:80").lines().count();
    assert!(lines <= 1 + 16 + 5, "{lines}");
    assert!(explain(&lab, "d1", "http").starts_with("service http: 2 of 2 servers get"));
}
