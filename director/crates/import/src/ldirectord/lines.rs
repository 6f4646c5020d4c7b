//! Lines of an `ldirectord.cf`, by ldirectord's own rules of what is a line of what.

use crate::log::Log;
use crate::place::{At, Place};
use director_config::Code;

/// A whole file.
pub(super) struct File {
    pub(super) globals: Vec<Line>,
    pub(super) sections: Vec<Section>,
}

/// `name = value`.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) place: Place,
    pub(super) value_place: Place,
}

/// `virtual = …` and the indented lines under it.
pub(super) struct Section {
    pub(super) is_v6: bool,
    pub(super) value: String,
    pub(super) place: Place,
    pub(super) lines: Vec<Line>,
}

impl Line {
    pub(super) fn value(&self) -> At<String> {
        At::new(self.value.clone(), self.value_place)
    }
}

impl Section {
    /// The last line of this name: ldirectord lets it win.
    pub(super) fn last(&self, name: &str) -> Option<&Line> {
        self.lines.iter().rev().find(|line| line.name == name)
    }
}

/// Splits the text into global lines and sections.
///
/// A section goes on while lines are indented by four blanks or more, a tab counting as four. A
/// line of nothing but a comment is part of nothing; an empty line, or one with less indentation,
/// ends the section and is read as a global line.
pub(super) fn parse(file: usize, text: &str, log: &mut Log) -> File {
    let mut parsed = File { globals: Vec::new(), sections: Vec::new() };
    let mut in_section = false;
    for (at, raw) in text.lines().enumerate() {
        let raw = raw.trim_end_matches('\r');
        let place = |column| Place { file, line: at + 1, column };
        if raw.trim_start().starts_with('#') {
            continue;
        }
        if in_section {
            let uncommented = raw.split('#').next().unwrap_or("");
            let spaced = uncommented.replace('\t', "    ");
            if spaced.len() > 4 && spaced.starts_with("    ") {
                let column = raw.chars().take_while(|c| c.is_whitespace()).count() + 1;
                let line = line(spaced.trim_start(), place(column), log);
                let section = parsed.sections.last_mut();
                section.into_iter().zip(line).for_each(|(section, line)| section.lines.push(line));
                continue;
            }
            in_section = false;
        }
        if raw.trim().is_empty() {
            continue;
        }
        if let Some(section) = section(raw, place(1)) {
            parsed.sections.push(section);
            in_section = true;
        } else {
            parsed.globals.extend(line(raw, place(1), log));
        }
    }
    parsed
}

fn section(raw: &str, place: Place) -> Option<Section> {
    let (name, value) = raw.split_once('=')?;
    let is_v6 = match name.trim_end() {
        "virtual" => false,
        "virtual6" => true,
        _ => return None,
    };
    Some(Section { is_v6, value: value.trim_start().to_owned(), place, lines: Vec::new() })
}

fn line(text: &str, place: Place, log: &mut Log) -> Option<Line> {
    if text.starts_with(char::is_whitespace) {
        let message = "this line is indented, but belongs to no `virtual`";
        let help = "begin it in the first column, or put it right under a `virtual` with four \
                    blanks or a tab before it";
        log.wrong(Code::Syntax, place, message, help);
        return None;
    }
    if text.is_empty() {
        let message = "ldirectord takes no line of five blanks or more";
        log.wrong(Code::Syntax, place, message, "leave the line empty, which ends the service");
        return None;
    }
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let blanks = value.chars().take_while(|c| c.is_whitespace()).count();
    let before = name.chars().count() + 1 + blanks;
    let value_place = Place { column: place.column + before, ..place };
    let (name, value) = (name.trim_end().to_owned(), value.trim_start().to_owned());
    // A bare `supervised` is the one directive without a value.
    if text.contains('=') || name == "supervised" {
        return Some(Line { name, value, place, value_place });
    }
    let message = "this is not `name = value`";
    log.wrong(Code::Syntax, place, message, "write a directive, `=` and its value");
    None
}
