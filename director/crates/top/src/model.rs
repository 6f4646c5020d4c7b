//! Everything that is shown.

use crate::dialog::{Deed, Dialog, Line};
use crate::rates::Rates;
use crate::rows::{Choice, Row, Thing, rows, thing};
use crate::status::{Counters, Status, Told};
use director_shell::control::{Command, Shape};
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;

/// Events that are remembered.
const REMEMBERED: usize = 500;

/// What came from outside.
#[derive(Clone, Debug)]
pub enum Heard {
    /// How everything looks.
    Status(Box<Status>),
    /// What the kernel has counted.
    Counters(Counters),
    /// Nobody answers, and why.
    Lost(String),
    /// A line of the event stream.
    Event(String),
    /// Why the thing that was asked for is as it is, as text.
    Explained(String),
    /// An order was carried out (and by whom), or refused (and why).
    Ordered(Result<String, String>),
}

/// What is wanted of the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The answer as [`Heard::Explained`].
    Explain(Command),
    /// The answer as [`Heard::Ordered`].
    Order(Command),
    /// Everything is to be drawn anew.
    Redraw,
    /// To be put to sleep, as Ctrl-Z does.
    Sleep,
    /// The end.
    Quit,
}

/// Which page is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    List,
    Why { thing: Thing, text: Option<String>, from: usize },
    Events { from: usize },
    Help,
}

/// An event as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// When it was heard, on this program's clock.
    pub(crate) at: Duration,
    pub(crate) level: String,
    pub(crate) text: String,
}

/// The state of the view. Times are durations since it began.
#[derive(Debug)]
pub struct Model {
    pub(crate) now: Duration,
    pub(crate) status: Status,
    pub(crate) seen: Option<Duration>,
    pub(crate) lost: Option<(Duration, String)>,
    pub(crate) rates: Rates,
    pub(crate) notes: VecDeque<Note>,
    pub(crate) choice: Choice,
    pub(crate) rows: Vec<Row>,
    pub(crate) cursor: usize,
    chosen: Option<Thing>,
    /// The first row on the screen, and how many there are: the screen says so when it is drawn.
    pub(crate) top: usize,
    pub(crate) height: usize,
    pub(crate) page: Page,
    pub(crate) writing: Option<Line>,
    pub(crate) dialog: Option<Dialog>,
    pub(crate) message: Option<(Duration, String)>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            now: Duration::ZERO,
            status: Status::default(),
            seen: None,
            lost: None,
            rates: Rates::default(),
            notes: VecDeque::new(),
            choice: Choice::default(),
            rows: Vec::new(),
            cursor: 0,
            chosen: None,
            top: 0,
            height: 1,
            page: Page::List,
            writing: None,
            dialog: None,
            message: None,
        }
    }
}

