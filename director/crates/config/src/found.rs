//! Where problems are collected while a file is read.

use crate::code::Code;
use crate::problem::Problem;
use crate::source::{Source, Span};

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
    problems: Vec<Problem>,
}

impl<'a> Found<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { source: Source::new(text), problems: Vec::new() }
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

    /// The line of another place, for messages that speak of it.
    pub(crate) fn line(&self, span: &Span) -> usize {
        self.source.position(span.start).0
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}
