//! How long directors sent connections to real servers that could not serve them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Names, State, replay};
use crate::{Behaviour, History, NodeKind, Scenario};

/// Over the run, for each real server: the time in which it did not serve, and somebody who held an
/// address had it in the table with weight.
///
/// The owner of any address counts for all of its services: with groups on different directors the
/// table of a standby must have no weight for a dead server either.
pub fn dead_time(scenario: &Scenario, history: &History, names: &Names<'_>) -> Duration {
    let mut since: BTreeMap<&str, Duration> = BTreeMap::new();
    let mut total = Duration::ZERO;
    replay(history, names, |now, state| {
        for server in servers(scenario) {
            match (is_exposed(scenario, names, state, server), since.remove(server)) {
                (true, before) => {
                    since.insert(server, before.unwrap_or(now));
                }
                (false, Some(before)) => total += now - before,
                (false, None) => {}
            }
        }
    });
    total + since.values().map(|before| history.end.saturating_sub(*before)).sum::<Duration>()
}

fn servers(scenario: &Scenario) -> impl Iterator<Item = &str> {
    let servers = scenario.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Server { .. }));
    servers.map(|node| node.name.as_str())
}

fn is_exposed(scenario: &Scenario, names: &Names<'_>, state: &State, server: &str) -> bool {
    let serves = state.is_on(server) && state.behaviour(server) == Some(Behaviour::Ok);
    let facts = names.facts();
    let owns = |node: &str| {
        facts.addresses.iter().any(|address| state.owners(*address).any(|owner| owner == node))
    };
    let sends = |node: &str| {
        facts.services.keys().any(|service| {
            state.destination(node, service, server).is_some_and(|found| found.weight > 0)
        })
    };
    !serves && scenario.directors().any(|(node, _)| owns(&node.name) && sends(&node.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    const TEXT: &str = r#"
        title   = "a test"
        why     = "a dead server costs connections"
        length  = "9s"
        engines = ["timetravel"]
        timeline = ["2s serve s1 hang", "6s serve s1 ok"]
        expect = ["always owners(10.0.0.100) <= 1"]
        [nodes.d1]
        kind = "director"
        lan  = "10.0.0.11/24"
        config = "pair.toml"
        [nodes.s1]
        kind  = "server"
        lan   = "10.0.0.21/24"
        serve = "http 80 ok"
    "#;
    const CONFIG: &str = "[groups.web]\naddresses = [\"10.0.0.100/24 on lan\"]\n\
                          [services.http]\nlisten = \"10.0.0.100:80\"\n";

    #[test]
    fn counts_from_the_fault_to_the_weight_or_the_cure() {
        let read = |_: &str| Ok(CONFIG.to_owned());
        let scenario = Scenario::parse("a.toml", TEXT, &read).unwrap_or_else(|e| panic!("{e}"));
        let mut history = History::new("timetravel", 1, scenario.length);
        let table = |weight| Event::Table {
            node: "d1".into(),
            service: "http".into(),
            server: "s1".into(),
            weight: Some(weight),
            fallback: false,
        };
        let said = |index: usize| Event::Statement { index, text: String::new() };
        let held =
            Event::Address { node: "d1".into(), address: [10, 0, 0, 100].into(), held: true };
        for (second, event) in
            [(0, held), (1, table(1)), (2, said(0)), (4, table(0)), (5, table(1)), (6, said(1))]
        {
            history.push(Duration::from_secs(second), event);
        }
        let names = Names::of(&scenario);
        assert_eq!(dead_time(&scenario, &history, &names), Duration::from_secs(3));
    }
}
