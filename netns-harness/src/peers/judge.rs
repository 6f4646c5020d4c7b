//! What of a scenario's expectations can be asked of another stack than ours.

use scenario::{Claim, Condition, Ruling, Scenario, Verdict};

use crate::stack::Stack;

/// Takes the rulings back that rest on what only our daemon says.
///
/// Addresses, neighbours, tables and connections are the kernel's and the clients' to tell; a role
/// is a word of the director's.
pub(crate) fn leave_out(scenario: &Scenario, stack: Stack, verdict: &mut Verdict) {
    if stack == Stack::Director {
        return;
    }
    let reason =
        format!("role() is what a director prints, and {} has no such roles", stack.word());
    for (expectation, judged) in scenario.expectations.iter().zip(&mut verdict.expectations) {
        if claim_asks_for_role(&expectation.claim) {
            judged.ruling = Ruling::NotJudged { reason: reason.clone() };
        }
    }
}

fn claim_asks_for_role(claim: &Claim) -> bool {
    match claim {
        Claim::Always { condition, .. }
        | Claim::Never { condition, .. }
        | Claim::Eventually { condition }
        | Claim::Sometimes { condition }
        | Claim::At { condition, .. }
        | Claim::Within { condition, .. } => asks_for_role(condition),
        Claim::Measure { .. } | Claim::Pinned { .. } | Claim::Returned { .. } => false,
    }
}

fn asks_for_role(condition: &Condition) -> bool {
    match condition {
        Condition::And(one, other) | Condition::Or(one, other) => {
            asks_for_role(one) || asks_for_role(other)
        }
        Condition::Not(inner) => asks_for_role(inner),
        Condition::Role { .. } => true,
        Condition::Owner { .. }
        | Condition::Owners { .. }
        | Condition::Arp { .. }
        | Condition::Weight { .. }
        | Condition::Absent { .. }
        | Condition::Fallback { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        title   = "a test"
        why     = "roles are ours alone"
        length  = "9s"
        engines = ["timetravel"]
        expect = [
          "always owners(10.0.0.100) <= 1",
          "within 5s of start owner(10.0.0.100) = d1 or role(d1, web) = active",
        ]
        [nodes.d1]
        kind = "director"
        lan  = "10.0.0.11/24"
        config = "pair.toml"
    "#;

    #[test]
    fn only_what_asks_for_a_role_is_not_judged_and_only_of_a_peer() {
        let config = "[groups.web]\naddresses = [\"10.0.0.100/24 on lan\"]\n";
        let read = |_: &str| Ok(config.to_owned());
        let scenario = Scenario::parse("a.toml", TEXT, &read).unwrap_or_else(|e| panic!("{e}"));
        let history = scenario::History::new("timetravel", 1, scenario.length);
        let open = |stack| {
            let mut verdict = scenario::judge(&scenario, &history);
            leave_out(&scenario, stack, &mut verdict);
            let rulings = verdict.expectations.into_iter().map(|judged| judged.ruling);
            rulings.map(|it| matches!(it, Ruling::NotJudged { .. })).collect::<Vec<_>>()
        };
        assert_eq!(open(Stack::Director), [false, false]);
        assert_eq!(open(Stack::Keepalived), [false, true]);
    }
}
