//! `director-sim`: scenario files in a deterministic world.

mod explaining;
mod hunting;
mod outputs;
mod powering;
mod replaying;

use clap::{Parser, Subcommand, ValueEnum};
use director_sim::{BadInput, Refusal, bench, campaign, false_takeovers, run, shelled};
use scenario::{Exit, Outcomes, Run, Scenario, files, json, junit, parse_duration, text};
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs directors, real servers and clients in a deterministic world
///
/// Exit status: 0 everything held, 1 an expectation or invariant was violated, 2 the input is
/// wrong, 3 this machine cannot run it, 4 a replay came out otherwise.
#[derive(Debug, Parser)]
#[command(name = "director-sim", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios and judge them
    Run {
        /// Scenario files, or folders with some below them
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// What every random choice is derived from
        #[arg(long, default_value_t = 1, conflicts_with = "seeds")]
        seed: u64,
        /// A range of seeds, the end exclusive: one line per scenario, and the story of what fails
        #[arg(long, value_parser = seeds, value_name = "A..B")]
        seeds: Option<Range<u64>>,
        /// What runs them
        #[arg(long, value_enum, default_value_t = Engine::World)]
        engine: Engine,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[command(flatten)]
        outputs: outputs::Outputs,
    },
    /// Draw faults from many seeds, and shrink what fails
    Hunt(hunting::Hunting),
    /// Find the smallest part of a failing scenario that still fails
    Shrink(hunting::Shrinking),
    /// Tell what led to what: a line for each step, a column for each node
    Explain(explaining::Explaining),
    /// Make a recorded director's decisions once more, and see that they are the same
    ///
    /// Exit status 4 when one is not.
    Replay(replaying::Replaying),
    /// Plant bugs and see whether the hunt finds them
    Power(powering::Powering),
    /// Measure how much faster than time the world runs
    Bench {
        /// Wall-clock milliseconds for each of the measurements
        #[arg(long, default_value_t = 2_000)]
        millis: u64,
    },
    /// Count how often a living owner is taken for dead on bad lines, beside rules of missed beats
    FalseTakeovers {
        /// Runs of each line and rule
        #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        seeds: u64,
        /// Simulated time of each run
        #[arg(long = "for", default_value = "600s", value_parser = parse_duration)]
        length: std::time::Duration,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One document
    Json,
    /// For continuous integration
    Junit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// The packet-level model, with the decisions alone
    World,
    /// turmoil's network, with the whole director but its kernel, and real HTTP servers
    Turmoil,
}

impl Engine {
    fn run(self, scenario: &Arc<Scenario>, seed: u64) -> Result<Run, BadInput> {
        match self {
            Self::World => run(scenario, seed),
            Self::Turmoil => shelled::run(scenario, seed),
        }
    }
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parsed = text.split_once("..").and_then(|(from, to)| {
        Some(from.trim().parse::<u64>().ok()?..to.trim().parse::<u64>().ok()?)
    });
    match parsed {
        Some(range) if !range.is_empty() => Ok(range),
        _ => Err(format!("`{text}` is not a range of seeds: write 1..101 for the first hundred")),
    }
}

fn main() -> ExitCode {
    let mut out = Vec::new();
    let exit = match Arguments::parse().command {
        Command::Run { files, seed, seeds, engine, format, outputs } => {
            let seeds = seeds.unwrap_or(seed..seed.saturating_add(1));
            run_files(&files, seeds, (engine, format), &outputs, &mut out)
        }
        Command::Hunt(hunting) => hunting.run(&mut out),
        Command::Shrink(shrinking) => shrinking.run(&mut out),
        Command::Explain(explaining) => explaining.run(&mut out),
        Command::Replay(replaying) => replaying.run(&mut out),
        Command::Power(powering) => powering.run(&mut out),
        Command::Bench { millis } => measured(bench::report(millis), &mut out),
        Command::FalseTakeovers { seeds, length } => {
            measured(false_takeovers::report(seeds, length), &mut out)
        }
    };
    let exit = exit.unwrap_or_else(|problems| {
        eprintln!("{problems}");
        Exit::BadInput
    });
    // Who closes the pipe early has read enough.
    let _ = std::io::stdout().write_all(&out);
    ExitCode::from(exit.status())
}

/// A table of figures, and whether they are as good as they must be.
fn measured(report: Result<(String, bool), Refusal>, out: &mut Vec<u8>) -> Result<Exit, String> {
    let (report, good) = report.map_err(|wrong| wrong.to_string())?;
    out.extend(report.into_bytes());
    Ok(if good { Exit::Held } else { Exit::Violated })
}

fn run_files(
    arguments: &[PathBuf],
    seeds: Range<u64>,
    (engine, format): (Engine, Format),
    outputs: &outputs::Outputs,
    out: &mut Vec<u8>,
) -> Result<Exit, String> {
    let scenarios = load(arguments)?;
    if seeds.end - seeds.start > 1 && format == Format::Text && !outputs.any() {
        let (report, exit) =
            campaign::report(&scenarios, seeds, |scenario, seed| engine.run(scenario, seed))
                .map_err(|wrong| wrong.0)?;
        out.extend(report.into_bytes());
        return Ok(exit);
    }
    let runs: Result<Vec<Run>, BadInput> = scenarios
        .iter()
        .flat_map(|scenario| seeds.clone().map(move |seed| engine.run(scenario, seed)))
        .collect();
    let runs = runs.map_err(|wrong| wrong.0)?;
    outputs.write(&runs)?;
    let report = match format {
        Format::Text => text(&runs),
        Format::Json => json(&runs).map_err(|wrong| format!("the report has no JSON: {wrong}"))?,
        Format::Junit => junit(&runs),
    };
    out.extend(report.into_bytes());
    Ok(Outcomes::of(&runs).exit())
}

/// Every scenario, or every problem of all of them.
fn load(arguments: &[PathBuf]) -> Result<Vec<Arc<Scenario>>, String> {
    let paths = files(arguments).map_err(|problems| problems.to_string())?;
    let (mut scenarios, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        match Scenario::load(&path) {
            Ok(scenario) => scenarios.push(Arc::new(scenario)),
            Err(wrong) => problems.push(wrong.to_string()),
        }
    }
    if problems.is_empty() { Ok(scenarios) } else { Err(problems.join("\n")) }
}
