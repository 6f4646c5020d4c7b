//! One seed is one run.

mod common;

use common::Case;
use std::time::Duration;

fn stormy() -> Case {
    Case {
        timeline: &[
            "{6s..7s} cut hb",
            "{7s..9s} power-off d1",
            "{9s..10s} cut lan d2->gw",
            "{10s..11s} heal all",
            "{11s..12s} serve s1 hang",
            "{12s..13s} power-on d1",
            "{15s..16s} kill d2",
            "{16s..17s} start d2",
            "{17s..18s} power-off s2",
        ],
        length: 25,
        ..Case::default()
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_and_the_same_history() {
    for seed in 1..=5 {
        let run = || {
            let mut world = stormy().world(seed);
            world.run_until(Duration::from_secs(25));
            (world.trace(), world.events(), world.history().to_json().unwrap())
        };
        assert_eq!(run(), run(), "seed {seed}");
    }
}

#[test]
fn other_seeds_give_other_traces() {
    let traces: std::collections::BTreeSet<u64> = (1..=20)
        .map(|seed| {
            let mut world = stormy().world(seed);
            world.run_until(Duration::from_secs(8));
            world.trace()
        })
        .collect();
    assert_eq!(traces.len(), 20);
}

#[test]
fn a_clone_goes_on_as_the_original_does() {
    for at in [1, 8, 12] {
        let mut world = stormy().world(3);
        world.run_until(Duration::from_secs(at));
        let mut clone = world.clone();
        world.run_until(Duration::from_secs(20));
        clone.run_until(Duration::from_secs(20));
        assert_eq!(world.trace(), clone.trace());
        assert_eq!(world.history(), clone.history());
    }
}

#[test]
fn slicing_the_time_changes_nothing() {
    let mut whole = stormy().world(4);
    whole.run_until(Duration::from_secs(20));
    let mut sliced = stormy().world(4);
    for slice in 1..=2_000 {
        sliced.run_until(Duration::from_millis(slice * 10));
    }
    assert_eq!(whole.trace(), sliced.trace());
}

#[test]
fn one_more_client_does_not_change_what_the_directors_do_first() {
    let decisions = |nodes: String| {
        let history = Case { nodes, ..Case::default() }.history(5);
        let roles = history
            .records()
            .iter()
            .filter(|record| matches!(record.event, scenario::Event::Role { .. }));
        roles.map(|record| (record.at, record.event.clone())).collect::<Vec<_>>()
    };
    let more = format!(
        "{}[clients.more]\ntarget = \"10.0.0.100:80\"\nnew = \"7/s\"\nstart = \"6s\"\n",
        common::NODES
    );
    assert_eq!(decisions(common::NODES.to_owned()), decisions(more));
}
