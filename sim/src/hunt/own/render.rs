//! What it cost: for people, for programs, and for the page.

use super::figures::Spread;
use super::{Figures, Finding, Kind, Toll, Who};
use crate::hunt::Summary;
use scenario::{NodeKind, Sheet};
use serde::Serialize;
use std::fmt::Write;
use std::time::Duration;

const COLUMNS: [&str; 11] = [
    "one fault alone",
    "runs",
    "outage p50",
    "p99",
    "max",
    "not served p50",
    "max",
    "broken p50",
    "max",
    "on a dead server",
    "max",
];

/// For people.
#[must_use]
pub fn text(toll: &Toll, hunted: Option<&Summary>) -> String {
    let mut out = format!("{}\n", shape(toll));
    list(&mut out, "assumed", &toll.derived.assumed);
    list(&mut out, "left out", &toll.derived.left_out);
    let say = |finding: &Finding| format!("{}\n    {}", finding.what, finding.cure);
    let part = |never: bool| -> Vec<String> {
        toll.findings.iter().filter(|finding| finding.never == never).map(say).collect()
    };
    list(&mut out, "can never fail over, or not for certain", &part(true));
    list(&mut out, "will hurt", &part(false));
    out.push('\n');
    let (felt, unfelt): (Vec<_>, Vec<_>) =
        toll.figures.iter().partition(|(_, figures)| figures.is_felt());
    let rows: Vec<Vec<String>> = felt.into_iter().map(row).collect();
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0).max(COLUMNS[column].chars().count())
        })
        .collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    out.push_str(&line(&COLUMNS.map(str::to_owned)));
    rows.iter().for_each(|row| out.push_str(&line(row)));
    let quiet: Vec<String> = unfelt
        .into_iter()
        .map(|((kind, who), figures)| format!("{kind}{} ({})", who.after(), figures.runs()))
        .collect();
    list(&mut out, "no client noticed (runs)", &quiet);
    let _ = writeln!(out, "\n{}", verdict(toll));
    if let Some(hunted) = hunted {
        let _ = write!(out, "\nmany faults at once\n\n{}", hunted.text());
    }
    out
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    let _ = writeln!(out, "\n{title}");
    if lines.is_empty() {
        out.push_str("  nothing\n");
    }
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}

fn shape(toll: &Toll) -> String {
    let scenario = &toll.derived.scenario;
    let count = |wanted: fn(&NodeKind) -> bool| {
        scenario.nodes.iter().filter(|node| wanted(&node.kind)).count()
    };
    let directors = count(|kind| matches!(kind, NodeKind::Director { .. }));
    let servers = count(|kind| matches!(kind, NodeKind::Server { .. }));
    let services: Vec<String> = scenario
        .clients
        .iter()
        .map(|client| format!("{} at {}", client.name, client.target))
        .collect();
    format!(
        "{}: {directors} directors, {servers} real servers, {}",
        scenario.file,
        services.join(", ")
    )
}

/// What the rules of the hunt said of the single faults.
fn verdict(toll: &Toll) -> String {
    let violated: usize = toll.figures.values().map(Figures::violated).sum();
    let broken = toll.figures.iter().filter(|(_, figures)| figures.violated() > 0);
    let kinds: Vec<String> = broken
        .map(|((kind, who), figures)| format!("{kind}{} ({})", who.after(), figures.violated()))
        .collect();
    if violated == 0 {
        return format!("{} runs: all served again after every one of them", toll.runs);
    }
    format!(
        "{} runs: in {violated} not everything was as it should be afterwards: {}",
        toll.runs,
        kinds.join(", ")
    )
}

/// A line of the figures.
fn row(((kind, who), figures): (&(Kind, Who), &Figures)) -> Vec<String> {
    let mut row = vec![format!("{kind}{}", who.after()), figures.runs().to_string()];
    let outage = figures.outage();
    row.extend([outage.p50, outage.p99, outage.max].map(millis));
    for counted in [figures.unserved(), figures.broken()] {
        row.extend([counted.p50.to_string(), counted.max.to_string()]);
    }
    row.extend([figures.dead().p50, figures.dead().max].map(millis));
    row
}

fn millis(value: Duration) -> String {
    format!("{} ms", value.as_millis())
}

/// The tables before the worst runs on the page.
#[must_use]
pub fn sheets(toll: &Toll) -> Vec<Sheet> {
    let figures = Sheet {
        title: "What clients would see of one fault alone".to_owned(),
        about: format!("{}. {}.", shape(toll), verdict(toll)),
        columns: COLUMNS.map(str::to_owned).to_vec(),
        rows: toll.figures.iter().map(row).collect(),
    };
    let found = toll.findings.iter().map(|finding| {
        let sort = if finding.never { "never, or not for certain" } else { "will hurt" };
        vec![sort.to_owned(), finding.what.clone(), finding.cure.clone()]
    });
    let said = |sort: &str, lines: &[String]| -> Vec<Vec<String>> {
        lines.iter().map(|line| vec![sort.to_owned(), line.clone()]).collect()
    };
    let mut rest = said("assumed", &toll.derived.assumed);
    rest.extend(said("left out", &toll.derived.left_out));
    let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    vec![
        Sheet {
            title: "What no run is needed for".to_owned(),
            about: String::new(),
            columns: columns(&["fails over", "what", "what to do"]),
            rows: found.collect(),
        },
        figures,
        Sheet {
            title: "What was played".to_owned(),
            about: "The configuration does not say everything, and not everything is modelled."
                .to_owned(),
            columns: columns(&["", "what"]),
            rows: rest,
        },
    ]
}

#[derive(Serialize)]
struct Document<'a> {
    file: &'a str,
    assumed: &'a [String],
    left_out: &'a [String],
    findings: &'a [Finding],
    faults: Vec<Entry>,
    runs: u64,
}

#[derive(Serialize)]
struct Entry {
    fault: String,
    struck: Who,
    runs: usize,
    outage_ms: Spread<u128>,
    not_served: Spread<u64>,
    broken: Spread<u64>,
    on_dead_server_ms: Spread<u128>,
    violated: usize,
}

/// For programs: `{file, assumed, left_out, findings: [{never, what, cure}], faults: [{fault,
/// struck, runs, outage_ms: {p50, p99, max}, not_served, broken, on_dead_server_ms, violated}],
/// runs}`.
///
/// # Errors
/// None in practice: every field has a JSON form.
pub fn json(toll: &Toll) -> Result<String, serde_json::Error> {
    let whole = |spread: Spread<Duration>| Spread {
        p50: spread.p50.as_millis(),
        p99: spread.p99.as_millis(),
        max: spread.max.as_millis(),
    };
    let entry = |((kind, who), figures): (&(Kind, Who), &Figures)| Entry {
        fault: kind.to_string(),
        struck: *who,
        runs: figures.runs(),
        outage_ms: whole(figures.outage()),
        not_served: figures.unserved(),
        broken: figures.broken(),
        on_dead_server_ms: whole(figures.dead()),
        violated: figures.violated(),
    };
    let document = Document {
        file: &toll.derived.scenario.file,
        assumed: &toll.derived.assumed,
        left_out: &toll.derived.left_out,
        findings: &toll.findings,
        faults: toll.figures.iter().map(entry).collect(),
        runs: toll.runs,
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}
