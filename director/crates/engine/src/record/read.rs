//! Reading a record, line by line.

use super::delta::Delta;
use super::line::{Chain, time};
use super::told::{self, Known, json};
use super::{Beginning, Cause, End, FORM, Outputs};
use director_core::name::NodeName;
use director_core::observed::Snapshot;
use director_core::time::Instant;
use serde::Deserialize;
use std::io::BufRead;

/// What is wrong with a record, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Wrong {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub what: String,
}

/// A line of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Something happened.
    Turn {
        /// In which line it stands.
        line: usize,
        /// When, by the director's clock.
        at: Instant,
        /// What.
        cause: Cause,
        /// What came of it.
        outputs: Outputs,
    },
    /// The record is over.
    End(End),
    /// There is no more, and no word why.
    Open {
        /// Whether the last line was cut off.
        cut: bool,
    },
}

/// Takes lines for as long as they are right.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    number: usize,
    chain: Chain,
    known: Known,
    start: Instant,
    over: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    release: String,
    node: NodeName,
    seed: u64,
    at: u64,
    began: String,
}

impl<R: BufRead> Reader<R> {
    /// Reads what the director began with.
    ///
    /// # Errors
    /// It is no record, of another form, or incomplete.
    pub fn open(from: R) -> Result<(Beginning, Self), Wrong> {
        let (chain, known) = (Chain::default(), Known::default());
        let mut reader = Self { from, number: 0, chain, known, start: Instant::ZERO, over: false };
        let first = reader.whole()?;
        if first != FORM {
            let known = first.starts_with("director-record ");
            let what = if known { "a record of another form" } else { "not a director's record" };
            return Err(reader.wrong(format!("{what}: the first line of one is `{FORM}`")));
        }
        let Begin { release, node, seed, at, began } = reader.part("begin")?;
        let config = reader.part("config")?;
        let mut found = Snapshot::default();
        reader.part::<Delta>("found")?.apply(&mut found);
        let ledger = reader.part("ledger")?;
        let at = Instant::from_nanos(at);
        (reader.start, reader.known) = (at, Known::of(&found));
        Ok((Beginning { release, node, seed, at, began, config, found, ledger }, reader))
    }

    /// The next thing.
    ///
    /// # Errors
    /// The line is not what was written, or nothing that this release knows.
    pub fn item(&mut self) -> Result<Item, Wrong> {
        let Some(line) = self.line()? else {
            return Ok(Item::Open { cut: false });
        };
        let Some(line) = line.strip_suffix('\n') else {
            return Ok(Item::Open { cut: true });
        };
        if self.over {
            return Err(self.wrong("something follows the end of the record".to_owned()));
        }
        let line = self.checked(line)?;
        if let Some(word) = line.strip_prefix("end ") {
            let end = End::ALL.into_iter().find(|end| end.word() == word);
            self.over = true;
            let end = end.ok_or_else(|| self.wrong(format!("no record ends by `{word}`")))?;
            return Ok(Item::End(end));
        }
        self.turn(&line).map_err(|what| self.wrong(what))
    }

    fn turn(&mut self, line: &str) -> Result<Item, String> {
        let parts = || {
            let (time, rest) = line.split_once(' ')?;
            let (word, rest) = rest.split_once(' ')?;
            let (facts, outputs) = rest.rsplit_once(' ')?;
            Some((time, word, facts, outputs))
        };
        let (at, word, facts, outputs) = parts().ok_or("not `time word facts outputs`")?;
        let since = time(at).ok_or_else(|| format!("`{at}` is no time in seconds"))?;
        let outputs = outputs.parse()?;
        let cause = told::read(word, facts, &mut self.known)?;
        Ok(Item::Turn { line: self.number, at: self.start + since, cause, outputs })
    }

    /// One of the first lines.
    fn part<T: serde::de::DeserializeOwned>(&mut self, word: &str) -> Result<T, Wrong> {
        let line = self.whole()?;
        let line = self.checked(&line)?;
        let facts = line.strip_prefix(word).and_then(|rest| rest.strip_prefix(' '));
        let facts = facts.ok_or_else(|| self.wrong(format!("`{word} …` should stand here")))?;
        json(facts).map_err(|what| self.wrong(what))
    }

    /// A line that must be there, without its end.
    fn whole(&mut self) -> Result<String, Wrong> {
        let line = self.line()?.unwrap_or_default();
        match line.strip_suffix('\n') {
            Some(line) => Ok(line.to_owned()),
            None => {
                let what = "the record is cut off before anything has happened";
                Err(Wrong { line: self.number.max(1), what: what.to_owned() })
            }
        }
    }

    /// A line without its check, if that is right.
    fn checked(&mut self, line: &str) -> Result<String, Wrong> {
        let right = line
            .rsplit_once(' ')
            .filter(|(line, check)| *check == format!("{:08x}", self.chain.next(line)));
        right.map(|(line, _)| line.to_owned()).ok_or_else(|| {
            let what = "it is not as it was written, or a line before it is missing: its check \
                        does not fit; take the record from the director's host again";
            self.wrong(what.to_owned())
        })
    }

    fn line(&mut self) -> Result<Option<String>, Wrong> {
        let mut line = Vec::new();
        self.number += 1;
        let read = self.from.read_until(b'\n', &mut line);
        let count = read.map_err(|error| self.wrong(format!("cannot be read: {error}")))?;
        let text = String::from_utf8(line);
        match text {
            Ok(text) => Ok((count > 0).then_some(text)),
            Err(_) => Err(self.wrong("it is not UTF-8".to_owned())),
        }
    }

    fn wrong(&self, what: String) -> Wrong {
        Wrong { line: self.number, what }
    }
}
