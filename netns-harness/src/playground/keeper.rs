//! The process that runs a playground's guest in the background.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use crate::engine::{Choice, Engine};
use crate::failure::Failure;
use crate::launch::{Pace, Seeded, launch};
use crate::process::Interrupt;
use crate::rundir::RunDirectory;

/// A playground that nobody has taken down after this is forgotten.
const LIMIT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Runs the guest until it ends, away from any terminal.
pub(crate) fn keep(path: &Path, engine: Choice, seed: u64) -> Result<u8, Failure> {
    let engine = if engine == Choice::Netns { Engine::Netns } else { Engine::Uml };
    rustix::process::setsid().context("leaving the terminal")?;
    let interrupt = Interrupt::install()?;
    let seeded = Seeded { seed, pace: Pace::Exact };
    launch(engine, seeded, &RunDirectory::existing(path), LIMIT, &interrupt)?;
    Ok(0)
}
