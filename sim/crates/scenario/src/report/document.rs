//! The report for programs.

use super::story::story;
use super::{Outcomes, Run, RunResult};
use crate::history::nanos;
use crate::{ClientFigures, Decision, Judged, Ruling, decisions};
use serde::Serialize;
use std::time::Duration;

#[derive(Serialize)]
struct Document<'a> {
    runs: Vec<Entry<'a>>,
    summary: Outcomes,
    exit_status: u8,
}

#[derive(Serialize)]
struct Entry<'a> {
    file: &'a str,
    title: &'a str,
    why: &'a str,
    #[serde(rename = "length_ns", serialize_with = "nanos::serialize")]
    length: Duration,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(flatten)]
    details: Option<Details<'a>>,
}

#[derive(Serialize)]
struct Details<'a> {
    engine: &'a str,
    seed: u64,
    expectations: Vec<Line<'a>>,
    invariants: Vec<Line<'a>>,
    clients: &'a [ClientFigures],
    decisions: Vec<Decision>,
    timeline: Vec<Moment>,
}

#[derive(Serialize)]
struct Line<'a> {
    text: &'a str,
    #[serde(flatten)]
    ruling: &'a Ruling,
}

#[derive(Serialize)]
struct Moment {
    #[serde(rename = "at_ns", serialize_with = "nanos::serialize")]
    at: Duration,
    event: String,
}

/// All runs as one JSON document; times are nanoseconds from the scenario's start.
///
/// `{runs: [{file, title, why, length_ns, result, reason?, engine, seed, expectations, invariants,
/// clients, decisions: [{node, subject, verdict}], timeline: [{at_ns, event}]}], summary,
/// exit_status}`. An expectation or invariant is `{text, ruling, …}` with `measured` when `ruling`
/// is `held`, `at_ns` and `facts` when `violated`, `reason` when `not-judged`. A scenario that did
/// not run has `reason` in place of all that follows it.
///
/// # Errors
/// None in practice: every field has a JSON form.
pub fn json(runs: &[Run]) -> Result<String, serde_json::Error> {
    let summary = Outcomes::of(runs);
    let document = Document {
        runs: runs.iter().map(entry).collect(),
        summary,
        exit_status: summary.exit().status(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

fn entry(run: &Run) -> Entry<'_> {
    let (reason, details) = match &run.result {
        RunResult::Skipped { reason } | RunResult::Impossible { reason } => (Some(&**reason), None),
        RunResult::Judged { history, verdict } => {
            let rows = story(&run.scenario, history).rows;
            let details = Details {
                engine: &history.engine,
                seed: history.seed,
                expectations: lines(&verdict.expectations),
                invariants: lines(&verdict.invariants),
                clients: &verdict.clients,
                decisions: decisions(&run.scenario, history),
                timeline: rows
                    .into_iter()
                    .map(|row| Moment { at: row.at, event: row.event })
                    .collect(),
            };
            (None, Some(details))
        }
    };
    Entry {
        file: &run.scenario.file,
        title: &run.scenario.title,
        why: &run.scenario.why,
        length: run.scenario.length,
        result: run.word(),
        reason,
        details,
    }
}

fn lines(judged: &[Judged]) -> Vec<Line<'_>> {
    judged.iter().map(|Judged { text, ruling }| Line { text, ruling }).collect()
}
