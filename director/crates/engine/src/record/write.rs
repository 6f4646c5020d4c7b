//! Writing a record, line by line.

use super::delta::Delta;
use super::line::{Chain, seconds};
use super::told::{Known, written};
use super::{Beginning, End, FORM, Outputs, Turn};
use director_core::observed::Snapshot;
use director_core::time::Instant;
use serde::Serialize;

/// What follows the text of a line: a check, and the line's end.
const BEHIND: usize = 10;

/// The part of a beginning that stands in one line.
#[derive(Serialize)]
struct Begin<'a> {
    release: &'a str,
    node: &'a str,
    seed: u64,
    at: u64,
    began: &'a str,
}

/// Turns what happens into lines; each ends with its line end.
#[derive(Clone, Debug)]
pub struct Writer {
    chain: Chain,
    known: Known,
    start: Instant,
}

impl Writer {
    /// The first lines of a record.
    ///
    /// # Errors
    /// When a value has no JSON.
    pub fn begin(beginning: &Beginning) -> serde_json::Result<(Self, String)> {
        let Beginning { release, node, seed, at, began, config, found, ledger } = beginning;
        let known = Known::of(found);
        let mut writer = Self { chain: Chain::default(), known, start: *at };
        let mut text = format!("{FORM}\n");
        let (node, at) = (node.as_str(), at.as_nanos());
        let begin = serde_json::to_string(&Begin { release, node, seed: *seed, at, began })?;
        let found = serde_json::to_string(&Delta::between(&Snapshot::default(), found))?;
        let parts = [
            ("begin", begin),
            ("config", serde_json::to_string(config)?),
            ("found", found),
            ("ledger", serde_json::to_string(ledger)?),
        ];
        for (word, facts) in parts {
            text.push_str(&writer.line(&format!("{word} {facts}")));
        }
        Ok((writer, text))
    }

    /// One input, and what came of it; nothing when its line is longer than `room`, and then only
    /// the end may follow.
    ///
    /// # Errors
    /// When a value has no JSON.
    pub fn turn(&mut self, turn: &Turn, room: usize) -> serde_json::Result<Option<String>> {
        let (word, facts) = written(&turn.cause, &mut self.known)?;
        let time = seconds(turn.at.since(self.start));
        let outputs = Outputs::of(&turn.effects, &turn.reports, turn.next);
        let line = format!("{time} {word} {facts} {outputs}");
        Ok((line.len() + BEHIND <= room).then(|| self.line(&line)))
    }

    /// The last line.
    #[must_use]
    pub fn end(mut self, end: End) -> String {
        self.line(&format!("end {}", end.word()))
    }

    fn line(&mut self, line: &str) -> String {
        format!("{line} {:08x}\n", self.chain.next(line))
    }
}
