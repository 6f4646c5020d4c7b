//! What is found on the way: what is wrong with the files, what is not carried over, what changes.

use crate::place::Place;
use director_config::{Code, Problem, Problems};
use std::collections::BTreeMap;
use std::fmt;

/// What becomes of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It means the same in the `director.toml`, or was without meaning.
    Carried,
    /// It behaves otherwise from now on.
    Changed,
    /// It is not in the `director.toml`.
    LeftOut,
}

impl fmt::Display for Fate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Carried => "carried",
            Self::Changed => "changed",
            Self::LeftOut => "left out",
        })
    }
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The file's name as it was given.
    pub file: String,
    /// Line, from 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// Column, from 1; 0 when it is about the line as a whole.
    pub column: usize,
    /// What becomes of it.
    pub fate: Fate,
    /// What it was.
    pub directive: String,
    /// What is otherwise, and why.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, fate, directive, text } = self;
        write!(formatter, "{file}")?;
        for number in [line, column] {
            if *number > 0 {
                write!(formatter, ":{number}")?;
            }
        }
        write!(formatter, ": {fate}: {directive}: {text}")
    }
}

/// The texts that were read and what was found in them.
#[derive(Default)]
pub(crate) struct Log {
    files: Vec<(String, String)>,
    wrong: BTreeMap<usize, Vec<Problem>>,
    notes: Vec<(Place, Note)>,
}

impl Log {
    /// Notes a file; its number is what places name it by.
    pub(crate) fn file(&mut self, name: &str, text: &str) -> usize {
        self.files.push((name.to_owned(), text.to_owned()));
        self.files.len() - 1
    }

    /// A place as comments name it: `ldirectord.cf:12`.
    pub(crate) fn origin(&self, place: Place) -> String {
        let name = self.name(place.file);
        format!("{}:{}", name.rsplit('/').next().unwrap_or(name), place.line)
    }

    fn name(&self, file: usize) -> &str {
        self.files.get(file).map_or("the command line", |(name, _)| name.as_str())
    }

    /// Something that the file's own program would not take.
    pub(crate) fn wrong(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let text = self.files.get(place.file).map_or("", |(_, text)| text.as_str());
        let line = text.split('\n').nth(place.line.saturating_sub(1)).unwrap_or("");
        let before: usize =
            text.split('\n').take(place.line.saturating_sub(1)).map(|it| it.len() + 1).sum();
        let column = place.column.max(1);
        let within = line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at);
        let rest = line.get(within..).unwrap_or("");
        let width = rest.split([' ', '\t', '\r', '#']).next().unwrap_or("").len().max(1);
        let problem = Problem {
            code,
            file: None,
            line: place.line.max(1),
            column,
            message: message.into(),
            help: help.into(),
            span: before + within..before + within + width,
            source_line: (place.line > 0).then(|| line.trim_end_matches('\r').to_owned()),
        };
        self.wrong.entry(place.file).or_default().push(problem);
    }

    /// Something that behaves otherwise.
    pub(crate) fn changed(&mut self, place: Place, directive: &str, text: impl Into<String>) {
        self.note(Fate::Changed, place, directive, text.into());
    }

    /// Something that is not carried over.
    pub(crate) fn left_out(&mut self, place: Place, directive: &str, text: impl Into<String>) {
        self.note(Fate::LeftOut, place, directive, text.into());
    }

    pub(crate) fn note(&mut self, fate: Fate, place: Place, directive: &str, text: String) {
        let note = Note {
            file: self.name(place.file).to_owned(),
            line: place.line,
            column: place.column,
            fate,
            directive: directive.to_owned(),
            text,
        };
        self.notes.push((place, note));
    }

    /// Whether something is wrong with the files.
    pub(crate) fn is_wrong(&self) -> bool {
        !self.wrong.is_empty()
    }

    /// Everything that is wrong, file by file.
    pub(crate) fn into_problems(self) -> Vec<Problems> {
        let Self { files, wrong, .. } = self;
        let of = |(file, problems): (usize, Vec<Problem>)| {
            let name = files.get(file).map_or("the command line", |(name, _)| name.as_str());
            Problems::new(name, problems)
        };
        wrong.into_iter().map(of).collect()
    }

    /// The notes, by file and place, each once.
    pub(crate) fn into_notes(self) -> Vec<Note> {
        let mut notes = self.notes;
        notes.sort();
        notes.dedup();
        notes.into_iter().map(|(_, note)| note).collect()
    }
}
