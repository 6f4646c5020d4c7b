//! The whole shell on turmoil: it holds what the world holds, decides the same, and repeats itself.
//!
//! A few stories of each kind; CI plays all that name `turmoil`.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use director_sim::{run, shelled};
use scenario::{Run, RunResult, Scenario, by_subject, decisions, text};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

type Verdicts = BTreeMap<(String, String), Vec<String>>;

fn load(file: &str) -> Arc<Scenario> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(file);
    Arc::new(Scenario::load(&path).unwrap())
}

fn verdicts(run: &Run) -> Verdicts {
    let RunResult::Judged { history, .. } = &run.result else { panic!("not judged") };
    by_subject(&decisions(&run.scenario, history))
}

fn holds_as_in_the_world(file: &str) {
    let scenario = load(file);
    let here = shelled::run(&scenario, 7).unwrap();
    assert_eq!(here.word(), "held", "{}", text(std::slice::from_ref(&here)));
    let world = run(&scenario, 7).unwrap();
    assert_eq!(verdicts(&here), verdicts(&world), "{file}");
}

#[test]
fn a_power_loss_is_taken_over() {
    holds_as_in_the_world("failover/active-loses-power.toml");
}

#[test]
fn a_process_that_is_killed_and_started_again_adopts_its_kernel() {
    holds_as_in_the_world("failover/killed-and-restarted.toml");
}

#[test]
fn an_orderly_stop_hands_over() {
    holds_as_in_the_world("failover/active-is-stopped.toml");
}

#[test]
fn a_server_that_hangs_or_dies_is_found_and_comes_back() {
    holds_as_in_the_world("health/server-hangs.toml");
    holds_as_in_the_world("health/server-dies-and-returns.toml");
}

#[test]
fn a_reload_with_another_server_is_used() {
    holds_as_in_the_world("reload/server-is-added.toml");
}

#[test]
fn one_seed_gives_one_run() {
    let scenario = load("failover/active-is-stopped.toml");
    let trace = |seed| match shelled::run(&scenario, seed).unwrap().result {
        RunResult::Judged { history, .. } => history.to_json().unwrap(),
        _ => panic!("not judged"),
    };
    assert_eq!(trace(3), trace(3));
    assert_ne!(trace(3), trace(4));
}

#[test]
fn what_turmoil_cannot_do_is_skipped_with_the_reason() {
    let scenario = load("failover/owner-is-frozen.toml");
    let mut named = Scenario::clone(&scenario);
    named.engines.push(scenario::Engine::Turmoil);
    for (scenario, why) in
        [(scenario, "not for turmoil"), (Arc::new(named), "its hosts cannot stand still")]
    {
        let RunResult::Skipped { reason } = shelled::run(&scenario, 1).unwrap().result else {
            panic!("it was not skipped")
        };
        assert!(reason.contains(why), "{reason}");
    }
}
