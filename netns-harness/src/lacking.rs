//! Words of the scenario grammar that a real kernel is not made to do here.

use scenario::{Action, NodeKind, Resource, Scenario, Software, When};

use crate::database;
use crate::doctor::{Missing, in_path};
use crate::engine::Engine;

/// Why a scenario cannot be played; `None` when every statement can be carried out.
pub(crate) fn of(scenario: &Scenario) -> Option<String> {
    scenario.timeline.iter().find_map(|statement| {
        let text = &statement.text;
        if matches!(statement.when, When::Upon { .. }) {
            return Some(format!("`{text}` waits for a condition, which the lab cannot"));
        }
        match &statement.action {
            Action::Slow { .. } => {
                Some(format!("`{text}`: computing takes no time here, or as long as it takes"))
            }
            Action::Skew { .. } => {
                Some(format!("`{text}`: all nodes have one kernel and its clock"))
            }
            Action::Netlink { .. } => Some(format!("`{text}`: a real kernel has no such moods")),
            _ => None,
        }
    })
}

/// What a kernel of this engine cannot be made to do.
pub(crate) fn on(engine: Engine, scenario: &Scenario) -> Option<String> {
    let wanted = scenario.timeline.iter().find(|statement| {
        matches!(&statement.action, Action::Exhaust { resource: Resource::Modules, .. })
    })?;
    let why = match engine {
        Engine::Uml => return None,
        Engine::Timetravel => "the kernel in simulated time has no modules, all is built in",
        Engine::Netns => "the modules are those of this machine",
    };
    Some(format!("`{}`: {why}", wanted.text))
}

/// The programs that are missing here and that this scenario wants beside those of every other.
pub(crate) fn programs(scenario: &Scenario) -> Option<Missing> {
    let apache = scenario.nodes.iter().any(|node| match &node.kind {
        NodeKind::Server { serve, .. } | NodeKind::Director { serve, .. } => {
            serve.iter().any(|serve| serve.software == Software::Apache)
        }
        NodeKind::Router | NodeKind::Client | NodeKind::Voter { .. } => false,
    });
    if apache && !in_path("apache2") {
        let cure = "apt-get install apache2-bin".to_owned();
        return Some(Missing { what: "apache2".to_owned(), cure });
    }
    if scenario.nodes.iter().any(database::is_on) { database::missing() } else { None }
}
