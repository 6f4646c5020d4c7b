//! Tables with known keys, read key by key.

use crate::code::Code;
use crate::found::{At, Found};
use crate::source::Span;
use crate::suggest::{all_of, help, nearest, quote};
use crate::tree::{Entry, Kind, Value};

/// The keys that a table may have.
pub(crate) struct Keys {
    /// Those that this release reads.
    pub(crate) known: &'static [&'static str],
}

/// A table of the file.
pub(crate) struct Section<'v, 'a> {
    /// As messages name it: `[cluster]`, `` `check` of [services.http] ``.
    pub(crate) title: String,
    /// Where to point when something is missing in it.
    pub(crate) span: Span,
    entries: &'v [Entry<'a>],
    keys: &'static Keys,
}

/// What a table says under a key.
pub(crate) enum Field<T> {
    /// Nothing.
    Absent,
    /// Something that is not valid and has been reported.
    Wrong,
    /// This.
    Given(At<T>),
}

impl<T> Field<T> {
    /// The value, or the default when there is none; `None` when it was wrong.
    pub(crate) fn or(self, default: T) -> Option<T> {
        match self {
            Self::Absent => Some(default),
            Self::Wrong => None,
            Self::Given(at) => Some(at.value),
        }
    }

    /// The value, or what `default` makes when there is none; `None` when it was wrong.
    pub(crate) fn or_else(self, default: impl FnOnce() -> Option<T>) -> Option<T> {
        match self {
            Self::Absent => default(),
            Self::Wrong => None,
            Self::Given(at) => Some(at.value),
        }
    }

    /// The value with its place, if there is a valid one.
    pub(crate) fn given(self) -> Option<At<T>> {
        match self {
            Self::Given(at) => Some(at),
            Self::Absent | Self::Wrong => None,
        }
    }

    /// The value if there is one, `None` inside if not; `None` outside when it was wrong.
    pub(crate) fn given_or_absent(self) -> Option<Option<T>> {
        self.at_or_absent().map(|at| at.map(|at| at.value))
    }

    /// The same with the value's place.
    pub(crate) fn at_or_absent(self) -> Option<Option<At<T>>> {
        match self {
            Self::Absent => Some(None),
            Self::Wrong => None,
            Self::Given(at) => Some(Some(at)),
        }
    }

    /// The value with its place, or the default at `place`; `None` when it was wrong.
    pub(crate) fn or_at(self, default: T, place: &Span) -> Option<At<T>> {
        match self {
            Self::Absent => Some(At::new(default, place.clone())),
            Self::Wrong => None,
            Self::Given(at) => Some(at),
        }
    }
}

impl<'v, 'a> Section<'v, 'a> {
    /// The table `value`, when it is one; its unknown keys are reported.
    pub(crate) fn open(
        title: String,
        value: &'v Value<'a>,
        keys: &'static Keys,
        example: &str,
        found: &mut Found<'_>,
    ) -> Option<Self> {
        let Kind::Table(entries) = &value.kind else {
            let message = format!("{title} must be a table, not {}", value.kind.article());
            found.add(Code::WrongType, &value.span, message, format!("write {example}"));
            return None;
        };
        let section = Self { title, span: value.span.clone(), entries, keys };
        section.report_unknown(found);
        Some(section)
    }

    fn report_unknown(&self, found: &mut Found<'_>) {
        let keys = self.keys;
        for entry in self.entries.iter().filter(|entry| !keys.known.contains(&entry.key)) {
            let (key, title) = (quote(entry.key), &self.title);
            let help =
                help(entry.key, keys.known, || format!("{title} takes {}", all_of(keys.known)));
            let message = format!("{key} is not a key of {title}");
            found.add(Code::UnknownKey, &entry.key_span, message, help);
        }
    }

    /// Whether an unknown key, which has been reported, is likely to be meant as `key`.
    pub(crate) fn misspelt(&self, key: &str) -> bool {
        let known = self.keys.known;
        let unknown = self.entries.iter().filter(|entry| !known.contains(&entry.key));
        unknown.map(|entry| nearest(entry.key, known.iter().copied())).any(|it| it == Some(key))
    }

    /// What the table has under `key`.
    pub(crate) fn entry(&self, key: &str) -> Option<&'v Entry<'a>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// What `read` makes of the value under `key`; it reports what is wrong with it.
    pub(crate) fn read<T>(
        &self,
        key: &str,
        found: &mut Found<'_>,
        read: impl FnOnce(&str, &'v Value<'a>, &mut Found<'_>) -> Option<T>,
    ) -> Field<T> {
        let Some(entry) = self.entry(key) else { return Field::Absent };
        match read(key, &entry.value, found) {
            Some(value) => Field::Given(At::new(value, entry.value.span.clone())),
            None => Field::Wrong,
        }
    }

    /// Like `read`, for a key that must be there; `help` says what to write.
    pub(crate) fn need<T>(
        &self,
        key: &str,
        help: &str,
        found: &mut Found<'_>,
        read: impl FnOnce(&str, &'v Value<'a>, &mut Found<'_>) -> Option<T>,
    ) -> Option<At<T>> {
        if self.entry(key).is_none() && !self.misspelt(key) {
            let message = format!("{} has no {}", self.title, quote(key));
            found.add(Code::MissingKey, &self.span, message, help);
        }
        self.read(key, found, read).given()
    }
}
