//! The command `power`.

use clap::Args;
use scenario::Exit;

/// What `power` takes.
#[derive(Debug, Args)]
pub(crate) struct Powering {
    /// The bugs to plant, one after the other; all of them when none is named. With a rule, the bug
    /// is caught only when it breaks that one
    #[arg(value_name = "BUG[=RULE]")]
    bugs: Vec<String>,
    /// Seeds after which a bug counts as not caught
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// How many of a hundred must be caught
    #[arg(long, value_name = "PERCENT", default_value_t = 95)]
    #[arg(value_parser = clap::value_parser!(u8).range(..=100))]
    at_least: u8,
    /// Threads; as many as there are cores when left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Print the names of the bugs and what goes wrong with them
    #[arg(long)]
    list: bool,
}

#[cfg(not(feature = "planted-bugs"))]
impl Powering {
    pub(crate) fn run(self, _: &mut Vec<u8>) -> Result<Exit, String> {
        let Self { bugs, seeds, at_least, jobs, list } = self;
        let _unused = (bugs, seeds, at_least, jobs, list);
        eprintln!(
            "no bug can be planted in this build: cargo run --release -p director-sim \
             --features planted-bugs -- power"
        );
        Ok(Exit::CannotRun)
    }
}

#[cfg(feature = "planted-bugs")]
impl Powering {
    pub(crate) fn run(self, out: &mut Vec<u8>) -> Result<Exit, String> {
        use director_core::planted::Bug;
        use director_sim::power;
        use std::fmt::Write as _;

        let find = |text: &'_ str| {
            let (name, rule) = text.split_once('=').map_or((text, None), |(a, b)| (a, Some(b)));
            let found = Bug::ALL.iter().copied().find(|bug| bug.name() == name);
            let found = found.map(|bug| (bug, rule.map(str::to_owned)));
            found.ok_or_else(|| format!("there is no bug `{name}`: power --list names them all"))
        };
        let named = self.bugs.iter().map(|text| find(text));
        let named: Vec<(Bug, Option<String>)> = named.collect::<Result<_, String>>()?;
        let all = || Bug::ALL.iter().map(|bug| (*bug, None)).collect();
        let bugs = if named.is_empty() { all() } else { named };
        let mut text = String::new();
        if self.list {
            for (bug, _) in bugs {
                let _ = writeln!(text, "{:28} {}", bug.name(), bug.story());
            }
            out.extend(text.into_bytes());
            return Ok(Exit::Held);
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let jobs = self.jobs.map_or(cores, usize::from);
        let _ = writeln!(text, "{}", power::heading());
        let mut trials = Vec::new();
        for (bug, rule) in bugs {
            let sought = (bug, rule.as_deref());
            let trial = power::hunt(sought, 1..self.seeds + 1, jobs).map_err(|wrong| wrong.0)?;
            let line = power::line(&trial);
            eprintln!("{line}");
            let _ = writeln!(text, "{line}");
            trials.push(trial);
        }
        let (sum, percent) = power::sum(&trials);
        text.push_str(&sum);
        out.extend(text.into_bytes());
        let enough = percent >= usize::from(self.at_least);
        Ok(if enough { Exit::Held } else { Exit::Violated })
    }
}
