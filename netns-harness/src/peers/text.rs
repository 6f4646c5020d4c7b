//! The comparison of stacks for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::measure::{Comparison, Played, Sent, Side};
use crate::campaign::{self, Figures, millis};

pub(super) const COLUMNS: usize = 13;
pub(super) const HEADER: [&str; COLUMNS] = [
    "stack",
    "runs",
    "outage p50",
    "max",
    "mean",
    "not served",
    "broken",
    "on dead servers",
    "sent to peers / servers / others",
    "CPU",
    "owners at the end",
    "router's ARP at the end",
    "not judged",
];

/// One table for each scenario and client, and what must be known to read it.
pub(super) fn text(comparisons: &[Comparison]) -> String {
    let mut text = String::new();
    let mut told: Vec<&[String]> = Vec::new();
    for comparison in comparisons {
        // Writing to a string cannot fail.
        let _ = one(&mut text, comparison, &mut told);
    }
    text
}

/// `told` are the notes that the reader has seen already.
fn one<'a>(
    text: &mut String,
    comparison: &'a Comparison,
    told: &mut Vec<&'a [String]>,
) -> std::fmt::Result {
    writeln!(text, "{}\n  {}", comparison.title, comparison.file)?;
    for client in &comparison.clients {
        writeln!(text, "\n  client {client}")?;
        let rows: Vec<_> = comparison.stacks.iter().map(|played| row(played, client)).collect();
        text.push_str(&table(&rows));
    }
    if comparison.clients.is_empty() {
        writeln!(text)?;
        let rows: Vec<_> = comparison.stacks.iter().map(|played| row(played, "")).collect();
        text.push_str(&table(&rows));
    }
    for played in &comparison.stacks {
        notes(text, played, told)?;
        remarks(text, played)?;
    }
    writeln!(text)
}

/// All columns between the stack and the owners are numbers.
fn table(rows: &[[String; COLUMNS]]) -> String {
    campaign::table(HEADER, rows, |column| (1..=9).contains(&column))
}

pub(super) fn row(played: &Played, client: &str) -> [String; COLUMNS] {
    let figures = played.clients.get(client);
    let dead = played.ran().map(|run| run.on_dead_server);
    let cell = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    [
        played.stack.word().to_owned(),
        played.ran().count().to_string(),
        cell(figures.map(|figures| millis(figures.outage.p50))),
        cell(figures.map(|figures| millis(figures.outage.max))),
        cell(figures.map(|figures| millis(figures.outage.mean))),
        cell(figures.map(|figures| figures.not_served.to_string())),
        cell(figures.map(|figures| figures.broken.to_string())),
        cell(Figures::of(dead.collect()).map(|figures| millis(figures.mean))),
        sent(played),
        cell(Figures::of(played.ran().filter_map(|run| run.computed).collect()).map(cpu)),
        counted(played, |run| &run.owners),
        counted(played, |run| &run.neighbours),
        played.ran().map(|run| run.not_judged).sum::<usize>().to_string(),
    ]
}

/// `1843 / 402 / 31`: packets, the means over the runs.
fn sent(played: &Played) -> String {
    let count = u64::try_from(played.ran().count()).unwrap_or(u64::MAX);
    if count == 0 {
        return "-".to_owned();
    }
    let mean = |of: fn(&Sent) -> u64| {
        let sum: u64 = played.ran().map(|run| of(&run.sent)).sum();
        ((sum + count / 2) / count).to_string()
    };
    [mean(|sent| sent.peers), mean(|sent| sent.servers), mean(|sent| sent.others)].join(" / ")
}

/// The mean, to the millisecond.
fn cpu(figures: Figures) -> String {
    format!("{} ms", (figures.mean + Duration::from_micros(500)).as_millis())
}

/// `d2`, or `d2 in 5, none in 1` where the runs ended differently.
fn counted(played: &Played, of: impl Fn(&Side) -> &str) -> String {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for run in played.ran() {
        *found.entry(of(run)).or_default() += 1;
    }
    match found.keys().copied().collect::<Vec<_>>().as_slice() {
        [] => "-".to_owned(),
        [only] => (*only).to_owned(),
        _ => {
            let parts = found.iter().map(|(value, count)| format!("{value} in {count}"));
            parts.collect::<Vec<_>>().join(", ")
        }
    }
}

fn notes<'a>(
    text: &mut String,
    played: &'a Played,
    told: &mut Vec<&'a [String]>,
) -> std::fmt::Result {
    let word = played.stack.word();
    if played.notes.is_empty() {
        return Ok(());
    }
    if told.contains(&played.notes.as_slice()) {
        return writeln!(text, "\n  {word} was told the same as far as it can be; see above");
    }
    told.push(&played.notes);
    writeln!(text, "\n  {word} was told the same as far as it can be; it differs in")?;
    for note in &played.notes {
        writeln!(text, "    {note}")?;
    }
    Ok(())
}

fn remarks(text: &mut String, played: &Played) -> std::fmt::Result {
    let word = played.stack.word();
    let mut first = true;
    for run in &played.runs {
        for remark in &run.remarks {
            if std::mem::take(&mut first) {
                writeln!(text)?;
            }
            writeln!(text, "  {word}, seed {}: {}: {remark}", run.seed, run.result)?;
        }
    }
    Ok(())
}
