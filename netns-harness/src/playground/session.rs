//! What is known of a playground outside of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use scenario::Scenario;
use serde::{Deserialize, Serialize};

use super::ask;
use crate::compile::{Surroundings, steps};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::plan::{Counting, Plan, Request, Step};
use crate::stack::Stack;

/// A guest needs no longer than this to end.
const END_LIMIT: Duration = Duration::from_secs(20);

/// A playground lasts until somebody ends it; its clients go on for a day, the longest that a
/// scenario may be.
const LENGTH: &str = "24h";

/// A playground that is up.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Session {
    /// The run directory.
    #[serde(skip)]
    pub(super) path: PathBuf,
    /// The scenario's file, absolute.
    pub(super) file: PathBuf,
    /// The engine's word.
    pub(super) engine: String,
    /// What latencies were drawn from.
    pub(super) seed: u64,
    /// The keeper's process.
    pub(super) keeper: u32,
    /// The statements that were carried out.
    pub(super) said: Vec<String>,
}

impl Session {
    /// Where a playground of that name has its run directory.
    pub(super) fn place(name: &str) -> Result<PathBuf, Failure> {
        let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        if name.is_empty() || name.len() > 40 || !name.chars().all(good) {
            return Err(Failure::Input(format!(
                "--name {name}: at most 40 letters, digits and hyphens"
            )));
        }
        let user = rustix::process::geteuid().as_raw();
        Ok(std::env::temp_dir().join(format!("director-playground-{user}-{name}")))
    }

    /// The playground of that name.
    pub(super) fn find(name: &str) -> Result<Self, Failure> {
        let path = Self::place(name)?;
        let text = fs::read_to_string(path.join("session.json")).map_err(|_| {
            Failure::Input(format!("no playground {name} is up; director-lab up FILE begins one"))
        })?;
        let session: Self = serde_json::from_str(&text).context("session.json")?;
        Ok(Self { path, ..session })
    }

    /// Notes what has changed.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).context("session.json")?;
        let fresh = self.path.join("session.new");
        fs::write(&fresh, text).context("session.json")?;
        fs::rename(fresh, self.path.join("session.json")).context("session.json")?;
        Ok(())
    }

    /// Whether the keeper lives.
    pub(super) fn is_kept(&self) -> bool {
        let name = fs::read_to_string(format!("/proc/{}/cmdline", self.keeper));
        name.is_ok_and(|name| name.contains("keep"))
    }

    /// The scenario with everything that was said so far and, last, this.
    pub(super) fn scenario(&self, last: Option<&str>) -> Result<Scenario, Failure> {
        let text = fs::read_to_string(&self.file)
            .map_err(|error| Failure::Input(format!("{}: {error}", self.file.display())))?;
        let mut table: toml::Table =
            text.parse().map_err(|error| Failure::Input(format!("{error}")))?;
        let said = self.said.iter().map(String::as_str).chain(last).enumerate();
        let timeline = said.map(|(at, text)| toml::Value::String(format!("{}ms {text}", at + 1)));
        table.insert("timeline".into(), toml::Value::Array(timeline.collect()));
        // Expectations may ask for statements that are not said here; one there must be.
        let clients = table.get("clients").and_then(toml::Value::as_table);
        if let Some(client) = clients.and_then(|clients| clients.keys().next()) {
            let any = toml::Value::String(format!("served({client}) >= 0"));
            table.insert("expect".into(), toml::Value::Array(vec![any]));
        }
        table.insert("length".into(), toml::Value::String(LENGTH.into()));
        let folder = self.file.parent().unwrap_or(Path::new("/")).to_owned();
        let read = |named: &str| {
            let path = folder.join(named);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let file = self.file.to_string_lossy();
        Scenario::parse(&file, &table.to_string(), &read).map_err(|problems| {
            Failure::Input(last.map_or_else(
                || problems.to_string(),
                |last| format!("`{last}` cannot be done:\n{problems}"),
            ))
        })
    }

    /// What the guest is to do for a statement.
    pub(super) fn step(&self, text: &str) -> Result<Step, Failure> {
        let scenario = self.scenario(Some(text))?;
        if let Some(reason) = crate::lacking::of(&scenario) {
            return Err(Failure::Input(reason));
        }
        let plan = fs::read_to_string(self.path.join("plan.json")).context("plan.json")?;
        let plan: Plan = serde_json::from_str(&plan).context("plan.json")?;
        let around = Surroundings {
            seed: self.seed,
            stack: Stack::Director,
            program: None,
            director: None,
            machine: self.engine != Engine::Netns.word(),
            capture: false,
            look: plan.look,
            counting: Counting::default(),
        };
        let last = steps(&scenario, &plan.nodes, &around)?.pop();
        Ok(last.context("the statement is not in the timeline")?)
    }

    /// Keeps a statement in mind: what is wrong with the wires is the sum of all.
    pub(super) fn remember(&mut self, text: &str) -> Result<(), Failure> {
        self.said.push(text.to_owned());
        self.write()
    }

    /// Ends the guest, waits for its keeper, and removes the run directory.
    pub(super) fn end(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + END_LIMIT;
        if self.is_kept() {
            // A guest that does not listen any more is killed below.
            let _ = ask::ask(self, &Request::Down);
        }
        while self.is_kept() {
            if Instant::now() > deadline {
                self.kill();
                break;
            }
            // The keeper is no child of this process, which cannot wait for it.
            std::thread::sleep(Duration::from_millis(20));
        }
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(anyhow::Error::new(error).context(self.path.display().to_string()).into())
            }
            _ => Ok(()),
        }
    }

    /// The keeper's death closes the guard's standard input, and with that the guest ends.
    fn kill(&self) {
        let pid = i32::try_from(self.keeper).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}
