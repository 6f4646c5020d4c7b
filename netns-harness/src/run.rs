//! `director-lab run`: scenarios, one after the other, each on its engine.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use scenario::{Outcomes, Run, RunResult, Scenario, Wanted};

use crate::doctor;
use crate::engine::Choice;
use crate::failure::Failure;
use crate::play::{Settings, Spending, play};
use crate::pool;
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
    /// Has each director record all that happens to it, to inputs/NAME in the run directory, for
    /// `director-sim replay`.
    #[arg(long, requires = "keep")]
    record: bool,
    /// Kills a guest after so many seconds of wall time; 300 and twice the scenario's length
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
    /// Writes a page for a browser: topology, time axis, story, expectations; one file.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Writes the report as one JSON document, whatever is printed.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the report for continuous integration, whatever is printed.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
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
    let jobs = request.jobs.map_or_else(|| pool::usual(request.engine), NonZeroUsize::get);
    let runs = pool::each(jobs, &scenarios, |scenario| one(request, scenario, &interrupt))?;
    write_histories(request, &runs)?;
    let Request { report: page, json, junit, .. } = request;
    let wanted = Wanted { html: page.as_deref(), json: json.as_deref(), junit: junit.as_deref() };
    wanted.write("Rehearsal on a real kernel", &runs).map_err(Failure::Input)?;
    print!("{}", report(request.format, &runs)?);
    Ok(Outcomes::of(&runs).exit().status())
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
        inputs: request.record,
        keep: keep.as_deref(),
        wall_limit: request.wall_limit.map(Duration::from_secs),
        spending: Spending::Uncounted,
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
