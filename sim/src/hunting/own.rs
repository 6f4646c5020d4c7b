//! `hunt --config`: a hunt on a configuration of the user's own.

use super::{Hunting, show, written};
use clap::{Args, ValueEnum};
use director_sim::hunt::kind::Kind;
use director_sim::hunt::own::{Own, derive, json, sheets, text};
use director_sim::hunt::{Hunt, Summary};
use scenario::{Exit, html};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What belongs to a configuration of the user's own.
#[derive(Debug, Args)]
pub(crate) struct OnOwn {
    /// A director.toml: its topology is derived, every kind of fault is tried alone, and then many
    /// at once
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub(super) config: Option<PathBuf>,
    /// Runs for each kind of fault alone
    #[arg(long, value_name = "N", default_value_t = 30, requires = "config",
        value_parser = clap::value_parser!(u16).range(1..=10_000))]
    each: u16,
    /// Only this kind of fault alone, as the tables name it; may be given again
    #[arg(long, value_name = "FAULT", requires = "config", value_parser = kind)]
    only: Vec<Kind>,
    /// How to print what a configuration costs
    #[arg(long, value_enum, default_value_t = Form::Text, requires = "config")]
    format: Form,
    /// Write a page for a browser: the tables, and the worst run of each kind of fault
    #[arg(long, value_name = "FILE.html", requires = "config")]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs; single faults alone
    Json,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::ALL.into_iter().find(|kind| kind.to_string() == text).ok_or_else(|| {
        let all: Vec<String> = Kind::ALL.iter().map(ToString::to_string).collect();
        format!("there is no fault `{text}`: one of {}", all.join(", "))
    })
}

impl Hunting {
    pub(super) fn on_own(self, out: &mut Vec<u8>) -> Result<Exit, String> {
        let Some(path) = &self.own.config else { return Err("no --config".to_owned()) };
        let file = path.display().to_string();
        let (_, texts) = director_config::load(path).map_err(|wrong| wrong.to_string())?;
        let derived = derive(&texts).map_err(|wrong| wrong.0)?;
        let jobs = self.threads();
        let frame = derived.scenario.clone();
        let own = Own {
            derived,
            only: self.own.only.clone(),
            each: u64::from(self.own.each),
            seed: self.seeds.start,
            jobs,
        };
        let toll = own.run(&texts).map_err(|wrong| wrong.0)?;
        let summary = match self.own.format {
            Form::Text => Some(self.many(frame, jobs)?),
            Form::Json => None,
        };
        let report = match self.own.format {
            Form::Text => text(&toll, summary.as_ref()),
            Form::Json => json(&toll).map_err(|wrong| format!("no JSON: {wrong}"))?,
        };
        out.extend(report.into_bytes());
        if let Some(page) = &self.own.report {
            write_page(page, &file, &toll)?;
        }
        let failures = summary.iter().flat_map(|summary| &summary.failures);
        for failure in failures {
            out.extend(written(failure, self.out.as_deref())?.into_bytes());
        }
        let single = toll.figures.values().all(|figures| figures.violated() == 0);
        let many = summary.as_ref().is_none_or(Summary::is_clean);
        Ok(if single && many { Exit::Held } else { Exit::Violated })
    }

    /// Many faults at once, as without a configuration.
    fn many(&self, frame: scenario::Scenario, jobs: usize) -> Result<Summary, String> {
        let seeds = if self.limit.is_some() { 1..u64::MAX } else { self.seeds.clone() };
        let hunt =
            Hunt { frame: Some(frame), seeds, limit: self.limit, jobs, faults: self.faults() };
        let terminal = std::io::stderr().is_terminal();
        let summary = hunt.run(|summary| show(terminal, summary)).map_err(|wrong| wrong.0)?;
        if terminal {
            eprint!("\r\x1b[K");
        }
        Ok(summary)
    }
}

fn write_page(page: &Path, file: &str, toll: &director_sim::hunt::own::Toll) -> Result<(), String> {
    let title = format!("What {file} would do");
    let text = html(&title, &sheets(toll), &toll.worst).map_err(|wrong| wrong.to_string())?;
    std::fs::write(page, text)
        .map_err(|error| format!("cannot write the report to {}: {error}", page.display()))
}
