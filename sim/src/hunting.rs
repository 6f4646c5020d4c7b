//! The commands `hunt` and `shrink`.

mod own;

use clap::Args;
use director_sim::hunt::{Failure, Faults, Hunt, Summary, shrink_file};
use scenario::{Exit, Scenario, parse_duration};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What `hunt` takes.
#[derive(Debug, Args)]
pub(crate) struct Hunting {
    #[command(flatten)]
    own: own::OnOwn,
    /// A scenario whose topology, load and configuration are hunted in place of drawn ones; its
    /// timeline and expectations do not count
    file: Option<PathBuf>,
    /// How many seeds from 1 on, or a range of them, the end exclusive
    #[arg(long, value_parser = seeds, value_name = "N|A..B", default_value = "1000")]
    seeds: Range<u64>,
    /// Stop after this time, whatever number of seeds that makes
    #[arg(
        long = "for",
        value_parser = parse_duration,
        value_name = "TIME",
        conflicts_with = "seeds"
    )]
    limit: Option<Duration>,
    /// Only what happens between directors and their kernels: reloads, crashes, drift, errors of
    /// the kernel and takeovers
    #[arg(long)]
    kernel: bool,
    /// Folder for the smallest case of each violated rule
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Threads; as many as there are cores when left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

/// What `shrink` takes.
#[derive(Debug, Args)]
pub(crate) struct Shrinking {
    /// The scenario
    file: PathBuf,
    /// The seed under which it fails
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the smallest case; printed when left out
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    if let Some((from, to)) = text.split_once("..") {
        let parsed = from.trim().parse::<u64>().ok().zip(to.trim().parse::<u64>().ok());
        if let Some((from, to)) = parsed.filter(|(from, to)| from < to) {
            return Ok(from..to);
        }
    } else if let Some(count) = text.parse::<u64>().ok().filter(|count| *count > 0) {
        return Ok(1..count.saturating_add(1));
    }
    Err(format!("`{text}` is neither a number of seeds nor a range: write 1000, or 1..1001"))
}

fn load(path: &Path) -> Result<Scenario, String> {
    Scenario::load(path).map_err(|problems| problems.to_string())
}

impl Hunting {
    fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.map_or(cores, usize::from)
    }

    fn faults(&self) -> Faults {
        if self.kernel { Faults::Kernel } else { Faults::All }
    }

    pub(crate) fn run(self, out: &mut Vec<u8>) -> Result<Exit, String> {
        if self.own.config.is_some() {
            return self.on_own(out);
        }
        let frame = self.file.as_deref().map(load).transpose()?;
        let (jobs, faults) = (self.threads(), self.faults());
        let hunt = Hunt {
            frame,
            seeds: if self.limit.is_some() { 1..u64::MAX } else { self.seeds },
            limit: self.limit,
            jobs,
            faults,
        };
        let terminal = std::io::stderr().is_terminal();
        let summary = hunt.run(|summary| show(terminal, summary)).map_err(|wrong| wrong.0)?;
        if terminal {
            eprint!("\r\x1b[K");
        }
        eprintln!("{}", summary.speed());
        out.extend(summary.text().into_bytes());
        for failure in &summary.failures {
            out.extend(written(failure, self.out.as_deref())?.into_bytes());
        }
        Ok(if summary.is_clean() { Exit::Held } else { Exit::Violated })
    }
}

/// One line that replaces itself.
fn show(terminal: bool, summary: &Summary) {
    if terminal {
        let mut stderr = std::io::stderr();
        // Who closed the terminal misses nothing by it.
        let _ = write!(stderr, "\r\x1b[K{} seeds, {} failed", summary.seeds, summary.failed());
        let _ = stderr.flush();
    }
}

fn written(failure: &Failure, folder: Option<&Path>) -> Result<String, String> {
    let mut line = String::new();
    if let Some(path) = folder.map(|folder| failure.write(folder)).transpose()?.flatten() {
        let path = path.display();
        let _ = writeln!(line, "director-sim run {path} --seed {}", failure.seed);
    }
    Ok(line)
}

impl Shrinking {
    pub(crate) fn run(self, out: &mut Vec<u8>) -> Result<Exit, String> {
        let scenario = load(&self.file)?;
        let failure = shrink_file(&scenario, self.seed).map_err(|wrong| wrong.0)?;
        let file = self.file.display();
        let Some(failure) = failure else {
            let line = format!("{file}: everything holds under seed {}\n", self.seed);
            out.extend(line.into_bytes());
            return Ok(Exit::Held);
        };
        let Some(shrunk) = &failure.shrunk else {
            return Err(format!("{file}: `{}` did not fail again", failure.broken.text));
        };
        let story = shrunk.story();
        let mut text = match self.out {
            Some(_) => format!("violated: {}\n{story}\n", shrunk.broken.text),
            None => {
                format!("# Violated: {}\n# {story}\n{}", shrunk.broken.text, shrunk.case.text())
            }
        };
        text.push_str(&written(&failure, self.out.as_deref())?);
        out.extend(text.into_bytes());
        Ok(Exit::Violated)
    }
}
