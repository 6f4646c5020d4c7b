//! Where the text says what a path leads to.

use crate::source::Span;
use toml_edit::{Document, Item};

/// The text as a document; it was valid when it was read.
pub(super) struct Places<'a>(Option<Document<&'a str>>);

impl<'a> Places<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(Document::parse(text).ok())
    }

    /// The place of the value at the end of the path; of its key where it is a table; or of what
    /// the path comes to.
    pub(super) fn find(&self, path: &[&str]) -> Span {
        let Some(document) = &self.0 else { return 0..0 };
        let mut item = document.as_item();
        let mut span = 0..0;
        for part in path {
            let next = match part.parse::<usize>() {
                Ok(number) => item.get(number),
                Err(_) => item.get(*part),
            };
            let Some(next) = next else { break };
            let key = item.as_table_like().and_then(|table| table.key(part)?.span());
            let value = next.span().filter(|_| !matches!(next, Item::Table(_)));
            span = value.or(key).or_else(|| next.span()).unwrap_or(span);
            item = next;
        }
        span
    }
}
