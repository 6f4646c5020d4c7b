//! `director-sim replay`: the decisions of a director that ran somewhere, made once more.
//!
//! A record (`director run --record`) has all that the core of a director is given. The same core
//! is given it again here; every output must be what it was. Where one is not, the first is shown
//! with the input that it came of: either the release is another, or the core is not a function of
//! what it is told, which would be a defect. On the way some rules about ownership are judged, as
//! far as one node can see.

mod judge;
#[cfg(test)]
mod tests;

use crate::BadInput;
use crate::explain::{Line, Names, Step, Words, table, timer};
use crate::net::packet::NodeId;
use director_core::beat::LinkId;
use director_core::config::Config;
use director_core::time::Instant;
use director_core::{Director, Input};
use director_engine::record::{Beginning, Cause, Item, Outputs, Reader, Turn};
use judge::Judge;
use scenario::Exit;
use std::fmt::Write as _;
use std::io::BufRead;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// There is one director in a record.
const OURS: NodeId = NodeId(0);

/// What is to be shown. All of the record is replayed and compared.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Nothing before this moment, counted from the record's beginning.
    pub from: Duration,
    /// Nothing after this one.
    pub until: Duration,
    /// Every input, also those that changed nothing.
    pub all: bool,
}

/// What a replay has shown.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// For people.
    pub text: String,
    /// Held, violated, or not the same.
    pub exit: Exit,
}

/// Who is who, by the configuration of the moment.
struct Known(Arc<Config>);

impl Names for Known {
    fn node(&self, address: IpAddr) -> String {
        let mut nodes = self.0.nodes.iter();
        let node = nodes.find(|(_, node)| node.addresses.values().any(|own| *own == address));
        node.map_or_else(|| address.to_string(), |(name, _)| name.to_string())
    }

    fn link(&self, _: NodeId, link: LinkId) -> String {
        let found = self.0.cluster.links.get(usize::from(link.0));
        found.map_or_else(|| format!("link {}", link.0), |link| link.to_string())
    }
}

/// A replay under way.
struct Replay {
    director: Director,
    start: Instant,
    last: Instant,
    part: Part,
    lines: Vec<Line>,
    judge: Judge,
    inputs: u64,
}

/// Replays a record; `file` is what it is called.
///
/// # Errors
/// It is no record, or garbled: with the line.
pub fn replay(record: impl BufRead, file: &str, part: Part) -> Result<Replayed, BadInput> {
    let wrong = |wrong: director_engine::record::Wrong| {
        BadInput(format!("{file}:{}: {}", wrong.line, wrong.what))
    };
    let (beginning, mut reader) = Reader::open(record).map_err(wrong)?;
    if !beginning.config.nodes.contains_key(&beginning.node) {
        return Err(BadInput(format!("{file}:3: there is no node {}", beginning.node)));
    }
    let mut replay = Replay::new(&beginning, part);
    let (ended, difference) = loop {
        match reader.item().map_err(wrong)? {
            Item::Turn { line, at, cause, outputs } => {
                if let Some(difference) = replay.step((line, at), cause, outputs) {
                    break (None, Some(difference));
                }
            }
            Item::End(end) => {
                // Nothing may stand behind it.
                reader.item().map_err(wrong)?;
                break (Some(format!("the record ends: {end}")), None);
            }
            Item::Open { cut } => break (Some(open(cut)), None),
        }
    };
    Ok(replay.told(&beginning, ended, difference))
}

fn open(cut: bool) -> String {
    let line = if cut { "in the middle of a line" } else { "without a last line" };
    format!("the record stops {line}: the director was killed, or still runs")
}

impl Replay {
    fn new(beginning: &Beginning, part: Part) -> Self {
        Self {
            director: beginning.director(),
            start: beginning.at,
            last: beginning.at,
            part,
            lines: Vec::new(),
            judge: Judge::new(&beginning.found),
            inputs: 0,
        }
    }

