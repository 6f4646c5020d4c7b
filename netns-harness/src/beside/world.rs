//! The simulator as a program: called, bounded, and read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow};
use rustix::fs::{MemfdFlags, memfd_create};
use scenario::Decision;
use serde::Deserialize;

use super::compare::Side;
use crate::failure::Failure;
use crate::process::{Ended, Interrupt, run_bounded};

/// A scenario takes the simulator much less than a second.
const LIMIT: Duration = Duration::from_secs(120);

/// The program.
pub(super) struct Simulator(PathBuf);

/// What is used of the simulator's report.
#[derive(Deserialize)]
struct Report {
    runs: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    result: String,
    reason: Option<String>,
    #[serde(default)]
    expectations: Vec<Line>,
    #[serde(default)]
    invariants: Vec<Line>,
    clients: Option<Vec<Client>>,
    decisions: Option<Vec<Told>>,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    ruling: String,
    facts: Option<String>,
}

#[derive(Deserialize)]
struct Client {
    client: String,
    outage_ns: u64,
}

#[derive(Deserialize)]
struct Told {
    node: String,
    subject: String,
    verdict: String,
}

impl Simulator {
    /// The program at this path.
    pub(super) fn find(path: &Path) -> Result<Self, Failure> {
        let wrong = |text: String| Failure::Input(format!("--sim {}: {text}", path.display()));
        let real =
            path.canonicalize().map_err(|error| wrong(format!("{error}; build it first")))?;
        Ok(Self(real))
    }

    /// Plays the file under the seed.
    pub(super) fn run(
        &self,
        file: &str,
        seed: u64,
        interrupt: &Interrupt,
    ) -> Result<Side, Failure> {
        let (said, complained) = (scratch()?, scratch()?);
        let mut command = Command::new(&self.0);
        command.arg("run").arg(file).args(["--seed", &seed.to_string(), "--format", "json"]);
        command.stdin(Stdio::null());
        command.stdout(said.try_clone().context("the simulator's output")?);
        command.stderr(complained.try_clone().context("the simulator's output")?);
        let ended = run_bounded(&mut command, LIMIT, interrupt, "name it with --sim")?;
        let Ended::Exited(status) = ended else {
            let seconds = LIMIT.as_secs();
            return Err(anyhow!("the simulator was not done with {file} after {seconds} s").into());
        };
        match read(&contents(said)?) {
            Ok(side) => Ok(side),
            Err(error) => {
                let words = contents(complained)?;
                let program = self.0.display();
                let text = format!("{program} run {file}: {status}: {error:#}\n{}", words.trim());
                // The same status as its own: a wrong file is a wrong file for both.
                Err(match status.code() {
                    Some(2) => Failure::Input(text),
                    _ => Failure::Unable(text),
                })
            }
        }
    }
}

/// A file that nobody else sees and that is gone with its last descriptor.
fn scratch() -> anyhow::Result<File> {
    let descriptor = memfd_create("simulator", MemfdFlags::CLOEXEC).context("a scratch file")?;
    Ok(File::from(descriptor))
}

fn contents(mut file: File) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    file.rewind().context("the simulator's output")?;
    file.read_to_end(&mut bytes).context("the simulator's output")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read(text: &str) -> anyhow::Result<Side> {
    let report: Report = serde_json::from_str(text).context("its report is not as expected")?;
    let entry = report.runs.into_iter().next().context("its report has no run")?;
    let violated = |line: &Line| {
        let facts = line.facts.as_deref().unwrap_or_default();
        (line.ruling == "violated").then(|| format!("{}: {facts}", line.text))
    };
    let lines = entry.expectations.iter().chain(&entry.invariants);
    let remarks = entry.reason.into_iter().chain(lines.filter_map(violated)).collect();
    // One that ran has them: without, everything would seem to agree.
    let (clients, decisions) = match entry.result.as_str() {
        "skipped" | "impossible" => (Vec::new(), Vec::new()),
        _ => (
            entry.clients.context("its report has no clients")?,
            entry.decisions.context("its report has no decisions")?,
        ),
    };
    let outages: BTreeMap<String, Duration> = clients
        .into_iter()
        .map(|Client { client, outage_ns }| (client, Duration::from_nanos(outage_ns)))
        .collect();
    let decisions = decisions
        .into_iter()
        .map(|Told { node, subject, verdict }| Decision { node, subject, verdict })
        .collect();
    Ok(Side { result: entry.result, remarks, outages, decisions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read() {
        let side = read(
            r#"{"runs":[{"file":"a.toml","result":"violated","seed":1,
            "expectations":[{"text":"e","ruling":"violated","at_ns":1,"facts":"f"},
                            {"text":"g","ruling":"held","measured":"m"}],
            "invariants":[{"text":"i","ruling":"violated","at_ns":1,"facts":"j"}],
            "clients":[{"client":"web","outage_ns":186000000}],
            "decisions":[{"node":"d1","subject":"web","verdict":"active"}]}],"exit_status":1}"#,
        )
        .unwrap();
        assert_eq!(side.result, "violated");
        assert_eq!(side.remarks, ["e: f", "i: j"]);
        assert_eq!(side.outages["web"], Duration::from_millis(186));
        assert_eq!(side.decisions[0].to_string(), "d1: web active");
    }

    #[test]
    fn a_skipped_run_has_its_reason_and_no_report_is_an_error() {
        let side = read(r#"{"runs":[{"result":"skipped","reason":"not for it"}]}"#).unwrap();
        assert_eq!((side.result.as_str(), side.remarks), ("skipped", vec!["not for it".into()]));
        assert!(read("").is_err());
        assert!(read(r#"{"runs":[]}"#).is_err());
        assert!(read(r#"{"runs":[{"result":"held","clients":[]}]}"#).is_err());
    }
}
