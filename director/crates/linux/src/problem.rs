//! Something on this machine that must be put right first.

use std::fmt;

/// Something on this machine that must be put right first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: an interface, an address, a module.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

impl Problem {
    pub(crate) fn new(
        place: impl Into<String>,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { place: place.into(), what: what.into(), cure: cure.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}\n  help: {}", self.place, self.what, self.cure)
    }
}

/// One or more problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            let newline = if number == 0 { "" } else { "\n" };
            write!(formatter, "{newline}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
