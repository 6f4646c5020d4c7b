//! One scenario under one seed on one engine, from the file to the verdict.

use std::path::{Path, PathBuf};
use std::time::Duration;

use scenario::{History, Judged, NodeKind, RunResult, Scenario, judge};

use crate::compile::{Surroundings, compile};
use crate::doctor::Missing;
use crate::engine::{Choice, Chosen, Engine, choose};
use crate::failure::Failure;
use crate::gather::gather;
use crate::guest::HOST;
use crate::lacking;
use crate::launch::{Pace, Seeded, launch};
use crate::peers;
use crate::plan::Counting;
use crate::process::Interrupt;
use crate::rundir::RunDirectory;
use crate::said;
use crate::stack::Stack;

/// A guest is given this long besides twice the scenario's own length.
const WALL_SURPLUS: Duration = Duration::from_secs(300);

/// How a scenario is played.
pub(crate) struct Settings<'a> {
    /// What runs it.
    pub(crate) engine: Choice,
    /// What everything is drawn from.
    pub(crate) seed: u64,
    /// What runs on every director.
    pub(crate) stack: Stack,
    /// Our program, where that is what runs.
    pub(crate) director: Option<&'a Path>,
    /// Whether all frames are captured.
    pub(crate) capture: bool,
    /// Whether the directors record all that happens to them.
    pub(crate) inputs: bool,
    /// Where the run directory stays; it is temporary when left out.
    pub(crate) keep: Option<&'a Path>,
    /// When the guest is killed.
    pub(crate) wall_limit: Option<Duration>,
    /// Whether it is counted what the directors spend.
    pub(crate) spending: Spending,
}

/// What of the directors' spending is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Spending {
    /// Nothing.
    #[default]
    Uncounted,
    /// Packets; and processor time, where time is real.
    Counted,
    /// The same, and in simulated time computing takes as long as it does on this machine: the
    /// run does not repeat itself.
    Computing,
}

/// Plays and judges; a run that broke down is one that this machine could not do.
pub(crate) fn play(
    scenario: &Scenario,
    settings: &Settings<'_>,
    interrupt: &Interrupt,
) -> Result<RunResult, Failure> {
    if let Some(reason) = lacking::of(scenario) {
        return Ok(RunResult::Skipped { reason });
    }
    let with_ipvs =
        scenario.nodes.iter().any(|node| matches!(node.kind, NodeKind::Director { .. }));
    let engine = match choose(settings.engine, &scenario.engines, with_ipvs) {
        Chosen::Engine(engine) => engine,
        Chosen::NotMeant(reason) => return Ok(RunResult::Skipped { reason }),
        Chosen::Impossible(reason) => return Ok(RunResult::Impossible { reason }),
    };
    if let Some(reason) = lacking::on(engine, scenario) {
        return Ok(RunResult::Skipped { reason });
    }
    if let Some(Missing { what, cure }) = settings.stack.missing() {
        let reason = format!("this machine lacks {what} ({cure})");
        return Ok(RunResult::Impossible { reason });
    }
    // What a scenario wants beside all others is skipped: the engine runs.
    if let Some(Missing { what, cure }) = lacking::programs(scenario) {
        return Ok(RunResult::Skipped { reason: format!("this machine lacks {what} ({cure})") });
    }
    match record(scenario, engine, settings, interrupt) {
        Ok((history, tables)) => {
            let mut verdict = judge(scenario, &history);
            verdict.invariants.extend(tables);
            peers::leave_out(scenario, settings.stack, &mut verdict);
            Ok(RunResult::Judged { history, verdict })
        }
        Err(Failure::Broken(error)) => Ok(RunResult::Impossible { reason: format!("{error:#}") }),
        Err(failure) => Err(failure),
    }
}

fn record(
    scenario: &Scenario,
    engine: Engine,
    settings: &Settings<'_>,
    interrupt: &Interrupt,
) -> Result<(History, Vec<Judged>), Failure> {
    let installed = settings.stack.installed();
    let director = settings.director.map(program).transpose()?;
    let program = installed.as_deref().or(settings.director).map(program).transpose()?;
    let around = Surroundings {
        seed: settings.seed,
        stack: settings.stack,
        program: program.as_deref(),
        director: director.as_deref(),
        machine: engine != Engine::Netns,
        capture: settings.capture,
        look: look(engine, settings.stack),
        counting: counting(engine, settings.spending),
    };
    let plan = compile(scenario, &around)?;
    let directory = match settings.keep {
        Some(path) => RunDirectory::kept(path)?,
        None => RunDirectory::temporary()?,
    };
    directory.fill(&plan)?;
    if settings.inputs {
        directory.take_inputs()?;
    }
    let usual = WALL_SURPLUS + scenario.length * 2;
    let limit = settings.wall_limit.unwrap_or(usual);
    let pace = match settings.spending {
        Spending::Computing => Pace::Computing,
        Spending::Uncounted | Spending::Counted => Pace::Exact,
    };
    launch(engine, Seeded { seed: settings.seed, pace }, &directory, limit, interrupt)?;
    let history = gather(scenario, engine, settings.seed, directory.path())?;
    Ok((history, said::judged(scenario, directory.path())?))
}

fn counting(engine: Engine, spending: Spending) -> Counting {
    match spending {
        Spending::Uncounted => Counting::default(),
        Spending::Counted => Counting { packets: true, computing: engine != Engine::Timetravel },
        Spending::Computing => Counting { packets: true, computing: true },
    }
}

/// How often a table is looked at besides the moments at which the program prints something.
///
/// In simulated time a look costs no time, but half of the wall time if it is every 10 ms. What
/// another stack does to its table it does not print, or not where it is seen.
fn look(engine: Engine, stack: Stack) -> Duration {
    let exact = engine == Engine::Timetravel && stack != Stack::Director;
    Duration::from_millis(if exact { 10 } else { 100 })
}

/// The director's program as the guest sees it: below the host's root.
pub(crate) fn program(path: &Path) -> Result<PathBuf, Failure> {
    let real = path.canonicalize().map_err(|error| {
        Failure::Input(format!("--director {}: {error}; build it first", path.display()))
    })?;
    Ok(Path::new(HOST).join(real.strip_prefix("/").unwrap_or(&real)))
}
