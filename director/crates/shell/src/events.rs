//! Reports as they happen, for those who listen.

use director_core::Report;
use director_core::report::Level;
use director_core::time::Instant;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::broadcast;

/// Events that wait for a slow listener; older ones are lost to it, and it is told how many.
const WAITING: usize = 4096;

/// Tells every listener.
#[derive(Debug)]
pub(crate) struct Events {
    sender: broadcast::Sender<Arc<str>>,
    number: u64,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(WAITING).0, number: 0 }
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.sender.subscribe()
    }

    /// Tells of a report; costs nothing while nobody listens.
    pub(crate) fn tell(&mut self, report: &Report, at: Instant) {
        self.number += 1;
        if self.sender.receiver_count() == 0 {
            return;
        }
        let level = match report.level() {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
        };
        let line = json!({
            "version": crate::control::VERSION,
            "event": self.number,
            "ts_ns": at.as_nanos(),
            "level": level,
            "message": report.to_string(),
            "report": report,
        });
        // The last listener may just have gone.
        let _nobody = self.sender.send(line.to_string().into());
    }
}
