//! The three ways to get a real kernel under a scenario.

use clap::ValueEnum;

use crate::doctor::{Missing, missing};
use crate::failure::Failure;

/// What runs the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The lab's own user-mode kernel in simulated time: exact and repeatable.
    Timetravel,
    /// Namespaces of this machine's kernel, real time.
    Netns,
    /// The distribution's user-mode kernel, real time.
    Uml,
}

impl Engine {
    /// Every engine, the preferred one first.
    pub(crate) const ALL: [Self; 3] = [Self::Timetravel, Self::Netns, Self::Uml];

    /// The word on the command line and in reports.
    pub(crate) fn word(self) -> &'static str {
        self.neutral().word()
    }

    /// The same engine in the vocabulary of scenario files.
    pub(crate) fn neutral(self) -> scenario::Engine {
        match self {
            Self::Timetravel => scenario::Engine::Timetravel,
            Self::Netns => scenario::Engine::Netns,
            Self::Uml => scenario::Engine::Uml,
        }
    }
}

/// The engine as asked for on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// The first that this machine can run and the scenario names: timetravel, netns, uml.
    Auto,
    /// Network namespaces of this machine.
    Netns,
    /// Debian's user-mode kernel in real time.
    Uml,
    /// The lab's own kernel in simulated time.
    Timetravel,
}

/// Which engine runs a scenario that names these engines.
pub(crate) fn choose(
    choice: Choice,
    named: &[scenario::Engine],
    with_ipvs: bool,
) -> Result<Engine, Failure> {
    let fixed = match choice {
        Choice::Auto => None,
        Choice::Netns => Some(Engine::Netns),
        Choice::Uml => Some(Engine::Uml),
        Choice::Timetravel => Some(Engine::Timetravel),
    };
    if let Some(engine) = fixed {
        return match missing(engine, with_ipvs).as_slice() {
            [] => Ok(engine),
            list => Err(Failure::Unable(explain(engine, list))),
        };
    }
    let mut reasons = Vec::new();
    for engine in Engine::ALL.into_iter().filter(|engine| named.contains(&engine.neutral())) {
        match missing(engine, with_ipvs).as_slice() {
            [] => return Ok(engine),
            list => reasons.push(explain(engine, list)),
        }
    }
    Err(Failure::Unable(if reasons.is_empty() {
        "the scenario names none of the lab's engines: timetravel, netns, uml".into()
    } else {
        reasons.join("\n")
    }))
}

fn explain(engine: Engine, list: &[Missing]) -> String {
    let parts: Vec<String> =
        list.iter().map(|missing| format!("{} ({})", missing.what, missing.cure)).collect();
    format!("engine {} cannot run on this machine: {}", engine.word(), parts.join("; "))
}