    /// Does what the director did; says what is otherwise.
    fn step(
        &mut self,
        (line, at): (usize, Instant),
        cause: Cause,
        recorded: Outputs,
    ) -> Option<String> {
        let due = self.director.next_deadline().map(|deadline| deadline.reason);
        let why = due.filter(|_| cause == Cause::Told(Input::Deadline));
        let turn = Turn::of(&mut self.director, cause, at);
        self.inputs += u64::from(turn.cause != Cause::Start);
        self.last = at;
        let replayed = Outputs::of(&turn.effects, &turn.reports, turn.next);
        self.judge.hears(line, &turn, &self.director);
        let step = Step { at, node: OURS, why, turn };
        if replayed == recorded {
            self.show(&step);
            return None;
        }
        Some(self.difference(line, &step, recorded, replayed))
    }

    fn show(&mut self, step: &Step) {
        let at = step.at.since(self.start);
        let wanted = self.part.all || step.is_transition();
        if wanted && (self.part.from..=self.part.until).contains(&at) {
            let names = Known(Arc::clone(self.director.config()));
            let parts = Words { names: &names }.parts(step, self.part.all);
            self.lines.push(Line { at, node: Some(self.director.node().to_string()), parts });
        }
    }

    fn difference(&self, line: usize, step: &Step, recorded: Outputs, replayed: Outputs) -> String {
        let names = Known(Arc::clone(self.director.config()));
        let words = Words { names: &names };
        let (at, told) = (seconds(step.at.since(self.start)), words.cause(step));
        let mut text = format!(
            "DIFFERS at {at}, line {line}: {told}\n  recorded: {}\n  replayed: {}\n",
            counts(recorded),
            counts(replayed)
        );
        for what in words.consequences(step, true) {
            let _ = writeln!(text, "    → {what}");
        }
        let next = step.turn.next.map_or_else(
            || "nothing more".to_owned(),
            |next| format!("{} at {}", timer(next.reason), seconds(next.at.since(self.start))),
        );
        let _ = writeln!(text, "    next: {next}");
        text
    }

    fn told(
        self,
        beginning: &Beginning,
        ended: Option<String>,
        difference: Option<String>,
    ) -> Replayed {
        let Beginning { node, release, began, .. } = beginning;
        let mut text = format!("the record of {node}, director {release}");
        if !began.is_empty() {
            let _ = write!(text, ", begun {began}");
        }
        text.push_str("\n\n");
        text.push_str(&table(&[node.as_str()], &self.lines));
        let (inputs, time) = (self.inputs, seconds(self.last.since(self.start)));
        let so_far = if difference.is_some() { ", so far the same" } else { "" };
        let _ = writeln!(text, "\n{inputs} inputs in {time}{so_far}");
        let exit = match (&difference, self.judge.violations()) {
            (Some(difference), _) => {
                text.push_str(difference);
                let ours = env!("CARGO_PKG_VERSION");
                if release != ours {
                    let _ = writeln!(text, "  this is release {ours}: take that of {release}");
                }
                Exit::Differs
            }
            (None, broken) => {
                text.push_str("every output is what it was\n");
                broken.iter().for_each(|one| text.push_str(&format!("VIOLATED {one}\n")));
                if broken.is_empty() {
                    let _ = writeln!(text, "{} rules about ownership held", judge::RULES);
                }
                if broken.is_empty() { Exit::Held } else { Exit::Violated }
            }
        };
        if let Some(ended) = ended {
            let _ = writeln!(text, "{ended}");
        }
        Replayed { text, exit }
    }
}

fn counts(of: Outputs) -> String {
    let Outputs { effects, reports, digest } = of;
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (many, more) = (plural(effects), plural(reports));
    format!("{effects} effect{many}, {reports} report{more}, digest {digest:08x}")
}

fn seconds(time: Duration) -> String {
    format!("{}.{:06} s", time.as_secs(), time.subsec_micros())
}
