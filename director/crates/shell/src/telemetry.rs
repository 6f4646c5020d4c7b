//! The log of a director: every report is one event, for people or for programs.
//!
//! # JSON lines
//!
//! With [`Format::Json`] every line is one JSON object. Scripts and test benches read it; fields
//! are added, never renamed or removed:
//!
//! | field | is |
//! | --- | --- |
//! | `ts_ns` | nanoseconds on `CLOCK_BOOTTIME` |
//! | `level` | `error`, `warn`, `info`, `debug` or `trace` |
//! | `message` | the sentence for people; may change with any release |
//! | `report` | the [`Report`] behind the sentence; absent when there is none |
//!
//! In `report`, `event` names the kind in kebab-case; the other fields are the variant's:
//!
//! ```text
//! {"ts_ns":81250031337,"level":"warn","message":"peer d1 is dead: …",
//!  "report":{"event":"peer","peer":"d1","state":"dead",
//!            "why":{"cause":"unanswered","silent_ms":205,"asks":10}}}
//! ```
//!
//! (One line in truth.)

mod human;
mod json;
mod line;
mod writer;

pub use human::Human;
pub use json::Json;
pub use writer::{Flush, Writer};

use director_core::Report;
use director_core::report::Level;
use director_core::time::Instant;

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Local time, level, sentence.
    Human {
        /// Whether levels are coloured.
        colour: bool,
    },
    /// One JSON object per line.
    Json,
}

/// Writes a report to the log, as of `at`.
pub fn tell(report: &Report, at: Instant) {
    let at_ns = at.as_nanos();
    // A report is plain data; should it have no JSON form, its sentence is still told.
    let data = serde_json::to_string(report).unwrap_or_else(|_| "null".to_owned());
    let data = data.as_str();
    match report.level() {
        Level::Debug => tracing::debug!(at_ns, report = data, "{report}"),
        Level::Info => tracing::info!(at_ns, report = data, "{report}"),
        Level::Warn => tracing::warn!(at_ns, report = data, "{report}"),
        Level::Error => tracing::error!(at_ns, report = data, "{report}"),
    }
}

/// A subscriber that writes events of `level` and above to `writer`.
pub fn subscriber(
    format: Format,
    level: tracing::Level,
    writer: Writer,
) -> Box<dyn tracing::Subscriber + Send + Sync> {
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(writer);
    match format {
        Format::Human { colour } => Box::new(builder.event_format(Human { colour }).finish()),
        Format::Json => Box::new(builder.event_format(Json).finish()),
    }
}
