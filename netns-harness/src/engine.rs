//! The three ways to get a real kernel under a scenario.

use clap::ValueEnum;

use crate::doctor::{Missing, missing};

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

/// What came of the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// This one.
    Engine(Engine),
    /// The scenario is not meant for what was asked for; the text says so.
    NotMeant(String),
    /// This machine cannot; the text says why and what cures it.
    Impossible(String),
}

/// Which engine runs a scenario that names these engines.
pub(crate) fn choose(choice: Choice, named: &[scenario::Engine], with_ipvs: bool) -> Chosen {
    choose_by(choice, named, |engine| missing(engine, with_ipvs))
}

fn choose_by(
    choice: Choice,
    named: &[scenario::Engine],
    missing: impl Fn(Engine) -> Vec<Missing>,
) -> Chosen {
    let wanted: Vec<Engine> = match choice {
        Choice::Auto => Engine::ALL.to_vec(),
        Choice::Netns => vec![Engine::Netns],
        Choice::Uml => vec![Engine::Uml],
        Choice::Timetravel => vec![Engine::Timetravel],
    };
    let mut reasons = Vec::new();
    for engine in wanted.iter().copied().filter(|engine| named.contains(&engine.neutral())) {
        match missing(engine).as_slice() {
            [] => return Chosen::Engine(engine),
            list => reasons.push(explain(engine, list)),
        }
    }
    if reasons.is_empty() {
        let words: Vec<&str> = wanted.iter().map(|engine| engine.word()).collect();
        return Chosen::NotMeant(format!("the scenario does not name {}", words.join(" or ")));
    }
    Chosen::Impossible(reasons.join("; "))
}

fn explain(engine: Engine, list: &[Missing]) -> String {
    let parts: Vec<String> =
        list.iter().map(|missing| format!("{} ({})", missing.what, missing.cure)).collect();
    format!("engine {} cannot run on this machine: {}", engine.word(), parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_but(broken: &[Engine]) -> impl Fn(Engine) -> Vec<Missing> {
        move |engine| {
            let gap = Missing { what: "a kernel".into(), cure: "build it".into() };
            if broken.contains(&engine) { vec![gap] } else { Vec::new() }
        }
    }

    #[test]
    fn auto_takes_the_first_that_the_scenario_names_and_the_machine_can_run() {
        let named = [scenario::Engine::World, scenario::Engine::Uml, scenario::Engine::Netns];
        assert_eq!(choose_by(Choice::Auto, &named, all_but(&[])), Chosen::Engine(Engine::Netns));
        let chosen = choose_by(Choice::Auto, &named, all_but(&[Engine::Netns]));
        assert_eq!(chosen, Chosen::Engine(Engine::Uml));
    }

    #[test]
    fn what_cannot_be_is_told_apart_from_what_is_not_meant() {
        let named = [scenario::Engine::Netns];
        let chosen = choose_by(Choice::Auto, &named, all_but(&[Engine::Netns]));
        let reason = "engine netns cannot run on this machine: a kernel (build it)";
        assert_eq!(chosen, Chosen::Impossible(reason.into()));
        let chosen = choose_by(Choice::Uml, &named, all_but(&[]));
        assert_eq!(chosen, Chosen::NotMeant("the scenario does not name uml".into()));
    }
}
