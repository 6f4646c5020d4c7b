//! The first pass over a `keepalived.conf`: files that are included, lines for this node only,
//! definitions, sequences. What is left are lines with their places.

mod definitions;
mod sequences;

use crate::log::Log;
use crate::place::Place;
use crate::surroundings::Surroundings;
use definitions::{Definition, Definitions};
use director_config::Code;
use std::path::{Path, PathBuf};

/// No file makes more lines than this.
const MOST_LINES: usize = 300_000;
/// No file makes more text than this: 64 MiB.
const MOST_BYTES: usize = 64 << 20;
/// Definitions in definitions, sequences in sequences, files in files.
const DEEPEST: usize = 64;

/// A line when nothing is left to be put in.
pub(super) struct Line {
    pub(super) text: String,
    pub(super) place: Place,
}

/// The pass.
pub(super) struct Expander<'a> {
    around: &'a dyn Surroundings,
    log: &'a mut Log,
    config_id: String,
    definitions: Definitions,
    lines: Vec<Line>,
    bytes: usize,
    /// Whether the limits were passed, which is told once.
    is_full: bool,
}

/// Where a line is: its place, the folder that relative paths begin at, how deep it is nested.
#[derive(Clone, Copy)]
struct Here<'p> {
    place: Place,
    folder: &'p Path,
    depth: usize,
}

/// The lines of a file and of all that it includes.
pub(super) fn expand(
    file: usize,
    name: &str,
    text: &str,
    config_id: &str,
    around: &dyn Surroundings,
    log: &mut Log,
) -> Vec<Line> {
    let config_id = config_id.to_owned();
    let definitions = Definitions::default();
    let (lines, bytes, is_full) = (Vec::new(), 0, false);
    let mut expander = Expander { around, log, config_id, definitions, lines, bytes, is_full };
    let folder = Path::new(name).parent().unwrap_or_else(|| Path::new(""));
    expander.file(file, text, folder, 0);
    expander.lines
}

impl Expander<'_> {
    fn file(&mut self, file: usize, text: &str, folder: &Path, depth: usize) {
        let mut lines = text.lines().enumerate();
        while let Some((at, raw)) = lines.next() {
            let blanks = raw.chars().take_while(|c| c.is_whitespace()).count();
            let place = Place { file, line: at + 1, column: blanks + 1 };
            let here = Here { place, folder, depth };
            let line = uncommented(raw);
            let Some((name, value)) = definitions::begins(self.conditional(&line, here)) else {
                self.line(&line, here);
                continue;
            };
            let (name, mut body) = (name.to_owned(), vec![value.trim().to_owned()]);
            while let Some(rest) = body.last().and_then(|last| last.strip_suffix('\\')) {
                let rest = rest.trim_end().to_owned();
                let Some((_, next)) = lines.next() else { break };
                body.pop();
                body.extend([rest, uncommented(next).trim().to_owned()]);
            }
            if body.len() > 1 && body.first().is_some_and(String::is_empty) {
                body.remove(0);
            }
            self.definitions.set(&name, Definition { lines: body });
        }
    }

    /// What a line says when it is for this node; nothing otherwise.
    fn conditional<'l>(&self, line: &'l str, here: Here<'_>) -> &'l str {
        let mut line = line.trim();
        for _ in here.depth..DEEPEST {
            let Some(rest) = line.strip_prefix('@') else { return line };
            let (rest, is_wanted) = match rest.strip_prefix('^') {
                Some(rest) => (rest, false),
                None => (rest, true),
            };
            let (id, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if (id == self.config_id) != is_wanted {
                return "";
            }
            line = rest.trim();
        }
        line
    }

    fn line(&mut self, line: &str, here: Here<'_>) {
        if self.too_much(line, here) {
            return;
        }
        let line = self.conditional(line, here);
        let deeper = Here { depth: here.depth + 1, ..here };
        if line.is_empty() {
            return;
        }
        if let Some((name, value)) = definitions::begins(line) {
            let lines = vec![value.trim().to_owned()];
            self.definitions.set(name, Definition { lines });
        } else if line.starts_with("~SEQ") || line.starts_with("~LST") {
            self.sequence(line, deeper);
        } else if let Some(pattern) = included(line) {
            self.include(pattern, deeper);
        } else if let Some((before, lines, after)) = self.block(line) {
            let last = lines.len().saturating_sub(1);
            for (at, body) in lines.iter().enumerate() {
                let before = if at == 0 { before.as_str() } else { "" };
                let after = if at == last { after.as_str() } else { "" };
                self.line(&format!("{before}{body}{after}"), deeper);
            }
        } else {
            let replaced = self.replaced(line, here);
            if replaced.trim_start().starts_with(['@', '~']) || self.block(&replaced).is_some() {
                self.line(&replaced, deeper);
            } else {
                self.lines.push(Line { text: replaced, place: here.place });
            }
        }
    }

    fn too_much(&mut self, line: &str, here: Here<'_>) -> bool {
        self.bytes = self.bytes.saturating_add(line.len() + 1);
        let is_deep = here.depth >= DEEPEST;
        let is_long = self.lines.len() >= MOST_LINES || self.bytes > MOST_BYTES;
        if (is_deep || is_long) && !self.is_full {
            let message = if is_deep {
                "definitions, sequences or files contain each other without end"
            } else {
                "this makes more lines than a configuration has"
            };
            self.log.wrong(Code::OutOfRange, here.place, message, "make it less");
            self.is_full = true;
        }
        is_deep || is_long || self.is_full
    }

    fn include(&mut self, pattern: &str, here: Here<'_>) {
        let pattern = pattern.trim().trim_matches(['"', '\'']);
        let path = here.folder.join(pattern);
        let mut found: Vec<PathBuf> = Vec::new();
        for pattern in sequences::braces(&path.to_string_lossy()) {
            found.extend(self.around.matching(&pattern));
        }
        if found.is_empty() {
            let text = format!("no file is named {pattern}");
            self.log.left_out(here.place, "include", text);
        }
        for path in found {
            if self.is_full {
                return;
            }
            let name = path.display().to_string();
            match self.around.read(&path) {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    if self.too_much(&text, here) {
                        return;
                    }
                    let file = self.log.file(&name, &text);
                    let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
                    self.file(file, &text, &folder, here.depth);
                }
                Err(error) => {
                    let text = format!("{name} cannot be read: {error}");
                    self.log.left_out(here.place, "include", text);
                }
            }
        }
    }
}

/// What an `include` or one of its variants names.
fn included(line: &str) -> Option<&str> {
    let (word, rest) = line.split_once(char::is_whitespace)?;
    let kinds = ["include", "includer", "includem", "includew", "includeb", "includea"];
    kinds.contains(&word).then_some(rest)
}

/// A line without its comment, which `#` or `!` begins outside of quotation marks.
fn uncommented(line: &str) -> String {
    let mut kept = String::new();
    let mut quote: Option<char> = None;
    let mut is_escaped = false;
    for c in line.chars() {
        match (quote, c) {
            _ if is_escaped => {}
            (None, '#' | '!') => break,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
        is_escaped = quote.is_some() && c == '\\' && !is_escaped;
        kept.push(c);
    }
    kept.trim_end().to_owned()
}
