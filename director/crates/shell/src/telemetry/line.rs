//! The parts of an event that the formats write.

use std::fmt;
use tracing::field::{Field, Visit};

/// The parts of an event.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) at_ns: Option<u64>,
    pub(super) message: String,
    pub(super) report: Option<String>,
}

impl Line {
    pub(super) fn of(event: &tracing::Event<'_>) -> Self {
        let mut line = Self::default();
        event.record(&mut line);
        line
    }
}

impl Visit for Line {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "at_ns" {
            self.at_ns = Some(value);
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "report" {
            self.report = Some(value.to_owned());
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}{}", self.message);
        } else {
            self.message = format!("{} {}={value:?}", self.message, field.name());
        }
    }
}
