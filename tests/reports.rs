//! The runners' JSON reports: counted, and compared by what was decided.

mod outages;
mod violated;

use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// For each node and subject, the verdicts in time order.
type Decisions = BTreeMap<(String, String), Vec<String>>;

/// A scenario in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    file: String,
    result: String,
    reason: String,
    decisions: Decisions,
    violated: Vec<String>,
    /// The longest outage of each client.
    outages: Vec<(String, Duration)>,
}

/// The report of one run of a runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report(Vec<Entry>);

impl Report {
    /// Reads `{runs: [{file, result, reason?, decisions?: [{node, subject, verdict}]}]}`.
    ///
    /// # Errors
    /// When it is not that.
    pub fn read(text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text).map_err(|wrong| wrong.to_string())?;
        let runs = document["runs"].as_array().ok_or("no `runs`")?;
        runs.iter().map(entry).collect::<Option<_>>().map(Self).ok_or("a run lacks a field".into())
    }

    /// Lines `passed N`, `failed N` and `skipped N REASON`, for each reason one.
    pub fn tally(&self) -> Vec<String> {
        let count = |result: &str| self.0.iter().filter(|entry| entry.result == result).count();
        let mut lines =
            vec![format!("passed {}", count("held")), format!("failed {}", count("violated"))];
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in &self.0 {
            if ["skipped", "impossible"].contains(&entry.result.as_str()) {
                *reasons.entry(&entry.reason).or_default() += 1;
            }
        }
        lines.extend(reasons.iter().map(|(reason, count)| format!("skipped {count} {reason}")));
        lines
    }

    /// For every run that did not hold: which rule, when, what was the case, and what happened
    /// around it.
    pub fn violated(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|entry| &entry.violated).map(String::as_str)
    }
}

fn entry(run: &Value) -> Option<Entry> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut decisions = Decisions::new();
    for decision in run["decisions"].as_array().into_iter().flatten() {
        let key = (text(&decision["node"])?, text(&decision["subject"])?);
        decisions.entry(key).or_default().push(text(&decision["verdict"])?);
    }
    let reason = text(&run["reason"]).unwrap_or_default().replace('\n', " ");
    Some(Entry {
        file: text(&run["file"])?,
        result: text(&run["result"])?,
        reason,
        decisions,
        violated: violated::lines(run),
        outages: outages::of(run),
    })
}

/// How many scenarios both reports have judged, and what was decided differently in them.
///
/// What two directors, or one director about two servers, decide has no common order that must be
/// kept; what one director decides about one thing has.
pub fn compare(one: &Report, other: &Report) -> (usize, Vec<String>) {
    let ran = |entry: &&Entry| ["held", "violated"].contains(&entry.result.as_str());
    let (mut compared, mut different) = (0, Vec::new());
    for left in one.0.iter().filter(ran) {
        let Some(right) = other.0.iter().filter(ran).find(|entry| entry.file == left.file) else {
            continue;
        };
        compared += 1;
        let mut keys: Vec<_> = left.decisions.keys().chain(right.decisions.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let shown = |entry: &Entry| {
                entry.decisions.get(key).map_or_else(|| "nothing".into(), |all| all.join(", "))
            };
            let (here, there) = (shown(left), shown(right));
            if here != there {
                let (node, subject) = key;
                different.push(format!("{}: {node}: {subject}: {here} | {there}", left.file));
            }
        }
    }
    (compared, different)
}

/// How many clients both sides have, each with a report for every seed, and whose outages are
/// apart: the means over the seeds, by more than 50 ms and a tenth.
pub fn apart(one: &[Report], other: &[Report]) -> (usize, Vec<String>) {
    outages::apart(&gathered(one), &gathered(other))
}

fn gathered(reports: &[Report]) -> outages::Outages {
    let mut all = outages::Outages::new();
    for entry in reports.iter().flat_map(|report| &report.0) {
        for (client, outage) in &entry.outages {
            all.entry((entry.file.clone(), client.clone())).or_default().push(*outage);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdicts: &[&str]) -> Report {
        about("web", verdicts)
    }

    fn about(subject: &str, verdicts: &[&str]) -> Report {
        let decisions: Vec<String> = verdicts
            .iter()
            .map(|verdict| {
                format!(r#"{{"node":"d1","subject":"{subject}","verdict":"{verdict}"}}"#)
            })
            .collect();
        let text = format!(
            r#"{{"runs":[{{"file":"a.toml","result":"held","decisions":[{}]}},
            {{"file":"b.toml","result":"violated"}},
            {{"file":"c.toml","result":"skipped","reason":"no kernel"}},
            {{"file":"d.toml","result":"impossible","reason":"no kernel"}}]}}"#,
            decisions.join(",")
        );
        Report::read(&text).expect("a report")
    }

    #[test]
    fn results_are_counted_and_reasons_gathered() {
        assert_eq!(report(&[]).tally(), ["passed 1", "failed 1", "skipped 2 no kernel"]);
        assert!(Report::read("{}").is_err());
        assert!(Report::read(r#"{"runs":[{}]}"#).is_err());
    }

    #[test]
    fn other_verdicts_and_another_order_are_told() {
        let usual = report(&["taking", "active"]);
        assert_eq!(compare(&usual, &usual), (2, Vec::new()));
        for other in [&["active", "taking"][..], &["taking"], &[]] {
            let (compared, different) = compare(&usual, &report(other));
            assert_eq!((compared, different.len()), (2, 1), "{different:?}");
        }
    }
}
