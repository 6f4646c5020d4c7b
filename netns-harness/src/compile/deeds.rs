//! What each statement of the timeline does to switches and nodes.

use std::collections::BTreeSet;

use scenario::{Action, Faults, Scenario};

use super::{Surroundings, configuration, orders, tamper, wires};
use crate::failure::Failure;
use crate::plan::{Deed, Node, Order, Step};
use crate::stack::Stack;
use crate::translate::{ConfigText, DIRECTOR_FILE};

/// The steps of a run in time order, each with the complete state of the wires where it changes
/// them.
pub(crate) fn steps(
    scenario: &Scenario,
    nodes: &[Node],
    around: &Surroundings<'_>,
) -> Result<Vec<Step>, Failure> {
    let mut faults = Faults::default();
    let mut paused = BTreeSet::new();
    let steps = scenario.schedule(around.seed).into_iter().map(|entry| {
        let action = &entry.action;
        faults.apply(scenario, action);
        match action {
            Action::Pause { node } => {
                paused.insert(node.clone());
            }
            Action::Resume { node } | Action::PowerOff { node } => {
                paused.remove(node);
            }
            _ => {}
        }
        let wires = Deed::Wires(wires::of(&faults, &paused, nodes));
        Ok(Step {
            at: entry.at,
            index: entry.index,
            text: action.to_string(),
            deeds: deeds(scenario, action, wires, around)?,
        })
    });
    steps.collect()
}

/// What a statement does; `wires` is how they are from then on.
fn deeds(
    scenario: &Scenario,
    action: &Action,
    wires: Deed,
    around: &Surroundings<'_>,
) -> Result<Vec<Deed>, Failure> {
    let order = |node: &String, order: Order| Deed::Order(node.clone(), order);
    Ok(match action {
        // A paused node that loses power is not in anybody's way at its next start.
        Action::PowerOff { node } => vec![Deed::PowerOff(node.clone()), wires],
        Action::PowerOn { node } => vec![Deed::PowerOn(node.clone()), wires],
        Action::Stop { node } => vec![order(node, Order::Stop)],
        Action::Handover { node } => vec![order(node, Order::Handover)],
        Action::Order { node, order: what } => {
            ours_alone(scenario, action, around)?;
            let words = orders::words(scenario, node, what).map_err(Failure::Input)?;
            vec![order(node, Order::Operate(words))]
        }
        Action::Start { node } => vec![order(node, Order::Start)],
        Action::Kill { node } => vec![order(node, Order::Kill)],
        Action::Serve { node, behaviour } => vec![order(node, Order::Serve((*behaviour).into()))],
        Action::Reload { node, config } => {
            let files = configuration(scenario, node, config, around.stack)?;
            vec![order(node, Order::Reload(files))]
        }
        Action::ReloadRefused { node, config } => {
            ours_alone(scenario, action, around)?;
            let file = ConfigText::open(DIRECTOR_FILE, config.text.clone());
            vec![order(node, Order::Reload(vec![file]))]
        }
        Action::Exhaust { node, resource } => {
            vec![order(node, Order::Exhaust((*resource).into()))]
        }
        Action::Replenish { node, resource } => {
            vec![order(node, Order::Replenish((*resource).into()))]
        }
        Action::Forget { segment } => vec![Deed::Forget(segment.clone())],
        Action::Clock(leap) => {
            let by = i64::try_from(leap.by.as_nanos()).unwrap_or(i64::MAX);
            vec![Deed::Clock(if leap.back { -by } else { by })]
        }
        Action::Cut(_)
        | Action::Heal(_)
        | Action::Impair(_)
        | Action::Unplug { .. }
        | Action::Plug { .. } => vec![wires],
        Action::Freeze { node } => vec![order(node, Order::Freeze)],
        Action::Thaw { node } => vec![order(node, Order::Thaw)],
        // Nothing gets out of a machine that stands still; what arrives waits at its network card.
        Action::Pause { node } => vec![wires, order(node, Order::Pause)],
        Action::Resume { node } => vec![wires, order(node, Order::Resume)],
        Action::Tamper { node, deed } => {
            let commands = tamper::commands(scenario, node, deed).map_err(Failure::Input)?;
            vec![order(node, Order::Tamper(commands))]
        }
        // `lacking` has refused them before there is a plan.
        Action::Slow { .. } | Action::Skew { .. } | Action::Netlink { .. } => Vec::new(),
    })
}

/// Another stack understands neither our files nor our orders.
fn ours_alone(
    scenario: &Scenario,
    action: &Action,
    around: &Surroundings<'_>,
) -> Result<(), Failure> {
    if around.stack == Stack::Director {
        return Ok(());
    }
    let word = around.stack.word();
    let text = format!("{}: {word} reads another language", scenario.file);
    Err(Failure::Input(format!("{text}: `{action}` is for our director")))
}
