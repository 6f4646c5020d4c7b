//! Where the texts say what a path leads to.

use crate::source::Span;
use crate::texts::Texts;
use toml_edit::{Document, Item};

/// The texts as documents, each with the first of its bytes; they were valid when they were read.
pub(crate) struct Places<'a>(Vec<(usize, Document<&'a str>)>);

impl<'a> Places<'a> {
    pub(crate) fn new(texts: &'a Texts) -> Self {
        let parsed = |(_, base, _, text)| Some((base, Document::parse(text).ok()?));
        Self(texts.parts().filter_map(parsed).collect())
    }

    /// The place of the value at the end of the path; of its key where it is a table; or of what
    /// the path comes to. The text that has most of the path counts.
    pub(crate) fn find(&self, path: &[&str]) -> Span {
        let found = self.0.iter().map(|(base, document)| {
            let (depth, span) = walk(document, path);
            (depth, span.start + base..span.end + base)
        });
        let deepest = found.reduce(|best, next| if next.0 > best.0 { next } else { best });
        deepest.map_or(0..0, |(_, span)| span)
    }

    /// The first place that `look` gives for a text.
    pub(crate) fn first(&self, look: impl Fn(&Document<&'a str>) -> Option<Span>) -> Span {
        let mut found = self.0.iter().filter_map(|(base, document)| {
            let span = look(document)?;
            Some(span.start + base..span.end + base)
        });
        found.next().unwrap_or(0..0)
    }
}

/// How far the path leads in a document, and where that stands.
fn walk(document: &Document<&str>, path: &[&str]) -> (usize, Span) {
    let mut item = document.as_item();
    let mut span = 0..0;
    for (depth, part) in path.iter().enumerate() {
        let next = match part.parse::<usize>() {
            Ok(number) => item.get(number),
            Err(_) => item.get(*part),
        };
        let Some(next) = next else { return (depth, span) };
        let key = item.as_table_like().and_then(|table| table.key(part)?.span());
        let value = next.span().filter(|_| !matches!(next, Item::Table(_)));
        span = value.or(key).or_else(|| next.span()).unwrap_or(span);
        item = next;
    }
    (path.len(), span)
}
