//! `director-lab compare`: the same scenario once with each stack, side by side.

mod dead;
mod judge;
mod markdown;
mod measure;
mod text;

use std::path::PathBuf;

use clap::Args;
use scenario::Scenario;

use crate::campaign::Campaign;
use crate::failure::Failure;
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
    /// Our program; needed where `director` is among the stacks.
    #[arg(long, value_name = "BINARY")]
    director: Option<PathBuf>,
}

/// Plays everything and prints the comparison; the number is the exit status.
pub(crate) fn run(request: &Compare) -> Result<u8, Failure> {
    let interrupt = Interrupt::install()?;
    let Compare { campaign, stacks, director } = request;
    let mut comparisons = Vec::new();
    for scenario in campaign.scenarios()? {
        let mut played = Vec::new();
        for stack in stacks.iter().copied() {
            let mut sides = Vec::new();
            for seed in campaign.seeds() {
                let run = campaign.play(&scenario, stack, director.as_deref(), seed, &interrupt)?;
                sides.push(Side::of(seed, &run));
            }
            played.push(Played::of(stack, notes(&scenario, stack), &scenario, sides));
        }
        comparisons.push(Comparison::of(&scenario, played));
    }
    let status = measure::exit(&comparisons);
    campaign.print(&comparisons, status, text::text, markdown::markdown)?;
    Ok(status)
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
