//! The `director.toml` in the making: lines that know where they come from, and what is lost when
//! the grammar does not take one of them.

use crate::log::Log;
use crate::place::Place;

/// Lines that stand or fall together.
pub(crate) struct Item {
    /// As notes name it: `service tcp-10.0.0.100-80`.
    pub(crate) what: String,
    pub(crate) place: Option<Place>,
    pub(crate) lines: Vec<Line>,
}

/// A line of the file.
pub(crate) struct Line {
    /// Its text, without a comment.
    pub(crate) text: String,
    pub(crate) place: Option<Place>,
    /// As notes name it: `scheduler`.
    pub(crate) what: String,
    pub(crate) loss: Loss,
}

/// What goes when the grammar does not take a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// This line.
    Line,
    /// The item.
    Item,
    /// This line, and with a dialogue that goes the others of it.
    Setting,
    /// The dialogue of a check: another is put in its place.
    Dialogue(String),
    /// Nothing can be left out.
    Nothing,
}

/// Who owns a line of the text: the item and its line.
pub(crate) type Owner = (usize, usize);

impl Item {
    pub(crate) fn new(what: String, place: Option<Place>, header: String) -> Self {
        let header = Line { text: header, place, what: what.clone(), loss: Loss::Item };
        Self { what, place, lines: vec![header] }
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, what: &str, text: String, place: Option<Place>, loss: Loss) {
        self.lines.push(Line { text, place, what: what.to_owned(), loss });
    }

    /// Adds `key = value`.
    pub(crate) fn pair(&mut self, key: &str, value: &str, place: Option<Place>, loss: Loss) {
        self.line(key, format!("{key} = {value}"), place, loss);
    }
}

/// The text of a value that is a text.
pub(crate) fn quoted(text: &str) -> String {
    // One line, whatever is in it: what the text form would write over several is escaped.
    if text.chars().any(char::is_control) {
        let escape = |c: char| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
            c => c.to_string(),
        };
        return format!("\"{}\"", text.chars().map(escape).collect::<String>());
    }
    toml_edit::Value::from(text).to_string()
}

/// A key as it is written.
pub(crate) fn key(name: &str) -> String {
    toml_edit::Key::new(name).to_string()
}

/// The text, and the owner of each of its lines.
pub(crate) fn render(head: &str, items: &[Item], log: &Log) -> (String, Vec<Option<Owner>>) {
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    let mut owners: Vec<Option<Owner>> = vec![None; lines.len()];
    for (at, item) in items.iter().enumerate().filter(|(_, item)| !item.lines.is_empty()) {
        if !lines.is_empty() {
            lines.push(String::new());
            owners.push(None);
        }
        for (number, line) in item.lines.iter().enumerate() {
            let origin = line.place.filter(|place| place.line > 0);
            let origin = origin.map(|place| format!("  # {}", comment(&log.origin(place))));
            lines.push(format!("{}{}", line.text, origin.unwrap_or_default()));
            owners.push(Some((at, number)));
        }
    }
    lines.push(String::new());
    (lines.join("\n"), owners)
}

/// A text that can stand in a comment.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
