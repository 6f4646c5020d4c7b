//! `director-lab run`: scenarios, one after the other, each on its engine.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use scenario::{History, NodeKind, Outcomes, Run, RunResult, Scenario, judge};

use crate::compile::{Surroundings, compile};
use crate::doctor;
use crate::engine::{Choice, Chosen, Engine, choose};
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
    #[arg(long, value_name = "BINARY")]
    director: Option<PathBuf>,
    /// How the report is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Leaves the run directories (records, logs, console) here, one folder per scenario.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Captures all frames of each segment to SEGMENT.pcap in the run directory, with tcpdump.
    #[arg(long, requires = "keep")]
    pcap: bool,
    /// Kills a guest after so many seconds of wall time; 120 and twice the scenario's length
    /// when left out.
    #[arg(long, value_name = "SECONDS")]
    wall_limit: Option<u64>,
    /// Writes the history of each run as one line of JSON to this file.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

/// The report's formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For continuous integration.
    Junit,
}

/// Runs everything and prints the report; the number is the exit status.
pub(crate) fn run(request: &Request) -> Result<u8, Failure> {
    let interrupt = Interrupt::install()?;
    if request.pcap && !doctor::in_path("tcpdump") {
        return Err(Failure::Unable("--pcap needs tcpdump; apt-get install tcpdump".into()));
    }
    let scenarios = load(request)?;
    let mut runs = Vec::new();
    for scenario in scenarios {
        let began = Instant::now();
        let result = match play(&scenario, request, &interrupt) {
            Ok(result) => result,
            Err(Failure::Broken(error)) => RunResult::Impossible { reason: format!("{error:#}") },
            Err(failure) => return Err(failure),
        };
        let run = Run { scenario, result };
        let wall = began.elapsed().as_secs_f64();
        eprintln!("{}: {}, {wall:.1} s of wall time", run.scenario.file, run.word());
        runs.push(run);
    }
    write_histories(request, &runs)?;
    print!("{}", report(request.format, &runs)?);
    Ok(Outcomes::of(&runs).exit().status())
}

/// Every scenario, or what is wrong with every file.
fn load(request: &Request) -> Result<Vec<Scenario>, Failure> {
    let files =
        scenario::files(&request.files).map_err(|problems| Failure::Input(problems.to_string()))?;
    let (mut scenarios, mut wrong) = (Vec::new(), Vec::new());
    for file in &files {
        match Scenario::load(file) {
            Ok(scenario) => scenarios.push(scenario),
            Err(problems) => wrong.push(problems.to_string()),
        }
    }
    if wrong.is_empty() { Ok(scenarios) } else { Err(Failure::Input(wrong.join("\n"))) }
}

fn report(format: Format, runs: &[Run]) -> Result<String, Failure> {
    Ok(match format {
        Format::Text => scenario::text(runs),
        Format::Json => {
            format!("{}\n", scenario::json(runs).map_err(anyhow::Error::from)?)
        }
        Format::Junit => scenario::junit(runs),
    })
}

fn write_histories(request: &Request, runs: &[Run]) -> Result<(), Failure> {
    let Some(path) = &request.history else { return Ok(()) };
    let mut text = String::new();
    for run in runs {
        if let RunResult::Judged { history, .. } = &run.result {
            text.push_str(&history.to_json().map_err(anyhow::Error::from)?);
            text.push('\n');
        }
    }
    std::fs::write(path, text)
        .map_err(|error| Failure::Input(format!("--history {}: {error}", path.display())))
}

fn play(
    scenario: &Scenario,
    request: &Request,
    interrupt: &Interrupt,
) -> Result<RunResult, Failure> {
    let with_ipvs =
        scenario.nodes.iter().any(|node| matches!(node.kind, NodeKind::Director { .. }));
    let engine = match choose(request.engine, &scenario.engines, with_ipvs) {
        Chosen::Engine(engine) => engine,
        Chosen::NotMeant(reason) => return Ok(RunResult::Skipped { reason }),
        Chosen::Impossible(reason) => return Ok(RunResult::Impossible { reason }),
    };
    let history = record(scenario, engine, request, interrupt)?;
    let verdict = judge(scenario, &history);
    Ok(RunResult::Judged { history, verdict })
}

fn record(
    scenario: &Scenario,
    engine: Engine,
    request: &Request,
    interrupt: &Interrupt,
) -> Result<History, Failure> {
    let program = request.director.as_deref().map(program).transpose()?;
    let around = Surroundings {
        seed: request.seed,
        program: program.as_deref(),
        machine: engine != Engine::Netns,
        capture: request.pcap,
        // A look costs no simulated time, but in real time it competes with what it looks at.
        look: Duration::from_millis(if engine == Engine::Timetravel { 10 } else { 100 }),
    };
    let plan = compile(scenario, &around)?;
    let directory = match &request.keep {
        Some(path) => RunDirectory::kept(&path.join(stem(&scenario.file)))?,
        None => RunDirectory::temporary()?,
    };
    directory.fill(&plan)?;
    let usual = WALL_SURPLUS + scenario.length * 2;
    let limit = request.wall_limit.map_or(usual, Duration::from_secs);
    launch(engine, request.seed, &directory, limit, interrupt)?;
    Ok(gather(scenario, engine, request.seed, directory.path())?)
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
