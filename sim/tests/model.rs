//! What happens in the world is what happens in a network with direct routing.

mod common;

use common::{CONFIG, Case, NODES, connections, holders, words};
use scenario::{Event, Outcome};

#[test]
fn connections_are_spread_over_the_servers_and_answered_by_them() {
    let history = Case::default().history(1);
    let seen = connections(&history, 5, 19);
    assert_eq!(seen.len(), 280);
    assert!(
        seen.iter().all(|(servers, outcome)| { servers.len() == 1 && *outcome == Outcome::Served })
    );
    let by_s1 = seen.iter().filter(|(servers, _)| servers == &["s1"]).count();
    assert!((130..=150).contains(&by_s1), "{by_s1}");
    assert_eq!(holders(&history), ["d1"]);
}

#[test]
fn a_server_without_the_address_on_lo_answers_nobody() {
    let nodes =
        NODES.replace("serve = \"http 80 ok OK\"", "serve = \"http 80 ok OK\"\nvip_on_lo = false");
    let history = Case { nodes, ..Case::default() }.history(1);
    let seen = connections(&history, 5, 18);
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|(_, outcome)| *outcome == Outcome::NoAnswer), "{seen:?}");
}

#[test]
fn without_any_usable_server_clients_are_refused() {
    let case = Case { timeline: &["6s serve s1 refuse", "6s serve s2 refuse"], ..Case::default() };
    let seen = connections(&case.history(1), 10, 19);
    assert!(!seen.is_empty());
    assert!(
        seen.iter()
            .all(|(servers, outcome)| { servers.is_empty() && *outcome == Outcome::Refused })
    );
}

#[test]
fn each_way_to_be_sick_is_recognised() {
    let cases: [(&'static [&'static str], &str); 5] = [
        (&["8s serve s1 refuse"], "connection refused"),
        (&["8s serve s1 hang"], "time was up while waiting for the answer"),
        (&["8s serve s1 error"], "status 503"),
        (&["8s serve s1 wrong"], "expected text not in"),
        (&["8s power-off s1"], "time was up while connecting"),
    ];
    for (timeline, why) in cases {
        let history = Case { timeline, ..Case::default() }.history(1);
        let downs: Vec<String> = history
            .records()
            .iter()
            .filter_map(|record| match &record.event {
                Event::Server { state, why, server, .. } if state == "down" => {
                    Some(format!("{server}: {why}"))
                }
                _ => None,
            })
            .collect();
        assert_eq!(downs.len(), 2, "{timeline:?}: {downs:?}");
        assert!(downs.iter().all(|down| down.contains(why) && down.contains("10.0.0.21")));
    }
}

#[test]
fn a_dead_server_is_unreachable_once_nobody_answers_arp_for_it() {
    let patient = CONFIG
        .replace("timeout = \"500ms\"", "timeout = \"5s\"")
        .replace("interval = \"1s\"", "interval = \"6s\"")
        .replace("fall = 2", "fall = 15");
    let case = Case {
        timeline: &["8s power-off s1"],
        config: patient.clone(),
        other: patient,
        length: 120,
        ..Case::default()
    };
    let words = words(&case.history(1));
    // First the entry is still believed, and the SYNs vanish.
    assert!(words.contains("time was up while connecting"));
    assert!(words.contains("server unreachable"));
}

#[test]
fn a_killed_director_leaves_its_kernel_forwarding_until_its_lease_is_over() {
    let case = Case { timeline: &["8s kill d1"], ..Case::default() };
    let history = case.history(1);
    assert_eq!(holders(&history), ["d2"]);
    let went = history.records().iter().find(
        |record| matches!(&record.event, Event::Address { node, held: false, .. } if node == "d1"),
    );
    // Killed at 8 s, renewed less than a quarter of ten seconds before.
    assert!((15_500..=18_000).contains(&went.unwrap().at.as_millis()), "{went:?}");
    let seen = connections(&history, 10, 19);
    assert!(seen.iter().all(|(_, outcome)| *outcome == Outcome::Served));
}

#[test]
fn a_director_that_starts_again_adopts_what_it_finds() {
    let case = Case { timeline: &["8s kill d1", "8.02s start d1"], ..Case::default() };
    let history = case.history(1);
    assert_eq!(holders(&history), ["d1"]);
    let changes = history.records().iter().filter(|record| {
        record.at.as_secs() >= 8
            && matches!(record.event, Event::Table { .. } | Event::Address { .. })
    });
    assert_eq!(changes.count(), 0);
}

