//! Where problems are collected while a file is read.

use crate::code::Code;
use crate::problem::Problem;
use crate::source::{Source, Span};
use crate::texts::Texts;

/// A value and where it stands in the text.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> At<T> {
    pub(crate) const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// The problems that have been found so far.
pub(crate) struct Found<'a> {
    source: Source<'a>,
    file: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Found<'a> {
    pub(crate) fn new(texts: &'a Texts) -> Self {
        Self { source: Source::new(texts), file: texts.file(), problems: Vec::new() }
    }

    /// Something is wrong at `span`: what, and what to do about it.
    pub(crate) fn add(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = Problem::at(&self.source, code, span, message.into(), help.into());
        self.problems.push(problem);
    }

    /// Another place, for messages that speak of it: `line 7`, of a file when there are several.
    pub(crate) fn spoken(&self, span: &Span) -> String {
        self.source.spoken(span, self.file)
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}
