//! A TOML document as the reader walks it: values with their places.

use crate::source::Span;
use toml_edit as toml;

/// A value and where it stands.
pub(crate) struct Value<'a> {
    pub(crate) span: Span,
    pub(crate) kind: Kind<'a>,
}

/// What a value is.
pub(crate) enum Kind<'a> {
    Text(&'a str),
    Integer(i64),
    Float,
    Boolean(bool),
    Date,
    List(Vec<Value<'a>>),
    Table(Vec<Entry<'a>>),
}

/// A key with its value.
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    pub(crate) key_span: Span,
    pub(crate) value: Value<'a>,
}

impl Kind<'_> {
    /// Its type as a sentence names it.
    pub(crate) const fn article(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Float => "a number with a fraction",
            Self::Boolean(_) => "true or false",
            Self::Date => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// The document's outermost table; its text begins at byte `base` of all texts.
pub(crate) fn from_document<'a>(document: &'a toml::Document<&str>, base: usize) -> Value<'a> {
    let mut root = Value { span: 0..0, kind: Kind::Table(entries(document.as_table(), &(0..0))) };
    if base > 0 {
        root.move_by(base);
    }
    root
}

impl Value<'_> {
    fn move_by(&mut self, base: usize) {
        self.span = self.span.start + base..self.span.end + base;
        match &mut self.kind {
            Kind::List(values) => values.iter_mut().for_each(|value| value.move_by(base)),
            Kind::Table(entries) => entries.iter_mut().for_each(|entry| {
                entry.key_span = entry.key_span.start + base..entry.key_span.end + base;
                entry.value.move_by(base);
            }),
            Kind::Text(_) | Kind::Integer(_) | Kind::Float | Kind::Boolean(_) | Kind::Date => {}
        }
    }
}

fn entries<'a>(table: &'a dyn toml::TableLike, place: &Span) -> Vec<Entry<'a>> {
    let entry = |(key, item): (&'a str, &'a toml::Item)| {
        let written = table.key(key).and_then(toml::Key::span);
        let key_span = written.or_else(|| item.span()).unwrap_or_else(|| place.clone());
        Some(Entry { key, value: from_item(item, &key_span)?, key_span })
    };
    table.iter().filter_map(entry).collect()
}

fn from_item<'a>(item: &'a toml::Item, place: &Span) -> Option<Value<'a>> {
    match item {
        toml::Item::None => None,
        toml::Item::Value(value) => Some(from_value(value, place)),
        toml::Item::Table(table) => Some(from_table(table, place)),
        toml::Item::ArrayOfTables(tables) => {
            let list = tables.iter().map(|table| from_table(table, place)).collect();
            Some(Value { span: place.clone(), kind: Kind::List(list) })
        }
    }
}

fn from_table<'a>(table: &'a toml::Table, place: &Span) -> Value<'a> {
    let span = table.span().filter(|span| !span.is_empty()).unwrap_or_else(|| place.clone());
    Value { kind: Kind::Table(entries(table, &span)), span }
}

fn from_value<'a>(value: &'a toml::Value, place: &Span) -> Value<'a> {
    let span = value.span().unwrap_or_else(|| place.clone());
    let kind = match value {
        toml::Value::String(text) => Kind::Text(text.value()),
        toml::Value::Integer(number) => Kind::Integer(*number.value()),
        toml::Value::Float(_) => Kind::Float,
        toml::Value::Boolean(flag) => Kind::Boolean(*flag.value()),
        toml::Value::Datetime(_) => Kind::Date,
        toml::Value::Array(array) => {
            Kind::List(array.iter().map(|value| from_value(value, &span)).collect())
        }
        toml::Value::InlineTable(table) => Kind::Table(entries(table, &span)),
    };
    Value { span, kind }
}
