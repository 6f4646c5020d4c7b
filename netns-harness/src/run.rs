//! `director-lab run`: scenarios, one after the other, each on its engine.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use scenario::{Outcomes, Run, RunResult, Scenario};

use crate::doctor;
use crate::engine::Choice;
use crate::failure::Failure;
use crate::play::{Settings, play};
use crate::process::Interrupt;
use crate::stack::Stack;

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
    /// So many scenarios at the same time; as many as there are processors when left out, and one
    /// where they run in real time, which they would take from each other.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
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
    let scenarios = load(&request.files)?;
    let runs = played(request, &scenarios, &interrupt)?;
    write_histories(request, &runs)?;
    print!("{}", report(request.format, &runs)?);
    Ok(Outcomes::of(&runs).exit().status())
}

/// The runs in the order of the scenarios.
fn played(
    request: &Request,
    scenarios: &[Scenario],
    interrupt: &Interrupt,
) -> Result<Vec<Run>, Failure> {
    let jobs = jobs(request).min(scenarios.len()).max(1);
    let next = AtomicUsize::new(0);
    // The first failure ends the whole: nobody begins another one then.
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(scenario) = scenarios.get(index) else { return Ok(done) };
            match one(request, scenario, interrupt) {
                Ok(run) => done.push((index, run)),
                Err(failure) => {
                    next.store(scenarios.len(), Ordering::Relaxed);
                    return Err(failure);
                }
            }
        }
    };
    let done = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| {
            worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a worker panicked").into()))
        });
        done.collect::<Result<Vec<Vec<_>>, Failure>>()
    })?;
    let mut runs: Vec<(usize, Run)> = done.into_iter().flatten().collect();
    runs.sort_by_key(|(index, _)| *index);
    Ok(runs.into_iter().map(|(_, run)| run).collect())
}

fn jobs(request: &Request) -> usize {
    let simulated = matches!(request.engine, Choice::Timetravel);
    match request.jobs {
        Some(jobs) => jobs.get(),
        None if simulated => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        None => 1,
    }
}

fn one(request: &Request, scenario: &Scenario, interrupt: &Interrupt) -> Result<Run, Failure> {
    let began = Instant::now();
    let keep = request.keep.as_ref().map(|path| path.join(stem(&scenario.file)));
    let settings = Settings {
        engine: request.engine,
        seed: request.seed,
        stack: Stack::Director,
        director: request.director.as_deref(),
        capture: request.pcap,
        keep: keep.as_deref(),
        wall_limit: request.wall_limit.map(Duration::from_secs),
    };
    let result = play(scenario, &settings, interrupt)?;
    let run = Run { scenario: scenario.clone(), result };
    let wall = began.elapsed().as_secs_f64();
    eprintln!("{}: {}, {wall:.1} s of wall time", run.scenario.file, run.word());
    Ok(run)
}

/// Every scenario, or what is wrong with every file.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Vec<Scenario>, Failure> {
    let files = scenario::files(paths).map_err(|problems| Failure::Input(problems.to_string()))?;
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

fn stem(file: &str) -> String {
    let stem = Path::new(file).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
