//! What the service manager is told (`sd_notify(3)`).

use sd_notify::NotifyState;
use std::time::Duration;

/// News for the service manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Started, or done with reloading; with a line about the roles.
    Ready(String),
    /// The roles changed.
    Status(String),
    /// The configuration is being read anew.
    Reloading,
    /// An orderly stop has begun.
    Stopping,
    /// The loop still turns.
    Alive,
}

/// The service manager.
pub trait Manager {
    /// Tells it.
    fn tell(&mut self, news: News);

    /// How often it wants to hear [`News::Alive`] at the least, if at all.
    fn watchdog(&self) -> Option<Duration> {
        None
    }
}

/// systemd, or nobody when the process was not started by it.
#[derive(Debug, Default)]
pub struct Systemd;

impl Manager for Systemd {
    fn tell(&mut self, news: News) {
        let result = match &news {
            News::Ready(status) => {
                sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(status)])
            }
            News::Status(status) => sd_notify::notify(&[NotifyState::Status(status)]),
            News::Reloading => NotifyState::monotonic_usec_now()
                .and_then(|now| sd_notify::notify(&[NotifyState::Reloading, now])),
            News::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
            News::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
        };
        if let Err(error) = result {
            tracing::debug!("the service manager could not be told {news:?}: {error}");
        }
    }

    fn watchdog(&self) -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }
}
