//! The hunt: plans are data, what holds holds, what fails is found and becomes small.

#![allow(clippy::unwrap_used, reason = "a test whose case cannot be made has failed")]

use director_sim::hunt::case::{Case, Line};
use director_sim::hunt::examine::examine;
use director_sim::hunt::kind::Kind;
use director_sim::hunt::{Faults, Hunt, shrink_file};
use scenario::{Action, Scenario};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

mod common;

fn hunt(seeds: std::ops::Range<u64>, jobs: usize) -> Hunt {
    Hunt { frame: None, seeds, limit: None, jobs, faults: Faults::All }
}

fn drawn(seed: u64) -> Case {
    hunt(1..2, 1).case(seed).unwrap()
}

fn scenario(timeline: &[&str], expect: &str) -> Scenario {
    let lines: Vec<String> = timeline.iter().map(|line| format!("  \"{line}\",\n")).collect();
    let text = format!(
        "title = \"a test\"\nwhy = \"a test\"\nlength = \"30s\"\nengines = [\"world\"]\n\
         timeline = [\n{}]\nexpect = [\"{expect}\"]\n{}",
        lines.concat(),
        common::NODES
    );
    let read = |_: &str| Ok(common::CONFIG.to_owned());
    Scenario::parse("test.toml", &text, &read).unwrap_or_else(|wrong| panic!("{wrong}"))
}

#[test]
fn a_seed_draws_one_plan_and_another_seed_another() {
    let texts: Vec<String> = (1..40).map(|seed| drawn(seed).text()).collect();
    let again: Vec<String> = (1..40).map(|seed| drawn(seed).text()).collect();
    assert_eq!(texts, again);
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len());
}

#[test]
fn whoever_sends_to_an_address_knows_its_owner_in_the_calm() {
    let mut seen = BTreeSet::new();
    for seed in 1..60 {
        let case = drawn(seed);
        for client in &case.scenario().unwrap().clients {
            let target = client.target.ip();
            let known = format!("arp({}, {target}) = ", client.from);
            assert!(case.text().contains(&known), "seed {seed} demands nothing of {target}");
            seen.insert(target.is_ipv6());
        }
    }
    assert_eq!(seen.len(), 2, "one family is never drawn");
}

#[test]
fn every_kind_of_fault_is_drawn() {
    let mut seen = BTreeSet::new();
    for seed in 1..60 {
        let case = drawn(seed);
        let scenario = case.scenario().unwrap();
        seen.extend(case.lines().iter().filter_map(|line| Kind::of(&scenario, &line.action)));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), Kind::ALL);
}

#[test]
fn random_sequences_of_what_directors_and_kernels_meet_end_as_configured() {
    let sequences = Hunt { faults: Faults::Kernel, ..hunt(1..121, 2) };
    let mut seen = BTreeSet::new();
    for seed in 1..60 {
        let case = sequences.case(seed).unwrap();
        let scenario = case.scenario().unwrap();
        seen.extend(case.lines().iter().filter_map(|line| Kind::of(&scenario, &line.action)));
    }
    assert!(seen.iter().all(|kind| kind.is_of_kernel()), "{seen:?}");
    assert_eq!(seen.len(), Kind::ALL.iter().filter(|kind| kind.is_of_kernel()).count());
    let summary = sequences.run(|_| ()).unwrap();
    assert!(summary.is_clean(), "{}", summary.text());
}

/// What happens at one moment and lasts no longer.
fn is_deed(action: &Action) -> bool {
    matches!(
        action,
        Action::Tamper { .. }
            | Action::Reload { .. }
            | Action::Handover { .. }
            // A clock that goes as it does breaks nothing.
            | Action::Skew { .. }
    )
}

#[test]
fn nothing_is_broken_after_the_last_line_of_a_plan() {
    for seed in 1..60 {
        let case = drawn(seed);
        for unit in &case.units {
            let (fault, undo) = match unit.lines.as_slice() {
                [fault, undo] => (fault, undo),
                [deed] if is_deed(&deed.action) => continue,
                _ => panic!("{unit:?}"),
            };
            assert!(fault.at < undo.at);
            // The configuration as it was undoes one that has a server less.
            let kind = Kind::of(&case.scenario().unwrap(), &undo.action);
            assert!(matches!(kind, None | Some(Kind::Reload)), "{unit:?}");
        }
    }
}

#[test]
fn a_written_case_is_the_same_case() {
    for seed in 1..40 {
        let case = drawn(seed);
        let read = case.scenario().unwrap();
        let again = Case::of(&read, seed);
        let lines: Vec<&Line> = case.lines();
        assert_eq!(again.lines(), lines);
        assert_eq!(again.text(), case.text());
        let (one, other) = (examine(&read, seed).unwrap(), again.scenario().unwrap());
        assert_eq!(one.trace, examine(&other, seed).unwrap().trace);
    }
}

