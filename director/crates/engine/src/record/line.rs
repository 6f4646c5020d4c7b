//! Lines and their checks.

use super::outputs::Fnv;
use std::time::Duration;

/// A check over all lines so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain(Fnv);

impl Chain {
    /// The check of the next line.
    pub(super) fn next(&mut self, line: &str) -> u32 {
        self.0.add(line.as_bytes());
        self.0.folded()
    }
}

/// Seconds with all of their nanoseconds.
pub(super) fn seconds(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

/// The reverse of [`seconds`].
pub(super) fn time(text: &str) -> Option<Duration> {
    let (seconds, nanos) = text.split_once('.')?;
    let nanos = (nanos.len() == 9).then(|| nanos.parse().ok()).flatten()?;
    Some(Duration::new(seconds.parse().ok()?, nanos))
}
