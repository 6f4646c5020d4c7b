//! What a language has, and what becomes of it: one table per language, which the readers obey and
//! `docs/import.md` shows.

use crate::log::{Fate, Log};
use crate::place::Place;

/// A directive of a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Where it stands: a section of the file.
    pub section: &'static str,
    /// Its name; `name=value` for a value that fares otherwise than the others.
    pub name: &'static str,
    /// What becomes of it.
    pub fate: Fate,
    /// What it is in the `director.toml`, what is otherwise, or why it is left out.
    pub text: &'static str,
}

/// A language and all of its directives.
#[derive(Clone, Copy, Debug)]
pub struct Language {
    /// As people name it.
    pub name: &'static str,
    /// Its directives, by section.
    pub directives: &'static [Directive],
}

impl Language {
    /// The directive of a section, or the one that stands in every section.
    pub(crate) fn find(&self, section: &str, name: &str) -> Option<&'static Directive> {
        self.directives.iter().find(|it| it.section == section && it.name == name)
    }

    /// Notes what the table says of a directive that is not carried as it is.
    pub(crate) fn note(&self, section: &str, name: &str, place: Place, log: &mut Log) {
        let Some(found) = self.find(section, name) else { return };
        if found.fate != Fate::Carried {
            log.note(found.fate, place, name, found.text.to_owned());
        }
    }

    /// The names of a section.
    pub(crate) fn names(&self, section: &str) -> Vec<&'static str> {
        let here = self.directives.iter().filter(|it| it.section == section);
        let here = here.filter(|it| !it.name.contains('='));
        here.map(|it| it.name).collect()
    }
}

/// Writes a table of directives with little noise.
macro_rules! directives {
    ($($section:literal { $($fate:ident $name:literal $text:literal;)* })*) => {
        &[$($(
            $crate::directive::Directive {
                section: $section,
                name: $name,
                fate: $crate::log::Fate::$fate,
                text: $text,
            },
        )*)*]
    };
}
pub(crate) use directives;
