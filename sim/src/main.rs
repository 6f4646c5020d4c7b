//! `director-sim`: scenario files in a deterministic world.

mod hunting;

use clap::{Parser, Subcommand, ValueEnum};
use director_sim::{BadInput, bench, campaign, run};
use scenario::{Exit, Outcomes, Run, Scenario, files, json, junit, text};
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs directors, real servers and clients in a deterministic world
///
/// Exit status: 0 everything held, 1 an expectation or invariant was violated, 2 the input is
/// wrong, 3 this machine cannot run it.
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
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Draw faults from many seeds, and shrink what fails
    Hunt(hunting::Hunting),
    /// Find the smallest part of a failing scenario that still fails
    Shrink(hunting::Shrinking),
    /// Measure how much faster than time the world runs
    Bench {
        /// Wall-clock milliseconds for each of the measurements
        #[arg(long, default_value_t = 2_000)]
        millis: u64,
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
        Command::Run { files, seed, seeds, format } => {
            let seeds = seeds.unwrap_or(seed..seed.saturating_add(1));
            run_files(&files, seeds, format, &mut out)
        }
        Command::Hunt(hunting) => hunting.run(&mut out),
        Command::Shrink(shrinking) => shrinking.run(&mut out),
        Command::Bench { millis } => match bench::report(millis) {
            Ok((report, fast)) => {
                out.extend(report.into_bytes());
                if fast { Ok(Exit::Held) } else { Ok(Exit::Violated) }
            }
            Err(wrong) => Err(wrong.to_string()),
        },
    };
    let exit = exit.unwrap_or_else(|problems| {
        eprintln!("{problems}");
        Exit::BadInput
    });
    // Who closes the pipe early has read enough.
    let _ = std::io::stdout().write_all(&out);
    ExitCode::from(exit.status())
}

fn run_files(
    arguments: &[PathBuf],
    seeds: Range<u64>,
    format: Format,
    out: &mut Vec<u8>,
) -> Result<Exit, String> {
    let scenarios = load(arguments)?;
    if seeds.end - seeds.start > 1 && format == Format::Text {
        let (report, exit) = campaign::report(&scenarios, seeds).map_err(|wrong| wrong.0)?;
        out.extend(report.into_bytes());
        return Ok(exit);
    }
    let runs: Result<Vec<Run>, BadInput> = scenarios
        .iter()
        .flat_map(|scenario| seeds.clone().map(move |seed| run(scenario, seed)))
        .collect();
    let runs = runs.map_err(|wrong| wrong.0)?;
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
