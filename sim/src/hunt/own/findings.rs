//! What no run is needed for: what can never fail over, and what will hurt.

use super::topology::Derived;
use crate::run::BadInput;
use director_config::{Texts, Trap, warnings};
use director_core::config::Config;
use serde::Serialize;

/// Something about the configuration that no failover helps against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether something can never fail over because of it; else it costs something else.
    pub never: bool,
    /// What, and where.
    pub what: String,
    /// What to do.
    pub cure: String,
}

/// Traps that keep something from ever being taken over.
const NEVER: [Trap; 5] =
    [Trap::CannotFailOver, Trap::OneLink, Trap::NoWitness, Trap::OneServer, Trap::NobodyServes];

pub(super) fn of(derived: &Derived, texts: &Texts) -> Result<Vec<Finding>, BadInput> {
    let config = &derived.config;
    let mut found = without_fallback(config);
    let found_traps = warnings(config, texts).warnings.into_iter().map(|warning| {
        let file = warning.file.as_deref().unwrap_or(texts.file());
        Finding {
            never: NEVER.contains(&warning.trap),
            what: format!("{} ({file}:{}): {}", warning.trap, warning.line, warning.message),
            cure: warning.trap.cure().to_owned(),
        }
    });
    found.extend(found_traps);
    found.sort_by_key(|finding| !finding.never);
    Ok(found)
}

fn without_fallback(config: &Config) -> Vec<Finding> {
    let services = config.services.iter();
    let bare =
        services.filter(|(_, service)| service.fallback.is_none() && service.servers.len() > 1);
    bare.map(|(name, _)| Finding {
        never: false,
        what: format!("service {name} has no fallback: when its last server fails, nobody answers"),
        cure: "Add fallback = \"127.0.0.1:80\" and something that says sorry there.".to_owned(),
    })
    .collect()
}
