//! The programs that can stand in the director's place.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::doctor::{self, Missing};

/// Where Debian's package has Heartbeat, which is not meant to be called by hand.
const HEARTBEAT: &str = "/usr/libexec/heartbeat/heartbeat";

/// What runs on every director of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stack {
    /// Our own daemon.
    Director,
    /// Debian's keepalived, with a configuration translated from the director's.
    Keepalived,
    /// Debian's ldirectord under Heartbeat, with a configuration translated from the director's.
    Ldirectord,
}

impl Stack {
    /// Every other stack than our own.
    pub(crate) const PEERS: [Self; 2] = [Self::Keepalived, Self::Ldirectord];

    /// The word on the command line and in reports.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Director => "director",
            Self::Keepalived => "keepalived",
            Self::Ldirectord => "ldirectord",
        }
    }

    /// How its program is called to run in the foreground; `config` is its first file.
    pub(crate) fn arguments(self, node: &str, config: &str) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Director => &["run", "--config", config, "--node", node, "--log-format", "json"],
            Self::Keepalived => {
                &["--dont-fork", "--log-console", "--no-syslog", "--log-detail", "-f", config]
            }
            Self::Ldirectord => &["-f"],
        };
        words.iter().map(|&word| word.to_owned()).collect()
    }

    /// How long it runs before a scenario begins.
    ///
    /// Heartbeats that start together wait ten seconds for each other before they take anything
    /// (`RQSTDELAY` in its `hb_resource.c`); what happens to it earlier says nothing about it.
    pub(crate) fn head_start(self) -> Duration {
        match self {
            Self::Director | Self::Keepalived => Duration::ZERO,
            Self::Ldirectord => Duration::from_secs(15),
        }
    }

    /// The distribution's program; ours is named on the command line.
    pub(crate) fn installed(self) -> Option<PathBuf> {
        match self {
            Self::Director => None,
            Self::Keepalived => doctor::find("keepalived"),
            Self::Ldirectord => {
                let heartbeat = Path::new(HEARTBEAT);
                (heartbeat.is_file() && doctor::in_path("ldirectord")).then(|| heartbeat.to_owned())
            }
        }
    }

    /// The packages that it is in.
    fn packages(self) -> &'static str {
        match self {
            Self::Director => "",
            Self::Keepalived => "keepalived",
            Self::Ldirectord => "heartbeat ldirectord resource-agents",
        }
    }

    /// What keeps this machine from running it, if something does.
    pub(crate) fn missing(self) -> Option<Missing> {
        (self != Self::Director && self.installed().is_none()).then(|| Missing {
            what: format!("the stack {}", self.word()),
            cure: format!("apt-get install {}", self.packages()),
        })
    }
}
