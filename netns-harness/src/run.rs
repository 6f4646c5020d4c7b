//! `director-lab run`: scenarios, one after the other, each on its engine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use scenario::{History, Scenario};

use crate::compile::{Surroundings, compile};
use crate::engine::{Choice, Engine, choose};
use crate::failure::Failure;
use crate::gather::gather;
use crate::guest::HOST;
use crate::launch::launch;
use crate::process::Interrupt;
use crate::rundir::RunDirectory;

/// A guest is given this long besides twice the scenario's own length.
const WALL_SURPLUS: Duration = Duration::from_secs(120);

/// What `run` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// Scenario files, or folders that have some.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What runs them.
    #[arg(long, value_enum, default_value = "auto")]
    engine: Choice,
    /// Times, latencies and (in simulated time) the kernel's own entropy are drawn from this.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The program that is run on every director.
    #[arg(long)]
    director: Option<PathBuf>,
    /// Leaves the run directory (records, logs, console) here, one folder per scenario.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Kills a guest after so many seconds of wall time.
    #[arg(long, value_name = "SECONDS")]
    wall_limit: Option<u64>,
    /// Writes the history of each run as one line of JSON to this file.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

/// Runs everything and prints the report; the number is the exit status.
pub(crate) fn run(request: &Request) -> Result<u8, Failure> {
    let interrupt = Interrupt::install()?;
    let files =
        scenario::files(&request.files).map_err(|problems| Failure::Input(problems.to_string()))?;
    let mut histories = String::new();
    for file in &files {
        let scenario =
            Scenario::load(file).map_err(|problems| Failure::Input(problems.to_string()))?;
        let (engine, history, wall) = play(&scenario, request, &interrupt)?;
        eprintln!("{}: {} in {:.1} s", file.display(), engine.word(), wall.as_secs_f64());
        histories.push_str(&history.to_json().map_err(anyhow::Error::from)?);
        histories.push('\n');
    }
    if let Some(path) = &request.history {
        std::fs::write(path, &histories)
            .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
    }
    Ok(0)
}

fn play(
    scenario: &Scenario,
    request: &Request,
    interrupt: &Interrupt,
) -> Result<(Engine, History, Duration), Failure> {
    let with_ipvs = scenario.directors().next().is_some();
    let engine = choose(request.engine, &scenario.engines, with_ipvs)?;
    let program = request.director.as_deref().map(program).transpose()?;
    let around = Surroundings {
        seed: request.seed,
        program: program.as_deref(),
        machine: engine != Engine::Netns,
    };
    let plan = compile(scenario, &around)?;
    let directory = match &request.keep {
        Some(path) => RunDirectory::kept(&path.join(stem(&scenario.file)))?,
        None => RunDirectory::temporary()?,
    };
    directory.fill(&plan)?;
    let limit = request.wall_limit.map_or(WALL_SURPLUS + scenario.length * 2, Duration::from_secs);
    let began = std::time::Instant::now();
    launch(engine, request.seed, &directory, limit, interrupt)?;
    let wall = began.elapsed();
    let history = gather(scenario, engine, request.seed, directory.path())?;
    Ok((engine, history, wall))
}

/// The director's program as the guest sees it: below the host's root.
fn program(path: &Path) -> Result<PathBuf, Failure> {
    let real = path.canonicalize().map_err(|error| {
        Failure::Input(format!("--director {}: {error}; build it first", path.display()))
    })?;
    Ok(Path::new(HOST).join(real.strip_prefix("/").unwrap_or(&real)))
}

fn stem(file: &str) -> String {
    let stem = Path::new(file).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
