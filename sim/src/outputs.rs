//! The files that a run is told in.

use clap::Args;
use scenario::{Run, Wanted};
use std::path::PathBuf;

/// Files beside what is printed; each may be asked for, all come from the same run.
#[derive(Debug, Args)]
pub(crate) struct Outputs {
    /// Write a page for a browser: topology, time axis, story, expectations; one file
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Write the report as one JSON document
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report for continuous integration
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

impl Outputs {
    fn wanted(&self) -> Wanted<'_> {
        let Self { report, json, junit } = self;
        Wanted { html: report.as_deref(), json: json.as_deref(), junit: junit.as_deref() }
    }

    /// Whether a file is wanted.
    pub(crate) fn any(&self) -> bool {
        self.wanted().any()
    }

    /// Writes what is wanted.
    pub(crate) fn write(&self, runs: &[Run]) -> Result<(), String> {
        self.wanted().write("Rehearsal in the simulator", runs)
    }
}
