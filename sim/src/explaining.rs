//! The command `explain`.

use clap::Args;
use director_sim::explain::{Excerpt, explain};
use scenario::{Exit, Scenario, parse_duration};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What `explain` takes.
#[derive(Debug, Args)]
pub(crate) struct Explaining {
    /// The scenario
    file: PathBuf,
    /// What every random choice is derived from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Begin at this time, counted from the start
    #[arg(long, value_parser = parse_duration, value_name = "TIME", default_value = "0s")]
    from: Duration,
    /// End at this time; with the run when left out
    #[arg(long, value_parser = parse_duration, value_name = "TIME")]
    until: Option<Duration>,
    /// Only this node, and what is done from outside; may be given again
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
    /// Every input of every director, also those that changed nothing
    #[arg(long)]
    all: bool,
    /// Write every frame to a file that Wireshark reads, with simulated times
    #[arg(long, value_name = "FILE.pcapng")]
    pcap: Option<PathBuf>,
    /// Write what each director would have recorded to this folder, as d1-1, d1-2, for `replay`
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

impl Explaining {
    pub(crate) fn run(self, out: &mut Vec<u8>) -> Result<Exit, String> {
        let scenario = Scenario::load(&self.file).map_err(|problems| problems.to_string())?;
        let until = self.until.unwrap_or(scenario.length);
        if until < self.from {
            return Err("--until is before --from: nothing would be shown".to_owned());
        }
        let excerpt = Excerpt { from: self.from, until, nodes: self.node, all: self.all };
        let told = explain(&Arc::new(scenario), self.seed, &excerpt).map_err(|wrong| wrong.0)?;
        out.extend(told.text.into_bytes());
        if let Some(path) = &self.pcap {
            std::fs::write(path, &told.capture).map_err(|error| {
                format!("cannot write the frames to {}: {error}", path.display())
            })?;
        }
        if let Some(folder) = &self.record {
            keep(folder, &told.records).map_err(|error| {
                format!("cannot write the records to {}: {error}", folder.display())
            })?;
        }
        Ok(Exit::Held)
    }
}

fn keep(folder: &Path, records: &BTreeMap<String, String>) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    records.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
}
