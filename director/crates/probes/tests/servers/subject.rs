//! What is asked of a server.

use crate::place::Place;
use crate::process::Server;
use crate::table::Column;
use director_core::config::Dialogue;

/// What carries a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Connection,
    Datagrams,
}

/// One protocol of a server: a row of the table.
pub(crate) struct Subject {
    pub(crate) title: &'static str,
    pub(crate) port: u16,
    pub(crate) over: Over,
    /// What the healthy server passes. The first of them goes through the other cases.
    pub(crate) healthy: Vec<Dialogue>,
    /// What it does not pass, by its own word.
    pub(crate) wrong: Vec<Dialogue>,
    /// Cases that do not apply, and why.
    pub(crate) except: Vec<(Column, &'static str)>,
}

impl Subject {
    pub(crate) fn new(
        title: &'static str,
        port: u16,
        healthy: impl Into<Vec<Dialogue>>,
        wrong: impl Into<Vec<Dialogue>>,
    ) -> Self {
        let (healthy, wrong) = (healthy.into(), wrong.into());
        Self { title, port, over: Over::Connection, healthy, wrong, except: Vec::new() }
    }

    /// The same over datagrams.
    pub(crate) fn by_datagrams(self) -> Self {
        Self { over: Over::Datagrams, ..self }
    }

    /// The same without a case that it does not have.
    pub(crate) fn without(mut self, columns: &[Column], why: &'static str) -> Self {
        self.except.extend(columns.iter().map(|column| (*column, why)));
        self
    }
}

/// Protocols that are not tried here, and why.
pub(crate) struct Missing {
    pub(crate) titles: Vec<&'static str>,
    pub(crate) why: String,
}

/// A server with everything that is asked of it.
pub(crate) struct Stage {
    pub(crate) place: Place,
    /// Starts it; again after it was stopped.
    pub(crate) start: Box<dyn Fn(&Place) -> Server + Send + Sync>,
    pub(crate) subjects: Vec<Subject>,
}

impl Stage {
    pub(crate) fn new(
        place: Place,
        subjects: impl Into<Vec<Subject>>,
        start: impl Fn(&Place) -> Server + Send + Sync + 'static,
    ) -> Self {
        let (start, subjects) = (Box::new(start), subjects.into());
        Self { place, start, subjects }
    }
}

/// A stage, unless something for it is missing.
pub(crate) fn set(titles: &[&'static str], made: Result<Stage, String>) -> Result<Stage, Missing> {
    let made = made.map_err(|why| Missing { titles: titles.to_vec(), why })?;
    let set: Vec<_> = made.subjects.iter().map(|subject| subject.title).collect();
    assert_eq!(set, titles, "the rows are those that would be skipped");
    Ok(made)
}
