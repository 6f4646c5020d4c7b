//! Lines for programs.

use super::line::Line;
use crate::clock::{BootClock, Clock};
use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes every event as one JSON object; see [`super`] for its fields.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl<S, F> FormatEvent<S, F> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, F>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let line = Line::of(event);
        let at = line.at_ns.unwrap_or_else(|| BootClock.now().as_nanos());
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let message = serde_json::to_string(&line.message).map_err(|_| fmt::Error)?;
        write!(writer, r#"{{"ts_ns":{at},"level":"{level}","message":{message}"#)?;
        if let Some(report) = line.report {
            write!(writer, r#","report":{report}"#)?;
        }
        writeln!(writer, "}}")
    }
}
