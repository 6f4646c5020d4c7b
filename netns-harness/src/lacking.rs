//! Words of the scenario grammar that a real kernel is not yet made to do here.

use scenario::{Action, Scenario, When};

/// Why a scenario cannot be played; `None` when every statement can be carried out.
pub(crate) fn of(scenario: &Scenario) -> Option<String> {
    scenario.timeline.iter().find_map(|statement| {
        let text = &statement.text;
        if matches!(statement.when, When::Upon { .. }) {
            return Some(format!("`{text}` waits for a condition: not modelled here"));
        }
        word(&statement.action).map(|word| format!("`{word}` in `{text}` is not modelled here"))
    })
}

fn word(action: &Action) -> Option<&'static str> {
    Some(match action {
        Action::Impair(_) => "impair",
        Action::Unplug { .. } => "unplug",
        Action::Plug { .. } => "plug",
        Action::Freeze { .. } => "freeze",
        Action::Thaw { .. } => "thaw",
        Action::Pause { .. } => "pause",
        Action::Resume { .. } => "resume",
        Action::Slow { .. } => "slow",
        Action::Netlink { .. } => "netlink",
        Action::Tamper { .. } => "tamper",
        Action::PowerOff { .. }
        | Action::PowerOn { .. }
        | Action::Stop { .. }
        | Action::Start { .. }
        | Action::Kill { .. }
        | Action::Serve { .. }
        | Action::Cut(_)
        | Action::Heal(_)
        | Action::Reload { .. } => return None,
    })
}
