//! Health checks as the shell carries them out: what to ask, and what came of it.

use crate::config::Dialogue;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU32;
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
    /// By which way, when not simply by the routes of this host.
    pub way: Option<Way>,
    /// What to say and to expect.
    pub dialogue: Dialogue,
    /// For the whole dialogue.
    pub timeout: Duration,
}

/// The way to one real server through a virtual service: packets to the virtual address that carry
/// this mark are forwarded to that server alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Way {
    /// Their firewall mark.
    pub mark: u32,
    /// From which address of this director they come. A virtual address that it holds would do
    /// nothing: the server takes that for its own.
    pub source: Option<IpAddr>,
}

/// How long the parts of a dialogue took, in microseconds, each summed up where a dialogue came to
/// it more than once. Servers are given by address: there are no names to resolve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    took: [Option<Micros>; 4],
}

impl Phases {
    /// The parts, in their order.
    pub const ALL: [Phase; 4] = [Phase::Connect, Phase::Tls, Phase::Answer, Phase::Body];

    /// So much time more went by in this part.
    pub fn add(&mut self, phase: Phase, time: Duration) {
        let place = Self::ALL.iter().position(|known| *known == phase);
        if let Some(took) = place.and_then(|place| self.took.get_mut(place)) {
            *took = Some(Micros::of(took.map_or(time, |took| took.time() + time)));
        }
    }

    /// The parts that the dialogue came to, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Phase, Duration)> + '_ {
        let took = Self::ALL.iter().zip(self.took);
        took.filter_map(|(phase, took)| Some((*phase, took?.time())))
    }
}

/// A time in whole microseconds, in little room: the last results of every server are full of them.
/// What is longer than 71 minutes is not told apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Micros(
    /// One more than there are, so that none of them at all takes no further room.
    NonZeroU32,
);

impl Micros {
    pub(crate) fn of(time: Duration) -> Self {
        let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        Self(NonZeroU32::MIN.saturating_add(micros))
    }

    pub(crate) fn time(self) -> Duration {
        Duration::from_micros(u64::from(self.0.get() - 1))
    }
}

impl fmt::Debug for Micros {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.time(), formatter)
    }
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
    /// The server answered that it will not, in its own words.
    Rejected {
        /// Its words.
        answer: String,
    },
    /// The connection could not be made secret, or not with whom it should be.
    Tls {
        /// What prevented it.
        what: String,
    },
    /// The program said so.
    Ended {
        /// How it ended.
        how: String,
    },
    /// The configuration says that the server is not to be used.
    Off,
    /// The answer has another status than it should.
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
    /// Making the connection secret.
    Tls,
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
            Self::Tls => "negotiating TLS",
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
            Self::Rejected { answer } => write!(formatter, "server said no: {answer}"),
            Self::Tls { what } => write!(formatter, "no TLS with the server: {what}"),
            Self::Ended { how } => write!(formatter, "program {how}"),
            Self::Off => write!(formatter, "switched off by the configuration"),
            Self::Status { status } => write!(formatter, "answered with status {status}"),
            Self::Body { length } => {
                write!(formatter, "expected text not in the {length} bytes of the answer")
            }
            Self::Local { what } => write!(formatter, "check could not be carried out: {what}"),
        }
    }
}

/// What a server that passed its check said beside that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Passed {
    /// What its agent wishes.
    pub advice: Advice,
    /// Days that its certificate is still valid, when they are few.
    pub certificate_days: Option<u16>,
}

/// What a server's agent wishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Advice {
    /// The share of its configured weight that it wants to have, in per cent.
    pub weight_percent: Option<u16>,
    /// Whether new connections may come.
    pub admission: Option<Admission>,
}

/// Whether a server wants new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Admission {
    /// It does.
    Ready,
    /// It wants to end those that it has.
    Drain,
    /// Somebody works on it.
    Maintenance,
}

/// What came of a probe.
pub type Outcome = Result<Passed, Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_summed_up_and_what_never_was_is_no_part() {
        let mut phases = Phases::default();
        phases.add(Phase::Answer, Duration::from_micros(1500));
        phases.add(Phase::Connect, Duration::ZERO);
        phases.add(Phase::Answer, Duration::from_micros(7));
        phases.add(Phase::Whole, Duration::from_secs(1));
        let parts: Vec<_> = phases.iter().collect();
        let answer = Duration::from_micros(1507);
        assert_eq!(parts, [(Phase::Connect, Duration::ZERO), (Phase::Answer, answer)]);
        phases.add(Phase::Answer, Duration::MAX - answer);
        let longest = Duration::from_micros(u64::from(u32::MAX) - 1);
        assert_eq!(phases.iter().last(), Some((Phase::Answer, longest)));
        assert_eq!(size_of::<Phases>(), 16);
    }
}
