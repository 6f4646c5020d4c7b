//! Rules as pure functions: text in, complaints out, nothing found means nothing wrong.

pub mod arrows;
pub mod attributes;
pub mod examples;
pub mod layout;
pub mod licences;
pub mod links;
pub mod ratchet;
pub mod rehearsals;
pub mod words;

use std::fmt;

/// What is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    /// Path from the repository's root.
    pub file: String,
    /// Counted from 1; 0 when the whole file is meant.
    pub line: usize,
    /// One sentence with its cure.
    pub text: String,
}

impl Complaint {
    /// A complaint about one line.
    pub fn new(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, text: text.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.text),
            line => write!(f, "{}:{line}: {}", self.file, self.text),
        }
    }
}

/// Ends a test with every complaint, one per line.
///
/// # Panics
/// When there is one.
pub fn demand_none(complaints: &[impl fmt::Display]) {
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} found:\n{}", lines.len(), lines.join("\n"));
}
