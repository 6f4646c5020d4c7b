//! From byte offsets of texts to their files, lines and columns.

use crate::texts::Texts;

/// Bytes of the texts, from the first to one after the last. They count on from text to text.
pub(crate) type Span = std::ops::Range<usize>;

/// The texts that a configuration is read from, with their lines.
pub(crate) struct Source<'a> {
    parts: Vec<Part<'a>>,
}

/// One of the texts.
struct Part<'a> {
    /// The file; `None` for the one that was asked for, which everybody knows.
    file: Option<&'a str>,
    /// Where it begins among all.
    base: usize,
    text: &'a str,
    starts: Vec<usize>,
}

/// Where something stands, as people are told.
pub(crate) struct Place {
    /// The file, when it is not the one that was asked for.
    pub(crate) file: Option<String>,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// The line without its end.
    pub(crate) text: String,
    /// The bytes of that file.
    pub(crate) span: Span,
}

impl<'a> Source<'a> {
    pub(crate) fn new(texts: &'a Texts) -> Self {
        let part = |(number, base, name, text): (usize, usize, &'a str, &'a str)| {
            let file = (number > 0).then_some(name);
            Part::new(file, base, text)
        };
        Self { parts: texts.parts().map(part).collect() }
    }

    /// A text by itself.
    pub(crate) fn of(file: Option<&'a str>, text: &'a str) -> Self {
        Self { parts: vec![Part::new(file, 0, text)] }
    }

    /// Where the bytes are; what reaches beyond the end of a file is cut off.
    pub(crate) fn place(&self, span: &Span) -> Place {
        let after = self.parts.partition_point(|part| part.base <= span.start);
        let Some(part) = self.parts.get(after.saturating_sub(1)) else {
            let (file, text) = (None, String::new());
            return Place { file, line: 1, column: 1, text, span: 0..0 };
        };
        let local = span.start.saturating_sub(part.base)..span.end.saturating_sub(part.base);
        let span = part.clamp(&local);
        let (line, column) = part.position(span.start);
        let text = part.line(line).to_owned();
        Place { file: part.file.map(ToOwned::to_owned), line, column, text, span }
    }

    /// How a sentence about something else names the place: `line 7`, and of which file when
    /// there are several.
    pub(crate) fn spoken(&self, span: &Span, main: &str) -> String {
        let place = self.place(span);
        match (self.parts.len(), place.file) {
            (0 | 1, _) => format!("line {}", place.line),
            (_, file) => {
                let file = crate::suggest::quote_path(file.as_deref().unwrap_or(main).as_ref());
                format!("line {} of {file}", place.line)
            }
        }
    }
}

impl<'a> Part<'a> {
    fn new(file: Option<&'a str>, base: usize, text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { file, base, text, starts }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    fn position(&self, offset: usize) -> (usize, usize) {
        let offset = self.floor(offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.wrapping_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        (line.max(1), column + 1)
    }

    /// The text of a line, from 1, without its end.
    fn line(&self, line: usize) -> &'a str {
        let start = self.starts.get(line.wrapping_sub(1)).copied().unwrap_or(self.text.len());
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or("");
        let text = text.strip_suffix('\n').unwrap_or(text);
        text.strip_suffix('\r').unwrap_or(text)
    }

    /// The span within the text, on the borders of characters.
    fn clamp(&self, span: &Span) -> Span {
        let start = self.floor(span.start);
        start..self.floor(span.end).max(start)
    }

    fn floor(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        (0..=offset).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = Part::new(None, 0, "a\r\nbä = 1\n");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(3), (2, 1));
        assert_eq!(source.position(6), (2, 3));
        assert_eq!(source.position(5), (2, 2), "inside a character is at the character");
        assert_eq!(source.position(999), (3, 1));
        assert_eq!(source.line(1), "a");
        assert_eq!(source.line(2), "bä = 1");
        assert_eq!(source.line(3), "");
        assert_eq!(source.clamp(&(5..99)), 4..11);
    }

    #[test]
    fn places_are_those_of_the_file_that_they_are_in() {
        let mut texts = Texts::one("a.toml", "x\nyy");
        texts.add("b.toml", "zz\nw");
        let source = Source::new(&texts);
        let at = |span: Span| {
            let Place { file, line, column, text, span } = source.place(&span);
            (file, line, column, text, span)
        };
        let b = || Some("b.toml".to_owned());
        assert_eq!(at(0..1), (None, 1, 1, "x".to_owned(), 0..1));
        assert_eq!(at(2..99), (None, 2, 1, "yy".to_owned(), 2..4));
        assert_eq!(at(4..4), (None, 2, 3, "yy".to_owned(), 4..4), "the end of a file is its own");
        assert_eq!(at(5..7), (b(), 1, 1, "zz".to_owned(), 0..2));
        assert_eq!(at(8..9), (b(), 2, 1, "w".to_owned(), 3..4));
        assert_eq!(at(99..100), (b(), 2, 2, "w".to_owned(), 4..4));
        assert_eq!(source.spoken(&(8..9), "a.toml"), "line 2 of `b.toml`");
        assert_eq!(source.spoken(&(0..1), "a.toml"), "line 1 of `a.toml`");
    }
}
