//! The comparison for people.

use std::fmt::Write as _;
use std::time::Duration;

use crate::campaign::{self, micros, millis};

use super::compare::{ClientFigures, Comparison, NEAR, PART, Pair};

const HEADER: [&str; 5] =
    ["seed", "outage in the world", "outage on the kernel", "difference", "decisions same?"];

/// One table for each scenario and client.
pub(super) fn text(comparisons: &[Comparison]) -> String {
    let mut text = String::new();
    for comparison in comparisons {
        // Writing to a string cannot fail.
        let _ = one(&mut text, comparison);
    }
    let _ = summary(&mut text, comparisons);
    text
}

fn one(text: &mut String, comparison: &Comparison) -> std::fmt::Result {
    writeln!(text, "{}\n  {}", comparison.title, comparison.file)?;
    for figures in &comparison.clients {
        writeln!(text, "\n  client {}", figures.client)?;
        text.push_str(&table(&client_rows(comparison, figures)));
        let verdict = if figures.means_agree { "agree" } else { "DO NOT agree" };
        let (near, part) = (NEAR.as_millis(), 100 / PART);
        writeln!(text, "  the means {verdict} within {part} % of the kernel's, or {near} ms")?;
    }
    if comparison.clients.is_empty() {
        text.push('\n');
        let rows: Vec<_> = comparison.seeds.iter().map(|pair| row(pair, None)).collect();
        text.push_str(&table(&rows));
    } else {
        text.push_str(
            "  directors begin at the same drawn moment in both: in simulated time the fault falls \
             between the same heartbeats, in real time single seeds may differ by one keepalive\n",
        );
    }
    for pair in &comparison.seeds {
        remarks(text, pair)?;
    }
    text.push('\n');
    Ok(())
}

fn client_rows(comparison: &Comparison, figures: &ClientFigures) -> Vec<[String; 5]> {
    let mut rows: Vec<_> =
        comparison.seeds.iter().map(|pair| row(pair, Some(&figures.client))).collect();
    let ClientFigures { world, kernel, .. } = figures;
    for (name, world, kernel) in [
        ("mean", world.mean, kernel.mean),
        ("p50", world.p50, kernel.p50),
        ("max", world.max, kernel.max),
    ] {
        let apart = difference(world, kernel);
        rows.push([name.to_owned(), millis(world), millis(kernel), apart, String::new()]);
    }
    rows
}

fn row(pair: &Pair, client: Option<&str>) -> [String; 5] {
    let none = || "-".to_owned();
    let (world, kernel) = (
        client.and_then(|client| pair.world.outages.get(client)),
        client.and_then(|client| pair.kernel.outages.get(client)),
    );
    let apart = world.zip(kernel).map(|(world, kernel)| difference(*world, *kernel));
    let shown = |outage: Option<&Duration>| outage.map_or_else(none, |outage| millis(*outage));
    let same = match pair.differences().len() {
        _ if !pair.is_comparable() => "not compared".to_owned(),
        0 => "yes".to_owned(),
        count => format!("NO, {count} differ"),
    };
    [pair.seed.to_string(), shown(world), shown(kernel), apart.unwrap_or_else(none), same]
}

/// What a row has no room for.
fn remarks(text: &mut String, pair: &Pair) -> std::fmt::Result {
    let seed = pair.seed;
    for (place, side) in [("in the world", &pair.world), ("on the kernel", &pair.kernel)] {
        for remark in &side.remarks {
            writeln!(text, "  seed {seed} {place}: {}: {remark}", side.result)?;
        }
    }
    let differences = if pair.is_comparable() { pair.differences() } else { Vec::new() };
    for one in differences {
        let (node, subject) = (&one.node, &one.subject);
        let (world, kernel) = (verdicts(&one.world), verdicts(&one.kernel));
        writeln!(text, "  seed {seed}: {node} about {subject}: world {world}; kernel {kernel}")?;
    }
    Ok(())
}

fn verdicts(words: &[String]) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.join(" > ") }
}

fn summary(text: &mut String, comparisons: &[Comparison]) -> std::fmt::Result {
    let pairs = || comparisons.iter().flat_map(|comparison| &comparison.seeds);
    let compared = pairs().filter(|pair| pair.is_comparable()).count();
    let skipped = pairs().count() - compared;
    let same = pairs().filter(|pair| pair.is_comparable() && pair.differences().is_empty());
    let same = same.count();
    let violated = pairs()
        .filter(|pair| [&pair.world, &pair.kernel].iter().any(|side| side.result == "violated"));
    let violated = violated.count();
    writeln!(
        text,
        "runs: {compared} compared, {skipped} not compared; {same} with the same decisions, \
         {violated} with a violation"
    )
}

/// How much longer it took on the kernel.
fn difference(world: Duration, kernel: Duration) -> String {
    let sign = if micros(kernel) < micros(world) { '-' } else { '+' };
    format!("{sign}{}", millis(world.abs_diff(kernel)))
}

/// All columns but the last are numbers.
fn table(rows: &[[String; 5]]) -> String {
    campaign::table(HEADER, rows, |column| column < 4)
}
