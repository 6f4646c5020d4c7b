//! Metrics in the text form of OpenMetrics 1.0.
//!
//! Counters are counted from the director's reports, everything else is read from its view when
//! somebody asks. Labels are names from the configuration and words of this program: their number
//! is bounded by the configuration.

mod gauges;
mod meter;
mod outage;
mod pace;
mod traffic;

pub(crate) use meter::Meter;
pub(crate) use pace::Turn;
pub(crate) use traffic::joined;

/// The content type of what is served.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
