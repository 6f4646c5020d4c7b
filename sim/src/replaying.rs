//! The command `replay`.

use clap::Args;
use director_sim::replay::{Part, replay};
use scenario::{Exit, parse_duration};
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::Duration;

/// What `replay` takes.
#[derive(Debug, Args)]
pub(crate) struct Replaying {
    /// What `director run --record` has written
    file: PathBuf,
    /// Begin at this time, counted from the record's beginning
    #[arg(long, value_parser = parse_duration, value_name = "TIME", default_value = "0s")]
    from: Duration,
    /// End at this time; with the record when left out
    #[arg(long, value_parser = parse_duration, value_name = "TIME")]
    until: Option<Duration>,
    /// Every input, also those that changed nothing
    #[arg(long)]
    all: bool,
}

impl Replaying {
    pub(crate) fn run(self, out: &mut Vec<u8>) -> Result<Exit, String> {
        let until = self.until.unwrap_or(Duration::MAX);
        if until < self.from {
            return Err("--until is before --from: nothing would be shown".to_owned());
        }
        let name = self.file.display().to_string();
        let file = File::open(&self.file).map_err(|error| format!("{name}: {error}"))?;
        let part = Part { from: self.from, until, all: self.all };
        let replayed = replay(BufReader::new(file), &name, part).map_err(|wrong| wrong.0)?;
        out.extend(replayed.text.into_bytes());
        Ok(replayed.exit)
    }
}
