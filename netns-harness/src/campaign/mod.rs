//! What every comparison is asked and prints: scenarios and seeds, an engine, a form.

mod figures;
mod table;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use scenario::{Ruling, Run, RunResult, Scenario};
use serde::Serialize;

pub(crate) use figures::{Figures, maybe_nanos, micros, millis, nanos, ns};
pub(crate) use table::table;

use crate::engine::Choice;
use crate::failure::Failure;
use crate::play::{Settings, Spending, play};
use crate::pool;
use crate::process::Interrupt;
use crate::run::load;
use crate::stack::Stack;

/// The part of the command line that all comparisons share.
#[derive(Debug, Args)]
pub(crate) struct Campaign {
    /// Scenario files, or folders that have some.
    #[arg(required = true)]
    files: Vec<PathBuf>,
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
    /// Leaves the run directories here, as SCENARIO/STACK-SEED; the files of a translated
    /// configuration are NODE.NAME in them.
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
    /// One table for a page; where there is no such table, the same as text.
    Markdown,
}

#[derive(Serialize)]
struct Document<'a, T> {
    scenarios: &'a [T],
    exit_status: u8,
}

impl Campaign {
    /// Every scenario, or what is wrong with every file.
    pub(crate) fn scenarios(&self) -> Result<Vec<Scenario>, Failure> {
        load(&self.files)
    }

    /// The seeds, in order.
    pub(crate) fn seeds(&self) -> Vec<u64> {
        match self.seed {
            Some(seed) => vec![seed],
            None => self.seeds.clone().collect(),
        }
    }

    /// What comes of every item, in their order; several at the same time in simulated time.
    pub(crate) fn each<T: Sync, R: Send>(
        &self,
        items: &[T],
        work: impl Fn(&T) -> Result<R, Failure> + Sync,
    ) -> Result<Vec<R>, Failure> {
        pool::each(pool::usual(self.engine), items, work)
    }

    /// One run on the kernel, and a line about it for who waits.
    pub(crate) fn play(
        &self,
        scenario: &Scenario,
        stack: Stack,
        director: Option<&Path>,
        (seed, spending): (u64, Spending),
        interrupt: &Interrupt,
    ) -> Result<Run, Failure> {
        let began = Instant::now();
        let keep = self.keep.as_deref().map(|keep| folder(keep, scenario, stack, seed, spending));
        let settings = Settings {
            engine: self.engine,
            seed,
            stack,
            director,
            capture: false,
            inputs: false,
            keep: keep.as_deref(),
            wall_limit: None,
            spending,
        };
        let result = play(scenario, &settings, interrupt)?;
        let run = Run { scenario: scenario.clone(), result };
        let (word, wall) = (run.word(), began.elapsed().as_secs_f64());
        let stack = stack.word();
        eprintln!("{}, {stack}, seed {seed}: {word}, {wall:.1} s of wall time", scenario.file);
        Ok(run)
    }

    /// Prints the comparisons in the form that was asked for.
    pub(crate) fn print<T: Serialize>(
        &self,
        comparisons: &[T],
        exit_status: u8,
        text: fn(&[T]) -> String,
        markdown: fn(&[T]) -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Text => print!("{}", text(comparisons)),
            Format::Markdown => print!("{}", markdown(comparisons)),
            Format::Json => {
                let document = Document { scenarios: comparisons, exit_status };
                let text = serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)?;
                println!("{text}");
            }
        }
        Ok(())
    }
}

fn folder(
    keep: &Path,
    scenario: &Scenario,
    stack: Stack,
    seed: u64,
    spending: Spending,
) -> PathBuf {
    let stem = Path::new(&scenario.file).file_stem().unwrap_or_default();
    let end = if spending == Spending::Computing { "-computing" } else { "" };
    keep.join(stem).join(format!("{}-{seed}{end}", stack.word()))
}

/// What was violated in a run, or why there is none.
pub(crate) fn remarks(run: &Run) -> Vec<String> {
    match &run.result {
        RunResult::Skipped { reason } | RunResult::Impossible { reason } => vec![reason.clone()],
        RunResult::Judged { verdict, .. } => verdict
            .all()
            .filter_map(|judged| match &judged.ruling {
                Ruling::Violated { facts, .. } => Some(format!("{}: {facts}", judged.text)),
                _ => None,
            })
            .collect(),
    }
}

/// `A..B`, or `A` alone for that one seed.
fn seeds(text: &str) -> Result<Range<u64>, String> {
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
