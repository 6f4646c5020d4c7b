//! What a run that did not hold looked like, for the log of a machine that nobody can visit.

use serde_json::Value;
use std::time::Duration;

/// What happened this long before and after a violation is told with it.
const AROUND: Duration = Duration::from_secs(2);

/// Most lines of the timeline for one violation.
const MOST: usize = 60;

/// The violated rules of a run, each with its moment, its facts and what happened around it; empty
/// for a run that held.
pub(super) fn lines(run: &Value) -> Vec<String> {
    let rules = ["expectations", "invariants"].iter().filter_map(|list| run[list].as_array());
    let violated = rules.flatten().filter(|rule| rule["ruling"] == "violated");
    violated.flat_map(|rule| told(run, rule)).collect()
}

fn told(run: &Value, rule: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let at = moment(rule);
    let mut lines = vec![format!(
        "{}, {}, seed {}: violated at {}: {}: {}",
        text(&run["file"]),
        text(&run["engine"]),
        run["seed"],
        seconds(at),
        text(&rule["text"]),
        text(&rule["facts"]),
    )];
    let near = run["timeline"].as_array().into_iter().flatten().filter(|row| {
        let happened = moment(row);
        happened + AROUND >= at && happened <= at + AROUND
    });
    lines.extend(
        near.take(MOST).map(|row| format!("  {} {}", seconds(moment(row)), text(&row["event"]))),
    );
    lines
}

fn moment(of: &Value) -> Duration {
    Duration::from_nanos(of["at_ns"].as_u64().unwrap_or_default())
}

fn seconds(at: Duration) -> String {
    format!("{:.3} s", at.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::lines;
    use serde_json::json;

    #[test]
    fn a_violated_rule_is_told_with_what_happened_around_it() {
        let run = json!({
            "file": "a.toml", "engine": "uml", "seed": 7, "result": "violated",
            "expectations": [
                {"text": "outage(web) <= 600ms", "ruling": "violated",
                 "at_ns": 10_500_000_000_u64, "facts": "it was 700ms"},
                {"text": "pinned(web)", "ruling": "held", "measured": "yes"},
            ],
            "invariants": [{"text": "one owner", "ruling": "held", "measured": "yes"}],
            "timeline": [
                {"at_ns": 1_000_000_000_u64, "event": "long before"},
                {"at_ns": 10_000_000_000_u64, "event": "power-off d1"},
            ],
        });
        assert_eq!(
            lines(&run),
            [
                "a.toml, uml, seed 7: violated at 10.500 s: outage(web) <= 600ms: it was 700ms",
                "  10.000 s power-off d1",
            ]
        );
        assert!(lines(&json!({"file": "a.toml", "result": "held"})).is_empty());
    }
}