#[test]
fn power_loss_empties_the_kernel_and_the_boot_starts_the_director() {
    let case = Case { timeline: &["8s power-off d1", "12s power-on d1"], ..Case::default() };
    let history = case.history(1);
    assert_eq!(holders(&history), ["d2"]);
    let text = words(&history);
    assert!(text.contains("has booted"));
    assert_eq!(text.matches("director d1 started").count(), 2);
    let broken = connections(&history, 5, 19);
    assert!(broken.iter().filter(|(_, outcome)| *outcome != Outcome::Served).count() <= 10);
}

#[test]
fn directors_with_different_keys_do_not_believe_each_other() {
    let other = CONFIG.replace("cluster.key", "another.key");
    let history = Case { other, ..Case::default() }.history(1);
    assert!(words(&history).contains("authentication does not fit our key"));
    assert!(words(&history).contains("takes nothing while packets from d1"));
    assert_eq!(holders(&history), ["d1"]);
}

#[test]
fn a_client_behind_the_router_is_served_by_way_of_it() {
    let wan = "[nodes.c1]\nkind = \"client\"\nwan = \"192.0.2.7/24\"\n[clients.far]\n\
               target = \"10.0.0.100:80\"\nnew = \"5/s\"\nstart = \"5s\"\nfrom = \"c1\"\n";
    let nodes =
        NODES.replace("lan = \"10.0.0.1/24\"", "lan = \"10.0.0.1/24\"\nwan = \"192.0.2.1/24\"");
    let nodes = format!("{nodes}{wan}");
    let case = Case { nodes, timeline: &["12s cut wan"], ..Case::default() };
    let history = case.history(1);
    let far = |from: u64, to: u64| {
        let records = history.records().iter();
        records
            .filter_map(|record| match &record.event {
                Event::Connection { client, start, outcome, .. }
                    if client == "far" && (from..to).contains(&start.as_secs()) =>
                {
                    Some(*outcome)
                }
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(far(5, 11), vec![Outcome::Served; 30]);
    assert!(!far(13, 18).is_empty());
    assert!(far(13, 18).iter().all(|outcome| *outcome == Outcome::NoAnswer));
}

#[test]
fn an_established_connection_is_reset_by_a_director_that_does_not_know_it() {
    let case = Case {
        timeline: &["6s serve s1 hang", "6s serve s2 hang", "6.9s stop d1"],
        nodes: NODES.replace("start = \"5s\"", "start = \"6.1s\"\ntimeout = \"4s\""),
        ..Case::default()
    };
    let seen = connections(&case.history(1), 6, 8);
    // What hangs stays with its server, whoever is active, until the client gives up.
    assert!(seen.iter().any(|(_, outcome)| *outcome == Outcome::Stalled), "{seen:?}");
}

#[test]
fn a_reload_changes_what_is_in_the_table() {
    let nodes = NODES.to_owned();
    let case = Case {
        timeline: &["8s reload d1 other.toml", "8s reload d2 other.toml"],
        other: CONFIG.to_owned(),
        nodes: nodes.replace("config = \"other.toml\"", "config = \"pair.toml\""),
        ..Case::default()
    };
    let heavier = CONFIG
        .replace("address = \"10.0.0.22\", weight = 1", "address = \"10.0.0.22\", weight = 9");
    let history = Case { other: heavier, ..case }.history(1);
    let weights: Vec<u32> = history
        .records()
        .iter()
        .filter_map(|record| match &record.event {
            Event::Table { node, server, weight: Some(weight), .. }
                if node == "d1" && server == "10.0.0.22:80" =>
            {
                Some(*weight)
            }
            _ => None,
        })
        .collect();
    assert_eq!(weights, [1, 9]);
}

#[test]
fn a_kill_can_fall_between_two_steps_and_the_next_life_finishes_the_work() {
    let case = Case { timeline: &["{1ms..25ms} kill d1", "1s start d1"], ..Case::default() };
    let mut changes = std::collections::BTreeSet::new();
    for seed in 1..=60 {
        let history = case.history(seed);
        let early = history.records().iter().filter(|record| {
            record.at.as_secs() < 1
                && matches!(&record.event,
                    Event::Table { node, .. } | Event::Address { node, .. } if node == "d1")
        });
        changes.insert(early.count());
        assert_eq!(holders(&history).len(), 1, "seed {seed}");
        let seen = connections(&history, 5, 19);
        assert!(seen.iter().all(|(_, outcome)| *outcome == Outcome::Served), "seed {seed}");
    }
    // Two servers and the address: killed before, amid and after them.
    assert!(changes.contains(&0) && changes.len() > 2, "{changes:?}");
}
