//! The file under inspection: positions, and the mistakes found so far.

use crate::{Problem, Span};
use std::ops::{Range, RangeInclusive};
use toml_edit::{Item, Table, TableLike, Value};

/// A mistake inside one string, at a byte offset from its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) at: usize,
    pub(super) text: String,
    pub(super) help: String,
}

impl Mistake {
    pub(super) fn new(at: usize, text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at, text: text.into(), help: help.into() }
    }
}

/// A string of the file and the byte offset at which its content starts.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) value: String,
    start: usize,
    /// Whether offsets in `value` are offsets in the file, which escapes make untrue.
    exact: bool,
}

pub(super) struct Source<'a> {
    file: &'a str,
    text: &'a str,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    pub(super) fn span(&self, offset: usize) -> Span {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &self.text[..end];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Span {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    pub(super) fn report(
        &mut self,
        offset: usize,
        text: impl Into<String>,
        help: impl Into<String>,
    ) {
        let Span { line, column } = self.span(offset);
        let (text, help) = (text.into(), help.into());
        self.problems.push(Problem { file: self.file.to_owned(), line, column, text, help });
    }

    pub(super) fn mistake(&mut self, at: &Text, mistake: Mistake) {
        let offset = at.start + if at.exact { mistake.at } else { 0 };
        self.report(offset, mistake.text, mistake.help);
    }

    /// Keeps the value, or reports the mistake.
    pub(super) fn keep<T>(&mut self, at: &Text, result: Result<T, Mistake>) -> Option<T> {
        result.map_err(|mistake| self.mistake(at, mistake)).ok()
    }

    pub(super) fn start(&self, text: &Text) -> Span {
        self.span(text.start)
    }

    pub(super) fn start_of(&self, text: &Text) -> usize {
        text.start
    }

    pub(super) fn file(&self) -> &str {
        self.file
    }

    /// The value as a string, or a report that it must be one.
    pub(super) fn string(&mut self, value: &Value, what: &str) -> Option<Text> {
        let offset = offset(value.span());
        let Some(content) = value.as_str() else {
            let found = value.type_name();
            let help = format!("write {what} in quotes, as in the annotated example");
            self.report(offset, format!("{what} must be a string, not {}", article(found)), help);
            return None;
        };
        let raw = value.span().and_then(|span| self.text.get(span)).unwrap_or_default();
        let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { 3 } else { 1 };
        let exact = raw.get(quotes..).is_some_and(|rest| rest.starts_with(content));
        Some(Text { value: content.to_owned(), start: offset + quotes.min(raw.len()), exact })
    }

    /// The string under a key; absent keys give nothing.
    pub(super) fn string_at(&mut self, table: &dyn TableLike, key: &str) -> Option<Text> {
        let value = self.value_at(table, key)?;
        self.string(&value, &format!("`{key}`"))
    }

    /// The number of bytes under a key.
    pub(super) fn bytes_at(
        &mut self,
        table: &dyn TableLike,
        key: &str,
        bounds: RangeInclusive<u16>,
    ) -> Option<u16> {
        let value = self.value_at(table, key)?;
        let bytes = value.as_integer().and_then(|bytes| u16::try_from(bytes).ok());
        let bytes = bytes.filter(|bytes| bounds.contains(bytes));
        if bytes.is_none() {
            let (least, most) = bounds.into_inner();
            let text = format!("`{key}` must be a number of bytes from {least} to {most}");
            self.report(offset(value.span()), text, format!("write {key} = {least}"));
        }
        bytes
    }

    pub(super) fn value_at(&mut self, table: &dyn TableLike, key: &str) -> Option<Value> {
        match table.get(key)? {
            Item::Value(value) => Some(value.clone()),
            other => {
                let offset = offset(other.span());
                self.report(
                    offset,
                    format!("`{key}` must be a value, not a table"),
                    "see the example in scenarios/README.md",
                );
                None
            }
        }
    }

    /// The strings of an array; what is not a string is reported.
    pub(super) fn strings_at(&mut self, table: &dyn TableLike, key: &str) -> Option<Vec<Text>> {
        let value = self.value_at(table, key)?;
        let Some(array) = value.as_array() else {
            let found = article(value.type_name());
            let help = format!("write {key} = [\"…\", \"…\"]");
            self.report(
                offset(value.span()),
                format!("`{key}` must be an array, not {found}"),
                help,
            );
            return None;
        };
        let what = format!("an entry of `{key}`");
        Some(array.iter().filter_map(|value| self.string(value, &what)).collect())
    }

    /// The entries of a table of tables, in the order of the file, each with its key's offset.
    pub(super) fn tables_at<'t>(
        &mut self,
        table: &'t Table,
        key: &'t str,
    ) -> Vec<(&'t str, usize, &'t dyn TableLike)> {
        let Some((name, item)) = table.get_key_value(key) else { return Vec::new() };
        let Some(entries) = item.as_table_like() else {
            let help = format!("write [{key}.NAME] and its keys below it");
            self.report(offset(name.span()), format!("`{key}` must be a table"), help);
            return Vec::new();
        };
        let mut found = Vec::new();
        for (name, item) in entries.iter() {
            let at = key_offset(entries, name);
            match item.as_table_like() {
                Some(entry) => found.push((name, at, entry)),
                None => self.report(
                    at,
                    format!("`{key}.{name}` must be a table"),
                    format!("write [{key}.{name}] and its keys below it"),
                ),
            }
        }
        found
    }

    /// Reports every key that is not one of `known`.
    pub(super) fn unknown_keys(&mut self, table: &dyn TableLike, known: &[&str], place: &str) {
        for (key, _) in table.iter() {
            if !known.contains(&key) {
                let help = match nearest(key, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("{place} has {}", list(known)),
                };
                let at = key_offset(table, key);
                self.report(at, format!("{place} has no key `{key}`"), help);
            }
        }
    }
}

pub(super) fn key_offset(table: &dyn TableLike, key: &str) -> usize {
    offset(table.get_key_value(key).and_then(|(key, _)| key.span()))
}

pub(super) fn offset(span: Option<Range<usize>>) -> usize {
    span.map_or(0, |span| span.start)
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// `a, b, c` in backquotes.
pub(super) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The known word that differs least, if it differs little enough to be a slip.
pub(super) fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let limit = if word.chars().count() < 4 { 1 } else { 2 };
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_does_not() {
        assert_eq!(nearest("lenght", &["length", "title"]), Some("length"));
        assert_eq!(nearest("power-of", &["power-on", "power-off"]), Some("power-off"));
        assert_eq!(nearest("banana", &["length", "title"]), None);
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = Source::new("f", "ä = 1\nüü x");
        assert_eq!(source.span(source.text.find('x').unwrap()), Span { line: 2, column: 4 });
    }
}
