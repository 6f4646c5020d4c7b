//! `up FILE`: builds the topology of a scenario and leaves it running.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;

use super::Named;
use super::session::Session;
use crate::compile::{Surroundings, compile};
use crate::engine::{Choice, Chosen, Engine, choose};
use crate::failure::Failure;
use crate::plan::{ANSWERS, Counting, Plan, READY, REQUESTS};
use crate::play::program;
use crate::process::Interrupt;
use crate::rundir::RunDirectory;
use crate::stack::Stack;

/// A guest boots and builds its nodes in less than this.
const BOOT_LIMIT: Duration = Duration::from_secs(90);
/// How often a table is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// `up FILE`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    named: Named,
    /// The scenario whose topology is built; its timeline and expectations are left out.
    file: PathBuf,
    /// What runs it; time is real in a playground.
    #[arg(long, value_enum, default_value = "auto")]
    engine: Choice,
    /// Latencies are drawn from this.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The program that is run on every director.
    #[arg(long, value_name = "BINARY")]
    director: PathBuf,
}

/// Builds it, waits until it runs, and says how to go on.
pub(crate) fn up(request: &Up) -> Result<u8, Failure> {
    let interrupt = Interrupt::install()?;
    let name = &request.named.name;
    let path = Session::place(name)?;
    if let Ok(session) = Session::find(name) {
        if session.is_kept() {
            let text = format!("playground {name} is up already; director-lab down ends it");
            return Err(Failure::Input(text));
        }
        session.end()?;
    }
    let engine = engine(request.engine)?;
    let file = request
        .file
        .canonicalize()
        .map_err(|error| Failure::Input(format!("{}: {error}", request.file.display())))?;
    let mut session = Session {
        path: path.clone(),
        file,
        engine: engine.word().to_owned(),
        seed: request.seed,
        keeper: 0,
        said: Vec::new(),
    };
    let plan = plan(&session, engine, &request.director)?;
    let directory = RunDirectory::kept(&path)?;
    let begun = directory.fill(&plan).map_err(Failure::from).and_then(|()| {
        let child = begin(&session, engine)?;
        session.keeper = child.id();
        session.write()?;
        wait(&session, child, &interrupt)
    });
    directory.leave();
    if let Err(failure) = begun {
        session.end()?;
        return Err(failure);
    }
    println!("playground {name} is up on {}; director-lab status shows it", engine.word());
    Ok(0)
}

fn engine(choice: Choice) -> Result<Engine, Failure> {
    let named = [scenario::Engine::Netns, scenario::Engine::Uml];
    match choose(choice, &named, true) {
        Chosen::Engine(engine) => Ok(engine),
        Chosen::NotMeant(_) => {
            Err(Failure::Input("time is real in a playground: --engine netns or uml".into()))
        }
        Chosen::Impossible(reason) => Err(Failure::Unable(reason)),
    }
}

fn plan(session: &Session, engine: Engine, director: &Path) -> Result<Plan, Failure> {
    let program = program(director)?;
    let around = Surroundings {
        seed: session.seed,
        stack: Stack::Director,
        program: Some(&program),
        director: Some(&program),
        machine: engine != Engine::Netns,
        capture: false,
        look: LOOK,
        counting: Counting::default(),
    };
    let mut plan = compile(&session.scenario(None)?, &around)?;
    plan.stays = true;
    Ok(plan)
}

fn begin(session: &Session, engine: Engine) -> Result<Child, Failure> {
    for part in [REQUESTS, ANSWERS] {
        fs::create_dir(session.path.join(part)).context("the run directory")?;
    }
    let log = File::create(session.path.join("keeper.log")).context("the keeper's log")?;
    let errors = log.try_clone().context("the keeper's log")?;
    let child = Command::new("/proc/self/exe")
        .args(["keep", engine.word(), &session.seed.to_string()])
        .arg(&session.path)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .context("starting the keeper")?;
    Ok(child)
}

fn wait(session: &Session, mut keeper: Child, interrupt: &Interrupt) -> Result<(), Failure> {
    let deadline = Instant::now() + BOOT_LIMIT;
    while !session.path.join(READY).exists() {
        if keeper.try_wait().context("the keeper")?.is_some() {
            let log = fs::read_to_string(session.path.join("keeper.log")).unwrap_or_default();
            return Err(Failure::Broken(anyhow::anyhow!("it did not come up: {}", log.trim())));
        }
        if Instant::now() > deadline {
            let limit = BOOT_LIMIT.as_secs();
            return Err(Failure::Broken(anyhow::anyhow!("it was not up after {limit} s")));
        }
        if interrupt.pause(Duration::from_millis(20)).context("waiting")? {
            return Err(Failure::Interrupted);
        }
    }
    Ok(())
}
