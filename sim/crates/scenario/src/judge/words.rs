//! The facts behind a condition, in plain words.

use crate::{Condition, State};

/// What is the case, for each question of the condition once.
pub(super) fn facts(condition: &Condition, state: &State) -> String {
    let mut found = Vec::new();
    collect(condition, state, &mut found);
    found.join("; ")
}

fn collect(condition: &Condition, state: &State, found: &mut Vec<String>) {
    let fact = match condition {
        Condition::And(left, right) | Condition::Or(left, right) => {
            collect(left, state, found);
            return collect(right, state, found);
        }
        Condition::Not(inner) => return collect(inner, state, found),
        Condition::Owner { address, .. } | Condition::Owners { address, .. } => {
            format!("{address} is held by {}", joined(state.owners(*address)))
        }
        Condition::Arp { observer, address, .. } => match state.neighbour(observer, *address) {
            Some(owner) => format!("{observer} sends frames for {address} to {owner}"),
            None => format!("{observer} has no neighbour entry for {address}"),
        },
        Condition::Weight { node, service, server, .. }
        | Condition::Absent { node, service, server } => {
            match state.destination(node, service, server) {
                Some(found) => format!("{node} has {server} in {service}, weight {}", found.weight),
                None => format!("{node} does not have {server} in {service}"),
            }
        }
        Condition::Fallback { node, service } => {
            let has = if state.has_fallback(node, service) { "has" } else { "does not have" };
            format!("{node} {has} the fallback in {service}")
        }
        Condition::Role { node, group, .. } => {
            format!("{node} is {} for {group}", state.role(node, group).unwrap_or("of no role"))
        }
    };
    if !found.contains(&fact) {
        found.push(fact);
    }
}

/// `nobody`, `d1`, `d1 and d2`.
pub(super) fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") }
}
