//! Times of many runs in short.

use std::time::Duration;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// Many outages in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Arithmetic mean.
    pub(crate) mean: Duration,
    /// Median by nearest rank: half of them are not longer.
    pub(crate) p50: Duration,
    /// The longest.
    pub(crate) max: Duration,
}

impl Figures {
    /// Of at least one outage.
    pub(crate) fn of(mut outages: Vec<Duration>) -> Option<Self> {
        outages.sort();
        let count = u32::try_from(outages.len()).ok().filter(|count| *count > 0)?;
        Some(Self {
            mean: outages.iter().sum::<Duration>() / count,
            p50: *outages.get((outages.len() - 1) / 2)?,
            max: *outages.last()?,
        })
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Figures", 3)?;
        fields.serialize_field("mean_ns", &ns(self.mean))?;
        fields.serialize_field("p50_ns", &ns(self.p50))?;
        fields.serialize_field("max_ns", &ns(self.max))?;
        fields.end()
    }
}

/// A time as the number of its nanoseconds.
pub(crate) fn nanos<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(ns(*value))
}

/// The same, where there may be none.
#[allow(clippy::ref_option, reason = "serde calls it with a reference to the field")]
pub(crate) fn maybe_nanos<S: Serializer>(
    value: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.map(ns).serialize(serializer)
}

/// A time in whole nanoseconds.
pub(crate) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A time in microseconds, to the nearest.
pub(crate) fn micros(value: Duration) -> u128 {
    (value.as_nanos() + 500) / 1_000
}

/// `172.000 ms`, to the nearest microsecond.
pub(crate) fn millis(value: Duration) -> String {
    format!("{}.{:03} ms", micros(value) / 1_000, micros(value) % 1_000)
}
