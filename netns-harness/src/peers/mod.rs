//! `director-lab compare`: the same scenario once with each stack, side by side.

mod judge;
mod markdown;
mod measure;
mod text;

use std::path::PathBuf;

use clap::Args;
use scenario::Scenario;

use crate::campaign::Campaign;
use crate::failure::Failure;
use crate::play::Spending;
use crate::process::Interrupt;
use crate::stack::Stack;
use crate::translate::translate;
pub(crate) use judge::leave_out;
use measure::{Comparison, Played, Side};

/// What `compare` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    #[command(flatten)]
    campaign: Campaign,
    /// What runs on the directors, one after the other.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "director,keepalived")]
    stacks: Vec<Stack>,
    /// Plays the first seed once more with the time that computing takes here, and tells the
    /// processor time of each stack; that figure does not repeat itself.
    #[arg(long)]
    cpu: bool,
    /// Our program; needed where `director` is among the stacks.
    #[arg(long, value_name = "BINARY")]
    director: Option<PathBuf>,
}

/// Plays everything and prints the comparison; the number is the exit status.
pub(crate) fn run(request: &Compare) -> Result<u8, Failure> {
    let interrupt = Interrupt::install()?;
    let Compare { campaign, stacks, .. } = request;
    let (scenarios, seeds) = (campaign.scenarios()?, campaign.seeds());
    let mut wanted = Vec::new();
    for scenario in &scenarios {
        for stack in stacks {
            wanted.extend(seeds.iter().map(|seed| (scenario, *stack, *seed)));
        }
    }
    let sides = campaign.each(&wanted, |(scenario, stack, seed)| {
        let first = seeds.first() == Some(seed);
        side(request, scenario, *stack, (*seed, first), &interrupt)
    })?;
    let mut sides = sides.into_iter();
    let comparisons: Vec<Comparison> = scenarios
        .iter()
        .map(|scenario| {
            let played = stacks.iter().map(|stack| {
                let sides = sides.by_ref().take(seeds.len()).collect();
                Played::of(*stack, notes(scenario, *stack), scenario, sides)
            });
            Comparison::of(scenario, played.collect())
        })
        .collect();
    let status = measure::exit(&comparisons);
    campaign.print(&comparisons, status, text::text, markdown::markdown)?;
    Ok(status)
}

/// One run, and of the first seed another one for the processor time, where that is wanted.
fn side(
    request: &Compare,
    scenario: &Scenario,
    stack: Stack,
    (seed, first): (u64, bool),
    interrupt: &Interrupt,
) -> Result<Side, Failure> {
    let Compare { campaign, director, cpu, .. } = request;
    let play =
        |spending| campaign.play(scenario, stack, director.as_deref(), (seed, spending), interrupt);
    let run = play(Spending::Counted)?;
    let again = (*cpu && first).then(|| play(Spending::Computing)).transpose()?;
    Ok(Side::of(seed, &run, again.as_ref()))
}

/// Where the translations of the directors' configurations mean something else, each once.
fn notes(scenario: &Scenario, stack: Stack) -> Vec<String> {
    let mut notes = Vec::new();
    for (node, file) in scenario.directors() {
        // What cannot be translated ended the run already.
        let found = translate(stack, &file.text, &node.name);
        for note in found.map(|found| found.notes).unwrap_or_default() {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    notes
}
