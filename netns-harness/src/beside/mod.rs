//! `director-lab beside`: the same scenarios in the simulator and on a kernel, side by side.

mod compare;
pub(crate) mod text;
mod world;

use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use scenario::{Ruling, Run, RunResult, Scenario};
use serde::Serialize;

use crate::engine::Choice;
use crate::failure::Failure;
use crate::play::{Settings, play};
use crate::process::Interrupt;
use crate::run::load;
use crate::stack::Stack;
pub(crate) use compare::Figures;
use compare::{Comparison, Pair, Side};
use world::Simulator;

/// What `beside` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Beside {
    /// Scenario files, or folders that have some.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The simulator; it is called as `PROGRAM run FILE --seed N --format json`.
    #[arg(long, value_name = "PROGRAM")]
    sim: PathBuf,
    /// The program that is run on every director of the lab.
    #[arg(long, value_name = "BINARY")]
    director: PathBuf,
    /// The kernel.
    #[arg(long, value_enum, default_value = "timetravel")]
    engine: Choice,
    /// The seeds from A on, up to and without B.
    #[arg(long, value_name = "A..B", default_value = "1..2", value_parser = seeds)]
    seeds: Range<u64>,
    /// How the comparison is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// The formats of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables for people.
    Text,
    /// For programs.
    Json,
}

#[derive(Serialize)]
struct Document<'a> {
    scenarios: &'a [Comparison],
    exit_status: u8,
}

/// Runs everything twice and prints the comparison; the number is the exit status.
pub(crate) fn run(request: &Beside) -> Result<u8, Failure> {
    let interrupt = Interrupt::install()?;
    let simulator = Simulator::find(&request.sim)?;
    let mut comparisons = Vec::new();
    for scenario in load(&request.files)? {
        let mut pairs = Vec::new();
        for seed in request.seeds.clone() {
            pairs.push(pair(&scenario, seed, request, &simulator, &interrupt)?);
        }
        comparisons.push(Comparison::of(&scenario, pairs));
    }
    let status = compare::exit(&comparisons);
    match request.format {
        Format::Text => print!("{}", text::text(&comparisons)),
        Format::Json => {
            let document = Document { scenarios: &comparisons, exit_status: status };
            let text = serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)?;
            println!("{text}");
        }
    }
    Ok(status)
}

fn pair(
    scenario: &Scenario,
    seed: u64,
    request: &Beside,
    simulator: &Simulator,
    interrupt: &Interrupt,
) -> Result<Pair, Failure> {
    let began = Instant::now();
    let world = simulator.run(&scenario.file, seed, interrupt)?;
    let settings = Settings {
        engine: request.engine,
        seed,
        stack: Stack::Director,
        director: Some(&request.director),
        capture: false,
        keep: None,
        wall_limit: None,
    };
    let result = play(scenario, &settings, interrupt)?;
    let kernel = side(&Run { scenario: scenario.clone(), result });
    let wall = began.elapsed().as_secs_f64();
    eprintln!(
        "{}, seed {seed}: {} in the world, {} on the kernel, {wall:.1} s of wall time",
        scenario.file, world.result, kernel.result
    );
    Ok(Pair { seed, world, kernel })
}

/// A run of the lab as one side of the comparison.
fn side(run: &Run) -> Side {
    let mut side = Side { result: run.word().to_owned(), ..Side::default() };
    match &run.result {
        RunResult::Skipped { reason } | RunResult::Impossible { reason } => {
            side.remarks.push(reason.clone());
        }
        RunResult::Judged { history, verdict } => {
            for judged in verdict.all() {
                if let Ruling::Violated { facts, .. } = &judged.ruling {
                    side.remarks.push(format!("{}: {facts}", judged.text));
                }
            }
            let outages = verdict.clients.iter();
            side.outages =
                outages.map(|figures| (figures.client.clone(), figures.outage)).collect();
            side.decisions = scenario::decisions(&run.scenario, history);
        }
    }
    side
}

/// `A..B`, or `A` alone for that one seed.
pub(crate) fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |word: &str| {
        word.parse::<u64>().map_err(|error| format!("`{word}` is not a seed: {error}"))
    };
    let range = match text.split_once("..") {
        Some((first, end)) => number(first)?..number(end)?,
        None => {
            let one = number(text)?;
            one..one.checked_add(1).ok_or("a seed is less than 2^64 - 1")?
        }
    };
    if range.is_empty() { Err("no seed is in it; the end is exclusive".into()) } else { Ok(range) }
}

#[cfg(test)]
mod tests {
    use super::seeds;

    #[test]
    fn ranges_of_seeds_are_read_and_empty_ones_refused() {
        assert_eq!(seeds("1..6"), Ok(1..6));
        assert_eq!(seeds("7"), Ok(7..8));
        assert!(seeds("3..3").is_err());
        assert!(seeds("a..3").is_err());
        assert!(seeds(&u64::MAX.to_string()).is_err());
    }
}
