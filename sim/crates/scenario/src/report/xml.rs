//! The report for continuous integration: `JUnit`'s XML.

use super::{Outcomes, Run, RunResult};
use crate::{Judged, Ruling, show_duration};
use std::fmt::Write;
use std::time::Duration;

/// One suite for each scenario, one case for each expectation and invariant. Times are simulated.
pub fn junit(runs: &[Run]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for run in runs {
        // Writing to a string cannot fail.
        let _ = suite(&mut text, run);
    }
    text.push_str("</testsuites>\n");
    text
}

fn suite(text: &mut String, run: &Run) -> std::fmt::Result {
    let counts = Outcomes::of(std::slice::from_ref(run));
    let skipped = counts.expectations_not_judged + counts.skipped + counts.impossible;
    let tests = counts.expectations_held + counts.expectations_violated + skipped;
    let (file, title) = (escaped(&run.scenario.file), escaped(&run.scenario.title));
    let time = match &run.result {
        RunResult::Judged { history, .. } => history.end,
        _ => Duration::ZERO,
    };
    let failures = counts.expectations_violated;
    let seconds = format!("{}.{:03}", time.as_secs(), time.subsec_millis());
    write!(text, "  <testsuite name=\"{file}\" tests=\"{tests}\" failures=\"{failures}\"")?;
    writeln!(text, " skipped=\"{skipped}\" time=\"{seconds}\">")?;
    match &run.result {
        RunResult::Judged { verdict, .. } => {
            verdict.all().try_for_each(|judged| case(text, &file, judged))?;
        }
        RunResult::Skipped { reason } | RunResult::Impossible { reason } => {
            let reason = escaped(reason);
            writeln!(text, "    <testcase classname=\"{file}\" name=\"{title}\">")?;
            writeln!(text, "      <skipped message=\"{reason}\"/>\n    </testcase>")?;
        }
    }
    writeln!(text, "  </testsuite>")
}

fn case(text: &mut String, file: &str, judged: &Judged) -> std::fmt::Result {
    let name = escaped(&judged.text);
    write!(text, "    <testcase classname=\"{file}\" name=\"{name}\"")?;
    match &judged.ruling {
        Ruling::Held { .. } => writeln!(text, "/>"),
        Ruling::Violated { at, facts } => {
            let message = escaped(&format!("at {}: {facts}", show_duration(*at)));
            writeln!(text, ">\n      <failure message=\"{message}\"/>\n    </testcase>")
        }
        Ruling::NotJudged { reason } => {
            let message = escaped(reason);
            writeln!(text, ">\n      <skipped message=\"{message}\"/>\n    </testcase>")
        }
    }
}

/// Safe inside an attribute. Control characters have no form in XML 1.0 (§2.2) and become `?`.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('?'),
            c if c.is_control() => safe.push('?'),
            c => safe.push(c),
        }
    }
    safe
}
