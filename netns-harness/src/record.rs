//! The file of one node's observations, as the outside reads it after the run.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anyhow::Context;
use scenario::{Event, Record};

use crate::clock;

/// Appends records to a file, one JSON value per line; shared by the threads of an agent.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: Mutex<File>,
    start: OnceLock<Duration>,
}

impl Recorder {
    /// Opens the file; a node that is powered on again goes on in the same one.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { shared: Arc::new(Shared { file: Mutex::new(file), start: OnceLock::new() }) })
    }

    /// Notes when the run began; what is recorded before has the time zero.
    pub(crate) fn begin(&self, start: Duration) {
        // A second start of the same run cannot be: the first one stands.
        let _ = self.shared.start.set(start);
    }

    /// Takes the beginning from another recorder of the same run, if that knows it.
    pub(crate) fn begin_like(&self, other: &Self) {
        if let Some(start) = other.shared.start.get() {
            self.begin(*start);
        }
    }

    /// The time since the run began, now.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since(clock::now())
    }

    /// The time since the run began, at that moment of the monotonic clock.
    pub(crate) fn since(&self, moment: Duration) -> Duration {
        let start = self.shared.start.get().copied().unwrap_or(Duration::MAX);
        moment.saturating_sub(start)
    }

    /// Records what happens now.
    pub(crate) fn now(&self, event: Event) {
        self.at(self.elapsed(), event);
    }

    /// Records what happened then, counted from the beginning of the run.
    pub(crate) fn at(&self, at: Duration, event: Event) {
        if let Ok(line) = serde_json::to_string(&Record { at, event }) {
            self.line(&line);
        }
    }

    /// Records a line that a program printed just now.
    pub(crate) fn printed(&self, line: &str) {
        let at = u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.line(&serde_json::json!({ "at_ns": at, "line": line }).to_string());
    }

    fn line(&self, text: &str) {
        let Ok(mut file) = self.shared.file.lock() else { return };
        // The run directory is gone only when the run is over.
        let _ = file.write_all(format!("{text}\n").as_bytes());
    }
}
