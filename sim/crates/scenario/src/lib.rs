//! Scenario files: their grammar, the history that a runner writes, the judge, and the reports.
//!
//! Runner-neutral: the simulator and the lab read the same [`Scenario`], each writes a [`History`],
//! and [`judge`] says of either whether the expectations held.

mod action;
mod decisions;
mod draw;
mod duration;
mod expect;
mod facts;
mod faults;
mod history;
mod judge;
mod model;
mod parse;
mod problem;
mod react;
mod report;
mod request;
#[cfg(test)]
mod testkit;

pub use action::{
    Action, Behaviour, Cut, Effect, Extent, Heal, Impairment, Leap, Mood, OperatorOrder, Resource,
    Share, Skew, Tampering,
};
pub use decisions::{Decision, by_subject, decisions};
pub use draw::{Spread, Stream, launch};
pub use duration::{parse_duration, show_duration};
pub use expect::{
    Bound, Claim, Compare, Condition, Except, Expectation, Holder, Quantity, Span, Trigger, Window,
};
pub use facts::Facts;
pub use faults::Faults;
pub use history::{Event, History, Outcome, Record};
pub use judge::{
    ClientFigures, Judged, LATE, Names, Ruling, State, Verdict, dead_time, judge, replay,
};
pub use model::{
    Cidr, Client, ConfigFile, Engine, Node, NodeKind, Port, Protocol, Rate, Scenario, Scheduled,
    Segment, Serve, Software, Statement, When,
};
pub use parse::{Reader, files};
pub use problem::{Problem, Problems};
pub use react::Reactions;
pub use report::{Exit, Outcomes, Run, RunResult, Sheet, Wanted, html, json, junit, noticed, text};
pub use request::request;
