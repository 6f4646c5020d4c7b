//! `director-lab compare`: the same scenario once with each stack, side by side.

mod judge;
mod measure;
mod text;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use scenario::{Run, Scenario};
use serde::Serialize;

use crate::beside::seeds;
use crate::engine::Choice;
use crate::failure::Failure;
use crate::play::{Settings, play};
use crate::process::Interrupt;
use crate::run::load;
use crate::stack::Stack;
use crate::translate;
pub(crate) use judge::leave_out;
use measure::{Comparison, Played, Side};

/// What `compare` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Scenario files, or folders that have some.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What runs on the directors, one after the other.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "director,keepalived")]
    stacks: Vec<Stack>,
    /// Our program; needed where `director` is among the stacks.
    #[arg(long, value_name = "BINARY")]
    director: Option<PathBuf>,
    /// One seed.
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// The seeds from A on, up to and without B.
    #[arg(long, value_name = "A..B", default_value = "1..2", value_parser = seeds)]
    seeds: Range<u64>,
    /// The kernel.
    #[arg(long, value_enum, default_value = "timetravel")]
    engine: Choice,
    /// How the comparison is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Leaves the run directories here, as SCENARIO/STACK-SEED; a translated configuration is
    /// NODE.STACK.conf in them.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
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

/// Plays everything and prints the comparison; the number is the exit status.
pub(crate) fn run(request: &Compare) -> Result<u8, Failure> {
    let interrupt = Interrupt::install()?;
    let seeds = match request.seed {
        Some(seed) => vec![seed],
        None => request.seeds.clone().collect(),
    };
    let mut comparisons = Vec::new();
    for scenario in load(&request.files)? {
        let mut stacks = Vec::new();
        for stack in request.stacks.iter().copied() {
            let mut sides = Vec::new();
            for seed in seeds.iter().copied() {
                sides.push(side(&scenario, stack, seed, request, &interrupt)?);
            }
            stacks.push(Played::of(stack, notes(&scenario, stack), &scenario, sides));
        }
        comparisons.push(Comparison::of(&scenario, stacks));
    }
    let status = measure::exit(&comparisons);
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

fn side(
    scenario: &Scenario,
    stack: Stack,
    seed: u64,
    request: &Compare,
    interrupt: &Interrupt,
) -> Result<Side, Failure> {
    let began = Instant::now();
    let keep = request.keep.as_deref().map(|keep| folder(keep, scenario, stack, seed));
    let settings = Settings {
        engine: request.engine,
        seed,
        stack,
        director: request.director.as_deref(),
        capture: false,
        keep: keep.as_deref(),
        wall_limit: None,
    };
    let result = play(scenario, &settings, interrupt)?;
    let run = Run { scenario: scenario.clone(), result };
    let (word, wall) = (run.word(), began.elapsed().as_secs_f64());
    eprintln!("{}, {}, seed {seed}: {word}, {wall:.1} s of wall time", scenario.file, stack.word());
    Ok(Side::of(seed, &run))
}

fn folder(keep: &Path, scenario: &Scenario, stack: Stack, seed: u64) -> PathBuf {
    let stem = Path::new(&scenario.file).file_stem().unwrap_or_default();
    keep.join(stem).join(format!("{}-{seed}", stack.word()))
}

/// Where the translations of the directors' configurations mean something else, each once.
fn notes(scenario: &Scenario, stack: Stack) -> Vec<String> {
    let mut notes = Vec::new();
    if stack == Stack::Keepalived {
        for (node, file) in scenario.directors() {
            // What cannot be translated ended the run already.
            let found = translate::keepalived(&file.text, &node.name);
            for note in found.map(|found| found.notes).unwrap_or_default() {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
    }
    notes
}
