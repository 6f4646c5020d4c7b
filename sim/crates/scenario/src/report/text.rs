//! The report for people.

use super::story::{Row, Story, story};
use super::{Outcomes, Run, RunResult, layout};
use crate::{ClientFigures, Judged, Ruling, Scenario, Verdict, show_duration};
use std::fmt::Write;
use std::time::Duration;

/// Each run's story and rulings, and a summary of all at the end.
pub fn text(runs: &[Run]) -> String {
    let mut text = String::new();
    for run in runs {
        // Writing to a string cannot fail.
        let _ = one(&mut text, run);
        text.push('\n');
    }
    text.push_str(&summary(&Outcomes::of(runs)));
    text
}

fn one(text: &mut String, run: &Run) -> std::fmt::Result {
    let Scenario { title, why, file, length, .. } = &run.scenario;
    writeln!(text, "{title}\n  why: {why}")?;
    let (history, verdict) = match &run.result {
        RunResult::Skipped { reason } => return writeln!(text, "  {file}: skipped: {reason}"),
        RunResult::Impossible { reason } => return writeln!(text, "  {file}: not run: {reason}"),
        RunResult::Judged { history, verdict } => (history, verdict),
    };
    let length = show_duration(*length);
    writeln!(text, "  {file}, engine {}, seed {}, {length}\n", history.engine, history.seed)?;
    text.push_str(&timeline(&story(&run.scenario, history)));
    rulings(text, verdict)?;
    for client in &verdict.clients {
        writeln!(text, "  {}", figures(client))?;
    }
    writeln!(text, "  {}", run.word())
}

/// The rows, with a dot where a column has not changed.
fn timeline(story: &Story) -> String {
    let mut header = vec!["time".to_owned(), "event".to_owned()];
    header.extend(story.columns.iter().cloned());
    let mut previous: Option<&Row> = None;
    let mut rows = Vec::new();
    for row in &story.rows {
        let same_time = previous.is_some_and(|last| last.at == row.at);
        let mut cells = vec![if same_time { String::new() } else { seconds(row.at) }];
        cells.push(row.event.clone());
        for (index, cell) in row.cells.iter().enumerate() {
            let is_same = previous.and_then(|last| last.cells.get(index)) == Some(cell);
            cells.push(if is_same { "·".to_owned() } else { cell.clone() });
        }
        rows.push(cells);
        previous = Some(row);
    }
    layout::table(&header, &rows)
}

/// Seconds with microseconds, aligned up to 999 s.
fn seconds(at: Duration) -> String {
    format!("{:3}.{:06}", at.as_secs(), at.subsec_micros())
}

fn rulings(text: &mut String, verdict: &Verdict) -> std::fmt::Result {
    let width = verdict.all().map(|judged| judged.text.chars().count()).max().unwrap_or(0);
    let parts = [("expected", &verdict.expectations), ("always true", &verdict.invariants)];
    for (name, judged) in parts {
        writeln!(text, "\n  {name}")?;
        for Judged { text: claim, ruling } in judged {
            let (mark, came_out) = match ruling {
                Ruling::Held { measured } => ('✓', measured.clone()),
                Ruling::Violated { at, facts } => {
                    ('✗', format!("at {}: {facts}", show_duration(*at)))
                }
                Ruling::NotJudged { reason } => ('-', format!("not judged: {reason}")),
            };
            writeln!(text, "    {mark} {claim:width$}  {came_out}")?;
        }
    }
    writeln!(text)
}

fn figures(figures: &ClientFigures) -> String {
    let ClientFigures { client, connections, outcomes, served, outage } = figures;
    let join = |parts: Vec<String>| parts.join(", ");
    let ends = join(outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect());
    let nodes = join(served.iter().map(|(node, count)| format!("{node} {count}")).collect());
    let nodes = if nodes.is_empty() { "nobody" } else { &nodes };
    let (whole, fraction) = (outage.as_millis(), outage.subsec_micros() % 1_000);
    let longest = format!("longest outage {whole}.{fraction:03} ms");
    format!("{client}: {connections} connections ({ends}); served by: {nodes}; {longest}")
}

fn summary(counts: &Outcomes) -> String {
    let Outcomes { held, violated, skipped, impossible, .. } = counts;
    let (claims, wrong) = (counts.expectations_held, counts.expectations_violated);
    let open = counts.expectations_not_judged;
    format!(
        "scenarios: {held} held, {violated} violated, {skipped} skipped, {impossible} not run\n\
         expectations and invariants: {claims} held, {wrong} violated, {open} not judged\n"
    )
}
