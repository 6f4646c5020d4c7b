//! Why a command of the lab ended without a verdict, and the exit status that says so.

use std::fmt;

/// A command that could not do its work. A violated expectation is not a failure: it is a verdict.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What the user gave is wrong: exit status 2.
    Input(String),
    /// This machine cannot do it; the text says what is missing and what cures it: exit status 3.
    Unable(String),
    /// The user stopped it: exit status 130, as shells report SIGINT.
    Interrupted,
    /// Anything else that went wrong on the way: exit status 3.
    Broken(anyhow::Error),
}

impl Failure {
    /// The exit status of the process.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Unable(_) | Self::Broken(_) => 3,
            Self::Interrupted => 130,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(text) | Self::Unable(text) => f.write_str(text),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Broken(error) => write!(f, "{error:#}"),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}