#[test]
fn fifty_seeds_hold_and_the_report_is_the_same_on_one_thread_and_on_four() {
    let one = hunt(1..51, 1).run(|_| ()).unwrap();
    let four = hunt(1..51, 4).run(|_| ()).unwrap();
    assert!(one.is_clean(), "{}", one.text());
    assert_eq!(one.seeds, 50);
    assert_eq!(one.text(), four.text());
}

#[test]
fn a_hunt_ends_when_its_time_is_over() {
    let limit = Some(Duration::from_millis(100));
    let summary = Hunt { limit, ..hunt(1..u64::MAX, 2) }.run(|_| ()).unwrap();
    assert!(summary.seeds > 0);
}

#[test]
fn a_file_gives_topology_and_configuration() {
    let frame = scenario(&["10s power-off d1"], "pinned(web)");
    let hunt = Hunt { frame: Some(frame), ..hunt(1..11, 2) };
    let case = hunt.case(3).unwrap();
    assert!(case.lines().iter().all(|line| line.at != Duration::from_secs(10)));
    assert_eq!(case.scenario().unwrap().nodes.len(), 5);
    let summary = hunt.run(|_| ()).unwrap();
    assert!(summary.is_clean(), "{}", summary.text());
}

/// The expectation is false, and one of seven faults makes it so.
#[test]
fn a_planted_failure_shrinks_to_the_statement_that_it_needs() {
    let timeline = [
        "6.123s serve s1 wrong",
        "7s cut hb",
        "8.4s serve s1 ok",
        "9s heal hb",
        "11.321s power-off d1",
        "12s cut lan s2",
        "13s heal lan s2",
        "14s serve s2 hang",
        "15s kill d2",
        "15.1s start d2",
    ];
    let scenario = scenario(&timeline, "always not role(d1, web) = off");
    let failure = shrink_file(&scenario, 5).unwrap().unwrap();
    let shrunk = failure.shrunk.unwrap();
    let lines = shrunk.case.lines();
    assert_eq!(lines.len(), 1, "{}", shrunk.case.text());
    assert_eq!(lines[0].action, Action::PowerOff { node: "d1".to_owned() });
    assert_eq!(lines[0].at, Duration::from_secs(11), "times become round");
    let again = examine(&shrunk.case.scenario().unwrap(), 5).unwrap();
    assert!(again.broken.contains(&shrunk.broken), "the small case fails by the same rule");
}

#[test]
fn a_fault_is_shortened_and_keeps_what_undoes_it() {
    let timeline = ["10.777s serve s1 hang", "12s cut hb", "20.7s serve s1 ok", "21s heal hb"];
    let scenario =
        scenario(&timeline, "always weight(d1, http, s1) = 1 or not role(d1, web) = active");
    let shrunk = shrink_file(&scenario, 2).unwrap().unwrap().shrunk.unwrap();
    let lines = shrunk.case.lines();
    assert_eq!(lines.len(), 2, "{}", shrunk.case.text());
    assert!(lines[1].at - lines[0].at < Duration::from_secs(4), "{}", shrunk.case.text());
}

#[test]
fn what_holds_is_not_shrunk() {
    let scenario = scenario(&["10s power-off d1"], "pinned(web)");
    assert!(shrink_file(&scenario, 1).unwrap().is_none());
}

#[test]
fn a_hunt_without_a_common_configuration_is_refused() {
    let read = |name: &str| {
        Ok(common::CONFIG.replace("name = \"pair\"", &format!("name = \"{}\"", &name[..4])))
    };
    let text = format!(
        "title = \"t\"\nwhy = \"t\"\nlength = \"9s\"\nengines = [\"world\"]\n\
         expect = [\"pinned(web)\"]\n{}",
        common::NODES
    );
    let frame = Scenario::parse("test.toml", &text, &read).unwrap();
    let refused = Hunt { frame: Some(frame), ..hunt(1..3, 1) }.run(|_| ());
    assert!(refused.unwrap_err().0.contains("share one configuration"));
}

#[test]
fn a_rule_keeps_its_name_when_its_times_move() {
    let scenario = Arc::new(scenario(&["10s power-off d1"], "at 12s owner(10.0.0.100) = d1"));
    let broken = examine(&scenario, 1).unwrap().broken;
    assert_eq!(broken[0].rule(), "at … owner(10.0.0.100) = d1");
    assert_eq!(broken[0].family(), "owner");
}
