//! The words of alerts.

use super::{Fate, Kind, Notice, Occasion};
use alloc::format;
use alloc::string::String;
use core::fmt;

impl Occasion {
    /// Its word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Flapping => "flapping",
            Self::Certificate => "certificate",
            Self::Fallback => "fallback",
            Self::Unserved => "unserved",
            Self::Quorum => "quorum",
            Self::Panic => "panic",
            Self::Role => "role",
            Self::Peer => "peer",
            Self::Link => "link",
            Self::TwoOwners => "two-owners",
            Self::Witness => "witness",
            Self::Fencing => "fencing",
            Self::Configuration => "configuration",
            Self::Kernel => "kernel",
            Self::Life => "life",
        }
    }
}

impl Kind {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trouble => "trouble",
            Self::Reminder => "reminder",
            Self::Recovery => "recovery",
            Self::News => "news",
            Self::Summary => "summary",
        }
    }
}

impl Notice {
    /// One line that says it: `d1: service web, server 10.0.0.21:80: server 10.0.0.21:80 is down`.
    #[must_use]
    pub fn subject(&self) -> String {
        let mark = match self.kind {
            Kind::Trouble | Kind::News => "",
            Kind::Reminder => "still: ",
            Kind::Recovery => "over: ",
            Kind::Summary => "summary: ",
        };
        format!("{}: {mark}{}: {}", self.node, self.place, self.what)
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => write!(formatter, "was delivered"),
            Self::Failed { why, again_ms } => {
                write!(formatter, "was not delivered: {why}; tried again in {again_ms} ms")
            }
            Self::Lost { why } => write!(formatter, "is given up: {why}"),
            Self::Suppressed => write!(formatter, "is not sent: there were too many"),
        }
    }
}
