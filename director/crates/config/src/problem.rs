//! Problems of a file, as values.

use crate::code::Code;
use crate::source::{Place, Source, Span};

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem it is.
    pub code: Code,
    /// The file where it stands; `None` for the one that was asked for.
    pub file: Option<String>,
    /// Line in the file, from 1.
    pub line: usize,
    /// Column in the line, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// The bytes of the file that are wrong.
    pub span: Span,
    /// The line of the file; `None` when the problem is with the file as a whole.
    pub source_line: Option<String>,
}

/// Everything that is wrong with a file and those that it includes, by position.
///
/// `Display` shows it to people, without colours; [`Problems::coloured`] with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The file's name as it was given.
    pub file: String,
    /// The problems; never empty.
    pub problems: Vec<Problem>,
}

impl Problem {
    /// A problem with the file as a whole.
    pub(crate) fn of_file(code: Code, message: String, help: String) -> Self {
        Self { code, file: None, line: 1, column: 1, message, help, span: 0..0, source_line: None }
    }

    pub(crate) fn at(
        source: &Source<'_>,
        code: Code,
        span: &Span,
        message: String,
        help: String,
    ) -> Self {
        let Place { file, line, column, text, span } = source.place(span);
        Self { code, file, line, column, message, help, span, source_line: Some(text) }
    }

    /// How many characters of the line are wrong; at least 1.
    pub(crate) fn width(&self) -> usize {
        let line = self.source_line.as_deref().unwrap_or("");
        let rest = line.char_indices().nth(self.column - 1).map_or("", |(at, _)| &line[at..]);
        let end = (0..=self.span.len().min(rest.len())).rev().find(|at| rest.is_char_boundary(*at));
        rest[..end.unwrap_or(0)].chars().count().max(1)
    }
}

impl Problems {
    /// The problems of a file, put in order of their positions.
    #[must_use]
    pub fn new(file: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|one, other| {
            let key = |it: &Problem| (it.span.start, it.span.end, it.code);
            (&one.file, key(one)).cmp(&(&other.file, key(other)))
        });
        problems.dedup();
        Self { file: file.to_owned(), problems }
    }

    /// The file where a problem of these stands.
    #[must_use]
    pub fn file_of<'a>(&'a self, problem: &'a Problem) -> &'a str {
        problem.file.as_deref().unwrap_or(&self.file)
    }
}

impl std::error::Error for Problems {}
