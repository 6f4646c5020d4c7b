//! What a director was told, kept so that its decisions can be made again.
//!
//! The core is a function of what it begins with and of what it is told, each with its instant. A
//! record holds both, and of what came of every input a digest: whoever feeds the record to the
//! same core sees the same decisions, and sees that they are the same.
//!
//! A record is text, a line for each thing, so that two of them can be compared by `diff`:
//!
//! ```text
//! director-record 1
//! begin {"release":"0.1.0","node":"d1","seed":7,"at":81200000000,"began":"2026-…"} 0c8d2e11
//! config {…} 9be2a7f0
//! found {…} 5d21c09a
//! ledger {…} 77ab01e4
//! 0.000000000 start - 2+1:8c1f00d3 4be0a911
//! 0.100021700 beat [0,"regular",12,"d2"] 0+0:11d0c2fa 90aa13c7
//! 0.108112301 deadline - 2+0:5b2290de 1d3f7c55
//! end stopped 6f0e2b88
//! ```
//!
//! * First the time since the first instant, then what happened, then its facts as JSON (`-` for
//!   none), then how many effects and reports came of it and a digest of them and of the next
//!   deadline.
//! * The last word of a line is a check over it and all lines before it: a line that was changed,
//!   lost or moved is found out. A last line without its line end is what a crash leaves, and is
//!   not read.
//! * What a peer says again is not written again: its name stands for the body of the beat before.
//!   Of what the kernel holds only what is otherwise than after the pass before is written.
//! * A record without `end` is one whose director was killed, or still runs.
//!
//! No key and no password of a check or an alert is in it: the configuration has only where they
//! are kept. What the configuration itself has in plain text is in it, as the password of VRRP
//! version 2 and the words that checks send.

mod delta;
mod line;
mod outputs;
mod read;
#[cfg(test)]
mod tests;
mod told;
mod write;

pub use outputs::Outputs;
pub use read::{Item, Reader, Wrong};
pub use write::Writer;

use director_core::config::Config;
use director_core::name::NodeName;
use director_core::observed::Snapshot;
use director_core::order::{Author, Order};
use director_core::plan::Ledger;
use director_core::time::{Deadline, Instant};
use director_core::{Director, Effect, Input, Report};
use std::fmt;
use std::sync::Arc;

/// The first line of every record: its form has this number.
const FORM: &str = "director-record 1";

/// What a director begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Beginning {
    /// The release of the program.
    pub release: String,
    /// Who it is.
    pub node: NodeName,
    /// What its life is known by.
    pub seed: u64,
    /// The first instant, of its own clock.
    pub at: Instant,
    /// The time of day of that instant, for people.
    pub began: String,
    /// Its configuration, with all of its files, as this node has it.
    pub config: Arc<Config>,
    /// What the kernel held.
    pub found: Snapshot,
    /// What of that an earlier director had left.
    pub ledger: Ledger,
}

impl Beginning {
    /// The director at its first instant.
    #[must_use]
    pub fn director(&self) -> Director {
        let Self { node, seed, at, config, found, ledger, .. } = self;
        Director::inheriting(Arc::clone(config), node.clone(), *seed, found, ledger, *at)
    }
}

/// Why a director did something.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// It began.
    Start,
    /// Something happened.
    Told(Input),
    /// Somebody ordered something, and was answered.
    Ordered(Order, Author),
}

/// One input and all that came of it at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// When, by the director's clock.
    pub at: Instant,
    /// Why.
    pub cause: Cause,
    /// What it wanted done.
    pub effects: Vec<Effect>,
    /// What it told.
    pub reports: Vec<Report>,
    /// When it wanted to be woken.
    pub next: Option<Deadline>,
}

impl Turn {
    /// Lets a director do it, and takes what comes of it.
    pub fn of(director: &mut Director, cause: Cause, at: Instant) -> Self {
        match &cause {
            Cause::Start => {}
            Cause::Told(input) => director.handle(input.clone(), at),
            // Whoever gave the order was answered; what it changed is in the outputs.
            Cause::Ordered(order, by) => drop(director.order(order, by, at)),
        }
        let effects = std::iter::from_fn(|| director.next_effect()).collect();
        let reports = std::iter::from_fn(|| director.next_report()).collect();
        Self { at, cause, effects, reports, next: director.next_deadline() }
    }
}

/// Why a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The director ended.
    Stopped,
    /// It is as large as it may be.
    Full,
    /// It was written more slowly than things happened.
    Behind,
}

impl End {
    const ALL: [Self; 3] = [Self::Stopped, Self::Full, Self::Behind];

    const fn word(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Full => "full",
            Self::Behind => "behind",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Stopped => "the director ended",
            Self::Full => "the record was as large as it may be",
            Self::Behind => "the record could not be written as fast as things happened",
        })
    }
}
