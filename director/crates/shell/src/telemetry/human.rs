//! Lines for people.

use super::line::Line;
use std::fmt;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes local time, level and sentence.
#[derive(Clone, Copy, Debug)]
pub struct Human {
    /// Whether levels are coloured.
    pub colour: bool,
}

/// SGR parameter (ECMA-48 §8.3.117) of a level.
fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        _ => "2",
    }
}

impl<S, F> FormatEvent<S, F> for Human
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
        let time = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S%.3f");
        let level = *event.metadata().level();
        if self.colour {
            let colour = colour(level);
            writeln!(writer, "{time} \x1b[{colour}m{level:5}\x1b[0m {}", line.message)
        } else {
            writeln!(writer, "{time} {level:5} {}", line.message)
        }
    }
}
