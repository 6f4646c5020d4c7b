//! What the machine takes from the configuration of the cluster.

use super::detector::Limits;
use crate::config::{Announce, Config, Failback};
use core::time::Duration;

/// The settings of the cluster that the machine works with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) keepalive: Duration,
    pub(super) limits: Limits,
    pub(super) failback: Option<Duration>,
    pub(super) announce: Announce,
    /// Whether silent peers must be fenced before anything is taken from them.
    pub(super) fences: bool,
}

impl Settings {
    /// A silence on a link in which a heartbeat was missing.
    pub(super) fn gap(&self) -> Duration {
        self.keepalive * 3 / 2
    }

    pub(super) fn of(config: &Config) -> Self {
        let cluster = &config.cluster;
        let failback = match cluster.failback {
            Failback::Auto { delay } => Some(delay),
            Failback::Manual => None,
        };
        Self {
            keepalive: cluster.keepalive,
            limits: Limits {
                keepalive: cluster.keepalive,
                detection: cluster.detection,
                deadtime: cluster.deadtime,
            },
            failback,
            announce: cluster.announce,
            fences: cluster.fence.is_some(),
        }
    }
}