impl Model {
    /// So late it is.
    pub fn tick(&mut self, now: Duration) {
        self.now = now;
        if self.message.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.message = None;
        }
    }

    /// Takes what came from outside, and says what is wanted because of it.
    pub fn heard(&mut self, heard: Heard) -> Option<Wish> {
        match heard {
            Heard::Status(status) => {
                self.status = *status;
                self.seen = Some(self.now);
                self.lost = None;
                self.arrange();
                // The page is as fresh as the list.
                return self.why();
            }
            Heard::Counters(counters) => self.rates.take(&counters),
            Heard::Lost(why) => match &mut self.lost {
                Some((_, known)) => *known = why,
                none => *none = Some((self.now, why)),
            },
            Heard::Event(line) => self.note(&line),
            Heard::Explained(text) => {
                if let Page::Why { text: shown, .. } = &mut self.page {
                    *shown = Some(text);
                }
            }
            Heard::Ordered(Ok(done)) => {
                self.dialog = None;
                self.say(done);
            }
            Heard::Ordered(Err(why)) => match &mut self.dialog {
                Some(dialog) => dialog.refused = Some(why),
                None => self.say(why),
            },
        }
        None
    }

    fn note(&mut self, line: &str) {
        let Ok(told) = serde_json::from_str::<Told>(line) else { return };
        let (level, text) = match (told.event, told.lost) {
            (Some(_), _) => (told.level, told.message),
            (None, Some(lost)) => ("warn".to_owned(), format!("{lost} events were lost")),
            (None, None) => return,
        };
        if self.notes.len() == REMEMBERED {
            self.notes.pop_front();
        }
        self.notes.push_back(Note { at: self.now, level, text });
    }

    /// Shows a sentence for a while.
    pub(crate) fn say(&mut self, what: impl Into<String>) {
        self.message = Some((self.now + Duration::from_secs(6), what.into()));
    }

    /// Makes the list anew; the cursor stays on its thing, or where it was.
    pub(crate) fn arrange(&mut self) {
        self.rows = rows(&self.status, &self.choice);
        let chosen = self.chosen.as_ref();
        let found = chosen.and_then(|chosen| {
            self.rows.iter().position(|row| thing(&self.status, *row).as_ref() == Some(chosen))
        });
        self.point(found.unwrap_or(self.cursor));
    }

    /// Moves the cursor to a row that is about something: this, the next one, or one before.
    pub(crate) fn point(&mut self, at: usize) {
        let last = self.rows.len().saturating_sub(1);
        let at = at.min(last);
        let is_thing = |row: &usize| !matches!(self.rows.get(*row), None | Some(Row::Title(_)));
        let found = (at..=last).find(is_thing).or_else(|| (0..at).rev().find(is_thing));
        self.cursor = found.unwrap_or(0);
        self.chosen = self.thing();
        self.scroll();
    }

    /// Moves the cursor by so many rows.
    pub(crate) fn step(&mut self, by: isize) {
        let target = self.cursor.saturating_add_signed(by).min(self.rows.len().saturating_sub(1));
        let is_thing = |row: &usize| !matches!(self.rows.get(*row), None | Some(Row::Title(_)));
        let found = if by < 0 {
            (0..=target).rev().find(is_thing)
        } else {
            (target..self.rows.len()).find(is_thing)
        };
        let edge = by < 0 && found.is_none();
        self.point(found.unwrap_or(if edge { 0 } else { self.cursor }));
    }

    /// Keeps the cursor on the screen, with the title above the first thing.
    fn scroll(&mut self) {
        let first = if self.cursor == 1 { 0 } else { self.cursor };
        let last = self.cursor + 1;
        self.top = self.top.min(first).max(last.saturating_sub(self.height));
        self.top = self.top.min(self.rows.len().saturating_sub(self.height));
    }

    /// The screen has room for so many rows.
    pub(crate) fn fit(&mut self, height: usize) {
        self.height = height.max(1);
        self.scroll();
    }

    /// What the cursor stands on.
    pub(crate) fn thing(&self) -> Option<Thing> {
        thing(&self.status, *self.rows.get(self.cursor)?)
    }

    /// The question that the shown page answers.
    pub(crate) fn why(&self) -> Option<Wish> {
        let Page::Why { thing, .. } = &self.page else { return None };
        let subject = thing.subject()?;
        Some(Wish::Explain(Command::Explain { subject, format: Shape::Text }))
    }

    /// Asks before a deed.
    pub(crate) fn ask(&mut self, deed: Result<Deed, &'static str>) {
        match deed {
            Ok(deed) => self.dialog = Some(Dialog::new(deed)),
            Err(why) => self.say(why),
        }
    }
}

/// What became of an order, out of the director's answer.
pub(crate) fn outcome(answer: &Value) -> Result<String, String> {
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    if let Some(why) = text("refused").or_else(|| text("error")) {
        let problems = answer.get("problems").and_then(Value::as_array).into_iter().flatten();
        let problems = problems.filter_map(Value::as_str);
        return Err(std::iter::once(why).chain(problems).collect::<Vec<_>>().join("; "));
    }
    Ok(match (text("node"), text("config")) {
        (Some(node), _) => format!("{node} has done it"),
        (None, Some(config)) => format!("configuration {config} is in use"),
        (None, None) => "done".to_owned(),
    })
}
