//! The programs that can stand in the director's place.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::doctor::{self, Missing};

/// What runs on every director of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stack {
    /// Our own daemon.
    Director,
    /// Debian's keepalived, with a configuration translated from the director's.
    Keepalived,
}

impl Stack {
    /// Every other stack than our own.
    pub(crate) const PEERS: [Self; 1] = [Self::Keepalived];

    /// The word on the command line and in reports.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Director => "director",
            Self::Keepalived => "keepalived",
        }
    }

    /// Where its configuration stands on a node's disk.
    pub(crate) fn config_path(self) -> &'static str {
        match self {
            Self::Director => "/etc/director/director.toml",
            Self::Keepalived => "/etc/keepalived/keepalived.conf",
        }
    }

    /// How its program is called to run in the foreground and print its log.
    pub(crate) fn arguments(self, node: &str) -> Vec<String> {
        let config = self.config_path();
        let words: &[&str] = match self {
            Self::Director => &["run", "--config", config, "--node", node, "--log-format", "json"],
            Self::Keepalived => {
                &["--dont-fork", "--log-console", "--no-syslog", "--log-detail", "-f", config]
            }
        };
        words.iter().map(|&word| word.to_owned()).collect()
    }

    /// The distribution's program; ours is named on the command line.
    pub(crate) fn installed(self) -> Option<PathBuf> {
        match self {
            Self::Director => None,
            Self::Keepalived => doctor::find("keepalived"),
        }
    }

    /// What keeps this machine from running it, if something does.
    pub(crate) fn missing(self) -> Option<Missing> {
        let word = self.word();
        (self != Self::Director && self.installed().is_none()).then(|| Missing {
            what: format!("the program {word}"),
            cure: format!("apt-get install {word}"),
        })
    }
}
