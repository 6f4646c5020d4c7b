//! What the directors decided, without times: what two engines must have in common.

use crate::{Event, History, Names, Scenario};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// One decision of a director.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Decision {
    /// Who decided.
    pub node: String,
    /// About what: a group, a service and a server, or a service and the word `fallback`.
    pub subject: String,
    /// What it is from now on: a role, a server's state, or `in` and `out`.
    pub verdict: String,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.node, self.subject, self.verdict)
    }
}

/// The roles that directors took, the states that they gave to servers, and the coming and going of
/// their fallbacks, in time order.
pub fn decisions(scenario: &Scenario, history: &History) -> Vec<Decision> {
    let names = Names::of(scenario);
    let decision = |event: &Event| match event {
        Event::Role { node, group, role, .. } => {
            Some(Decision { node: node.clone(), subject: group.clone(), verdict: role.clone() })
        }
        Event::Server { node, service, server, state, .. } => Some(Decision {
            node: node.clone(),
            subject: format!("{} {}", names.service(service), names.server(server)),
            verdict: state.clone(),
        }),
        // Not its coming and going in the table: engines look at tables at times of their own.
        Event::Fallback { node, service, serving } => Some(Decision {
            node: node.clone(),
            subject: format!("{} fallback", names.service(service)),
            verdict: if *serving { "in" } else { "out" }.to_owned(),
        }),
        _ => None,
    };
    history.records().iter().filter_map(|record| decision(&record.event)).collect()
}

/// The verdicts in time order for each node and subject.
///
/// Two engines are compared by this: what two directors, or one director about two servers, decide
/// in the same millisecond has no order that must be kept.
pub fn by_subject(decisions: &[Decision]) -> BTreeMap<(String, String), Vec<String>> {
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for decision in decisions {
        let key = (decision.node.clone(), decision.subject.clone());
        found.entry(key).or_default().push(decision.verdict.clone());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{ms, scenario};

    #[test]
    fn only_roles_server_states_and_fallbacks_are_decisions_and_addresses_get_their_names() {
        let mut history = History::new("test", 1, ms(9_000));
        let server = |node: &str, server: &str, state: &str| Event::Server {
            node: node.into(),
            service: "10.0.0.100:80".into(),
            server: server.into(),
            state: state.into(),
            why: "a test".into(),
        };
        history.push(ms(1), server("d1", "10.0.0.21:80", "up"));
        history.push(ms(2), server("d2", "s1", "up"));
        let fallback =
            |serving| Event::Fallback { node: "d1".into(), service: "http".into(), serving };
        history.push(ms(6), fallback(true));
        history.push(ms(7), fallback(false));
        history.push(ms(3), Event::Note { node: None, text: "no decision".into() });
        history.push(ms(4), server("d1", "10.0.0.21", "down"));
        let why = String::new();
        let role = "active".to_owned();
        history.push(ms(5), Event::Role { node: "d1".into(), group: "web".into(), role, why });
        let found = decisions(&scenario(&[], &["pinned(web)"]), &history);
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        let wanted = [
            "d1: http s1 up",
            "d2: http s1 up",
            "d1: http s1 down",
            "d1: web active",
            "d1: http fallback in",
            "d1: http fallback out",
        ];
        assert_eq!(lines, wanted);
        let subjects = by_subject(&found);
        assert_eq!(subjects[&("d1".into(), "http s1".into())], ["up", "down"]);
        assert_eq!(subjects.len(), 4);
    }
}
