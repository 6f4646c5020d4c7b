//! `director-lab beside`: the same scenarios in the simulator and on a kernel, side by side.

mod compare;
mod text;
mod world;

use std::path::PathBuf;

use clap::Args;
use scenario::{Run, RunResult, Scenario};

use crate::campaign::{Campaign, remarks};
use crate::failure::Failure;
use crate::play::Spending;
use crate::process::Interrupt;
use crate::stack::Stack;
use compare::{Comparison, Pair, Side};
use world::Simulator;

/// What `beside` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Beside {
    #[command(flatten)]
    campaign: Campaign,
    /// The simulator; it is called as `PROGRAM run FILE --seed N --format json`.
    #[arg(long, value_name = "PROGRAM")]
    sim: PathBuf,
    /// The program that is run on every director of the lab.
    #[arg(long, value_name = "BINARY")]
    director: PathBuf,
}

/// Runs everything twice and prints the comparison; the number is the exit status.
pub(crate) fn run(request: &Beside) -> Result<u8, Failure> {
    let interrupt = Interrupt::install()?;
    let simulator = Simulator::find(&request.sim)?;
    let campaign = &request.campaign;
    let mut comparisons = Vec::new();
    for scenario in campaign.scenarios()? {
        let mut pairs = Vec::new();
        for seed in campaign.seeds() {
            pairs.push(pair(&scenario, seed, request, &simulator, &interrupt)?);
        }
        comparisons.push(Comparison::of(&scenario, pairs));
    }
    let status = compare::exit(&comparisons);
    campaign.print(&comparisons, status, text::text, text::text)?;
    Ok(status)
}

fn pair(
    scenario: &Scenario,
    seed: u64,
    request: &Beside,
    simulator: &Simulator,
    interrupt: &Interrupt,
) -> Result<Pair, Failure> {
    let world = simulator.run(&scenario.file, seed, interrupt)?;
    let director = Some(request.director.as_path());
    let seeded = (seed, Spending::Uncounted);
    let run = request.campaign.play(scenario, Stack::Director, director, seeded, interrupt)?;
    Ok(Pair { seed, world, kernel: side(&run) })
}

/// A run of the lab as one side of the comparison.
fn side(run: &Run) -> Side {
    let mut side = Side { result: run.word().to_owned(), remarks: remarks(run), ..Side::default() };
    if let RunResult::Judged { history, verdict } = &run.result {
        let outages = verdict.clients.iter();
        side.outages = outages.map(|figures| (figures.client.clone(), figures.outage)).collect();
        side.decisions = scenario::decisions(&run.scenario, history);
    }
    side
}
