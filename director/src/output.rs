//! What is written for people, and how a command can fail.

use std::fmt;
use std::io::{self, IsTerminal, Write};

/// How a command can fail.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What it was given is wrong.
    Input(String),
    /// This machine, or the running director, cannot do it.
    Machine(String),
}

impl Failure {
    pub(crate) fn input(what: impl fmt::Display) -> Self {
        Self::Input(what.to_string())
    }

    /// The exit status that says so.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Machine(_) => 1,
            Self::Input(_) => 2,
        }
    }

    pub(crate) fn machine(what: impl fmt::Display) -> Self {
        Self::Machine(what.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It begins with the file and the place in it.
            Self::Input(text) => formatter.write_str(text.trim_end()),
            Self::Machine(text) => write!(formatter, "director: {}", text.trim_end()),
        }
    }
}

/// Writes to standard output.
///
/// # Errors
/// When it cannot be written; a reader that has enough and goes is no error.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::machine(format_args!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes to standard error; nobody is left to be told when that fails.
pub(crate) fn complain(text: &str) {
    let _unwritten = writeln!(io::stderr().lock(), "{text}");
}

/// The problems of a file, with colours when a person reads them.
pub(crate) fn shown(problems: &director_config::Problems) -> String {
    if io::stderr().is_terminal() { problems.coloured().to_string() } else { problems.to_string() }
}

/// The warnings of a file, with colours when a person reads them.
pub(crate) fn warned(warnings: &director_config::Warnings) -> String {
    if io::stderr().is_terminal() { warnings.coloured().to_string() } else { warnings.to_string() }
}
