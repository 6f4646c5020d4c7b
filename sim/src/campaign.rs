//! Many seeds: a line for each scenario, and the whole story of the first failure of each.

use crate::run::BadInput;
use scenario::{
    Claim, ClientFigures, Exit, Outcomes, Ruling, Run, RunResult, Scenario, show_duration, text,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Failing seeds that are named before the rest is only counted.
const NAMED: usize = 10;

/// What came of one scenario under all seeds.
#[derive(Default)]
struct Tally {
    held: usize,
    violated: Vec<u64>,
    skipped: Option<String>,
    first: Option<Run>,
    /// Expectations that held in some run.
    reached: BTreeSet<String>,
    /// For each client: the longest outage of each run.
    outages: BTreeMap<String, Vec<Duration>>,
}

/// Runs every scenario under every seed, by `run`.
///
/// # Errors
/// When a configuration file is wrong.
pub fn report(
    scenarios: &[Arc<Scenario>],
    seeds: Range<u64>,
    mut run: impl FnMut(&Arc<Scenario>, u64) -> Result<Run, BadInput>,
) -> Result<(String, Exit), BadInput> {
    let mut out = String::new();
    let mut stories = String::new();
    let mut total = Outcomes::default();
    for scenario in scenarios {
        let mut tally = Tally::default();
        for seed in seeds.clone() {
            let done = run(scenario, seed)?;
            let counted = Outcomes::of(std::slice::from_ref(&done));
            total.held += counted.held;
            total.violated += counted.violated;
            total.skipped += counted.skipped;
            tally.add(seed, done);
            if tally.skipped.is_some() {
                break;
            }
        }
        let _ = writeln!(out, "{}", tally.line(scenario));
        for never in tally.never(scenario) {
            total.violated += 1;
            let _ = writeln!(out, "violated  {}: in no seed: {never}", scenario.file);
        }
        if let Some(first) = tally.first {
            stories.push_str(&text(&[first]));
            stories.push('\n');
        }
    }
    let _ = writeln!(
        out,
        "seeds {}..{}: {} runs held, {} violated; {} scenarios skipped",
        seeds.start, seeds.end, total.held, total.violated, total.skipped
    );
    Ok((stories + &out, total.exit()))
}

impl Tally {
    fn add(&mut self, seed: u64, run: Run) {
        match &run.result {
            RunResult::Judged { verdict, .. } => {
                for ClientFigures { client, outage, .. } in &verdict.clients {
                    self.outages.entry(client.clone()).or_default().push(*outage);
                }
                let held = verdict.expectations.iter();
                let held = held.filter(|one| matches!(one.ruling, Ruling::Held { .. }));
                self.reached.extend(held.map(|one| one.text.clone()));
                if verdict.is_held() {
                    self.held += 1;
                } else {
                    self.violated.push(seed);
                    self.first.get_or_insert(run);
                }
            }
            RunResult::Skipped { reason } | RunResult::Impossible { reason } => {
                self.skipped = Some(reason.clone());
            }
        }
    }

    fn line(&mut self, scenario: &Scenario) -> String {
        let file = &scenario.file;
        if let Some(reason) = &self.skipped {
            return format!("skipped   {file}: {reason}");
        }
        let outages = self.outages();
        if self.violated.is_empty() {
            return format!("held      {file}: {} seeds{outages}", self.held);
        }
        let named: Vec<String> = self.violated.iter().take(NAMED).map(u64::to_string).collect();
        let more = self.violated.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let (bad, all) = (self.violated.len(), self.held + self.violated.len());
        format!("violated  {file}: {bad} of {all} seeds, {}{more}{outages}", named.join(" "))
    }

    /// What should have been the case sometimes, and never was.
    fn never<'a>(&self, scenario: &'a Scenario) -> Vec<&'a str> {
        if self.skipped.is_some() {
            return Vec::new();
        }
        let sometimes = scenario.expectations.iter();
        let sometimes = sometimes.filter(|one| matches!(one.claim, Claim::Sometimes { .. }));
        let texts = sometimes.map(|one| one.text.as_str());
        texts.filter(|text| !self.reached.contains(*text)).collect()
    }

    fn outages(&mut self) -> String {
        let mut text = String::new();
        for (client, outages) in &mut self.outages {
            outages.sort_unstable();
            let at = |percent: usize| {
                let place = (outages.len() * percent / 100).min(outages.len().saturating_sub(1));
                outages.get(place).copied().map(show_duration).unwrap_or_default()
            };
            let _ =
                write!(text, "; outage({client}) p50 {} p99 {} max {}", at(50), at(99), at(100));
        }
        text
    }
}
