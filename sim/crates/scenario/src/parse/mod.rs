//! From text to [`Scenario`], or to every problem of the file at once.

mod client;
mod condition;
mod cursor;
mod draft;
mod expect;
mod header;
mod load;
mod node;
mod range;
mod source;
#[cfg(test)]
mod tests;
mod timeline;
mod value;

pub use load::files;

use crate::{Problems, Scenario};
use draft::Draft;
use source::{Source, offset};
use std::path::Path;
use toml_edit::{Document, Table};

/// Reads a file that a scenario names, by the path written there; the error is one sentence.
pub type Reader<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

const SECTIONS: [&str; 9] =
    ["title", "why", "length", "engines", "segments", "nodes", "clients", "timeline", "expect"];

impl Scenario {
    /// Reads a scenario file and the configuration files that it names, relative to it.
    ///
    /// # Errors
    /// Every problem of the file, in its order.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        load::load(path)
    }

    /// Parses the text of a scenario; `file` is for messages, `read` fetches configuration files.
    ///
    /// # Errors
    /// Every problem of the text, in its order.
    pub fn parse(file: &str, text: &str, read: &Reader<'_>) -> Result<Self, Problems> {
        let mut source = Source::new(file, text);
        match Document::parse(text) {
            Err(wrong) => {
                let at = offset(wrong.span());
                source.report(at, wrong.message(), "mend the TOML syntax here, then check again");
                Err(Problems(source.problems))
            }
            Ok(document) => whole(&mut source, document.as_table(), read),
        }
    }
}

fn whole(source: &mut Source<'_>, root: &Table, read: &Reader<'_>) -> Result<Scenario, Problems> {
    source.unknown_keys(root, &SECTIONS, "a scenario");
    let mut draft = Draft::new(header::read(source, root), read);
    node::segments(source, root, &mut draft);
    node::nodes(source, root, &mut draft);
    client::clients(source, root, &mut draft);
    timeline::read(source, root, &mut draft);
    expect::read(source, root, &mut draft);
    let mut problems = std::mem::take(&mut source.problems);
    if problems.is_empty() {
        return Ok(draft.scenario);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(Problems(problems))
}
