//! Health checks as the shell carries them out: what to ask, and what came of it.

use crate::config::Dialogue;
use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

/// Number of one probe; never used twice in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ticket(pub u64);

/// What to ask of whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Probe {
    /// Where to connect to.
    pub target: SocketAddr,
    /// What to say and to expect.
    pub dialogue: Dialogue,
    /// For the whole dialogue.
    pub timeout: Duration,
}

/// Why a check failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", tag = "kind"))]
pub enum Failure {
    /// The server's kernel answered that nothing listens there.
    Refused,
    /// There is no way to the server: no route, no neighbour.
    Unreachable,
    /// The time was up.
    TimedOut {
        /// What was being waited for.
        phase: Phase,
    },
    /// The server ended the connection before it had answered.
    Closed {
        /// What was being waited for.
        phase: Phase,
    },
    /// The answer was not what the protocol allows.
    Malformed {
        /// What was wrong with it.
        what: String,
    },
    /// The answer has another status than a 2xx.
    Status {
        /// The status.
        status: u16,
    },
    /// The answer's body does not contain the expected text.
    Body {
        /// Bytes of the body that were read.
        length: usize,
    },
    /// The check could not be carried out on this director.
    Local {
        /// What prevented it.
        what: String,
    },
}

/// How far a dialogue had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Phase {
    /// Connecting.
    Connect,
    /// Waiting for the first byte of the answer.
    Answer,
    /// Reading the rest of the answer.
    Body,
    /// Anything: the director itself gave up.
    Whole,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connect => "connecting",
            Self::Answer => "waiting for the answer",
            Self::Body => "reading the answer",
            Self::Whole => "the check",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => write!(formatter, "connection refused"),
            Self::Unreachable => write!(formatter, "server unreachable"),
            Self::TimedOut { phase } => write!(formatter, "time was up while {phase}"),
            Self::Closed { phase } => write!(formatter, "connection ended while {phase}"),
            Self::Malformed { what } => write!(formatter, "answer not understood: {what}"),
            Self::Status { status } => write!(formatter, "answered with status {status}"),
            Self::Body { length } => {
                write!(formatter, "expected text not in the {length} bytes of the answer")
            }
            Self::Local { what } => write!(formatter, "check could not be carried out: {what}"),
        }
    }
}

/// What came of a probe.
pub type Outcome = Result<(), Failure>;
