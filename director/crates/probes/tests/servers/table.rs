//! The table of protocols and cases.

use crate::subject::Missing;
use std::collections::BTreeMap;
use std::fmt;

macro_rules! columns {
    ($($variant:ident $title:literal,)*) => {
        /// A case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Column { $($variant,)* }

        impl Column {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

columns! {
    Healthy "healthy",
    Ipv6 "over IPv6",
    Wrong "wrong answer",
    Refused "refused",
    Silent "silent",
    Hangs "hangs",
    Drips "drips",
    WrongCertificate "wrong cert.",
    Expired "expired",
    Closes "closes midway",
    Garbage "garbage",
}

/// What came of a case.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// What had to.
    Held(String),
    /// Something else.
    Broken(String),
    /// There is no such case.
    DoesNotApply(&'static str),
    /// It was not tried.
    Skipped(String),
}

/// A protocol.
pub(crate) struct Row {
    pub(crate) title: &'static str,
    pub(crate) cells: BTreeMap<Column, Cell>,
}

impl Row {
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, cells: BTreeMap::new() }
    }

    pub(crate) fn set(&mut self, column: Column, cell: Cell) {
        self.cells.insert(column, cell);
    }

    fn cell(&self, column: Column) -> Cell {
        let none = || Cell::Broken("nobody has tried it".into());
        self.cells.get(&column).cloned().unwrap_or_else(none)
    }
}

/// All of them, in the order of their places.
#[derive(Default)]
pub(crate) struct Table(BTreeMap<usize, Vec<Row>>);

impl Table {
    pub(crate) fn add(&mut self, place: usize, rows: Vec<Row>) {
        self.0.insert(place, rows);
    }

    pub(crate) fn skip(&mut self, place: usize, missing: &Missing) {
        let skipped = |title: &&'static str| {
            let mut row = Row::new(title);
            for column in Column::ALL {
                row.set(*column, Cell::Skipped(missing.why.clone()));
            }
            row
        };
        self.add(place, missing.titles.iter().map(skipped).collect());
    }

    fn cells(&self) -> impl Iterator<Item = (&'static str, Column, Cell)> + '_ {
        let rows = self.0.values().flatten();
        rows.flat_map(|row| Column::ALL.iter().map(|it| (row.title, *it, row.cell(*it))))
    }

    /// What did not come as it had to.
    pub(crate) fn broken(&self) -> Vec<String> {
        let broken = self.cells().filter_map(|(title, column, cell)| match cell {
            Cell::Broken(how) => Some(format!("BROKEN: {title}, {}: {how}", column.title())),
            _ => None,
        });
        broken.collect()
    }

    pub(crate) fn sum(&self) -> String {
        let count = |which: fn(&Cell) -> bool| self.cells().filter(|it| which(&it.2)).count();
        format!(
            "{} cells hold, {} are broken, {} do not apply, {} were skipped",
            count(|cell| matches!(cell, Cell::Held(_))),
            count(|cell| matches!(cell, Cell::Broken(_))),
            count(|cell| matches!(cell, Cell::DoesNotApply(_))),
            count(|cell| matches!(cell, Cell::Skipped(_))),
        )
    }
}

const WIDE: usize = 22;
const NARROW: usize = 13;

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut notes = Vec::new();
        let mut note = |text: String| {
            let known = notes.iter().position(|it| *it == text);
            known.unwrap_or_else(|| {
                notes.push(text);
                notes.len() - 1
            }) + 1
        };
        write!(f, "{:<WIDE$}", "check")?;
        for column in Column::ALL {
            write!(f, "| {:<NARROW$} ", column.title())?;
        }
        for row in self.0.values().flatten() {
            write!(f, "\n{:<WIDE$}", row.title)?;
            for column in Column::ALL {
                let word = match row.cell(*column) {
                    Cell::Held(word) => word.chars().take(NARROW).collect(),
                    Cell::Broken(_) => "BROKEN".to_owned(),
                    Cell::DoesNotApply(why) => {
                        format!("· {}", note(format!("does not apply: {why}")))
                    }
                    Cell::Skipped(why) => format!("- {}", note(format!("skipped: {why}"))),
                };
                write!(f, "| {word:<NARROW$} ")?;
            }
        }
        for (number, text) in (1..).zip(notes) {
            write!(f, "\n{number:>3} {text}")?;
        }
        Ok(())
    }
}
