//! Words of the scenario grammar that a real kernel is not made to do here.

use scenario::{Action, Scenario, When};

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
            Action::Netlink { .. } => Some(format!("`{text}`: a real kernel has no such moods")),
            _ => None,
        }
    })
}
