//! What a campaign has seen, in one place and in words.

use super::Failure;
use super::examine::{Broken, Examined};
use super::kind::{Kind, Standing};
use super::watch::SOMETIMES;
use scenario::show_duration;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

/// Failing seeds that are named before the rest is only counted.
const NAMED: usize = 10;

/// What a campaign has seen.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    first: u64,
    /// Seeds that were run.
    pub seeds: u64,
    again: u64,
    pub(crate) simulated: Duration,
    events: u64,
    /// Wall-clock time.
    pub took: Duration,
    strikes: BTreeMap<(Kind, Standing), u64>,
    reached: BTreeMap<&'static str, u64>,
    outages: BTreeMap<(Kind, Standing), Vec<Duration>>,
    /// Seeds by what they broke.
    broken: BTreeMap<String, BTreeSet<u64>>,
    /// The first failure of each rule.
    pub failures: Vec<Failure>,
}

impl Summary {
    pub(super) fn new(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    pub(super) fn count(&mut self, examined: &Examined, again: bool) {
        self.seeds += 1;
        self.again += u64::from(again);
        self.simulated += examined.elapsed;
        self.events += examined.events;
        for strike in &examined.strikes {
            *self.strikes.entry((strike.kind, strike.standing)).or_default() += 1;
        }
        for reached in &examined.reached {
            *self.reached.entry(reached).or_default() += 1;
        }
    }

    pub(super) fn outage(&mut self, kind: Kind, standing: Standing, outage: Duration) {
        self.outages.entry((kind, standing)).or_default().push(outage);
    }

    /// Whether nothing like it was seen before.
    pub(super) fn is_new(&mut self, seed: u64, broken: &Broken) -> bool {
        let seeds = self.broken.entry(broken.family()).or_default();
        seeds.insert(seed) && seeds.len() == 1
    }

    pub(super) fn keep(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    /// Whether every rule held in every run.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty()
    }

    /// Seeds that broke a rule.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.broken.values().flatten().collect::<BTreeSet<_>>().len()
    }

    /// How fast it was: differs from run to run, so it is no part of the report.
    #[must_use]
    pub fn speed(&self) -> String {
        let millis = self.took.as_millis().max(1);
        format!(
            "{} seeds in {}.{:03} s: {} seeds and {} simulated hours per minute",
            self.seeds,
            millis / 1_000,
            millis % 1_000,
            u128::from(self.seeds) * 60_000 / millis,
            self.simulated.as_millis() * 60_000 / millis / 3_600_000,
        )
    }

    /// The report: the same bytes for the same seeds.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write_failures(&mut out);
        self.write_strikes(&mut out);
        self.write_reached(&mut out);
        self.write_outages(&mut out);
        let hours = self.simulated.as_secs() / 3_600;
        let minutes = self.simulated.as_secs() / 60 % 60;
        let _ = writeln!(
            out,
            "seeds {}..{}: {} runs, {hours} h {minutes:02} min simulated, {} events, \
             {} run twice and compared, {} failed",
            self.first,
            self.first + self.seeds,
            self.seeds,
            self.events,
            self.again,
            self.failed()
        );
        out
    }

    fn write_failures(&self, out: &mut String) {
        for failure in &self.failures {
            let family = failure.broken.family();
            let seeds = self.broken.get(&family).map(|seeds| seeds.iter()).unwrap_or_default();
            let count = seeds.len();
            let named: Vec<String> = seeds.take(NAMED).map(u64::to_string).collect();
            let more = if count > NAMED { " …" } else { "" };
            let _ = writeln!(out, "violated  {family}: {count} seeds, {}{more}", named.join(" "));
            let broken = failure.shrunk.as_ref().map_or(&failure.broken, |shrunk| &shrunk.broken);
            let _ = writeln!(out, "  {}", broken.text);
            let _ = writeln!(out, "  at {}: {}", show_duration(broken.at), broken.facts);
            let Some(shrunk) = &failure.shrunk else { continue };
            let _ = writeln!(out, "  {}:", shrunk.story());
            for line in shrunk.case.lines() {
                let _ = writeln!(out, "    {:10} {}", show_duration(line.at), line.action);
            }
            out.push('\n');
        }
    }

    fn write_strikes(&self, out: &mut String) {
        let _ = write!(out, "{:19}", "fault struck while");
        for standing in Standing::ALL {
            let _ = write!(out, "{standing:>10}");
        }
        out.push('\n');
        for kind in Kind::ALL {
            let _ = write!(out, "{kind:19}");
            for standing in Standing::ALL {
                let count = self.strikes.get(&(kind, standing)).copied().unwrap_or(0);
                let _ = write!(out, "{count:>10}");
            }
            out.push('\n');
        }
        out.push('\n');
    }

    fn write_reached(&self, out: &mut String) {
        let _ = writeln!(out, "{:40}{:>10}", "reached", "seeds");
        for name in SOMETIMES {
            let count = self.reached.get(name).copied().unwrap_or(0);
            let never = if count == 0 { "  never" } else { "" };
            let _ = writeln!(out, "{name:40}{count:>10}{never}");
        }
        out.push('\n');
    }

    fn write_outages(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "{:32}{:>8}{:>10}{:>10}{:>10}",
            "outage after one fault alone", "runs", "p50", "p99", "max"
        );
        for ((kind, standing), outages) in &self.outages {
            let mut sorted = outages.clone();
            sorted.sort_unstable();
            let at = |percent: usize| {
                let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
                let outage = sorted.get(place).copied().unwrap_or_default();
                format!("{}ms", outage.as_millis())
            };
            let (runs, p50, p99, max) = (sorted.len(), at(50), at(99), at(100));
            let name = format!("{kind}, {standing}");
            let _ = writeln!(out, "{name:32}{runs:>8}{p50:>10}{p99:>10}{max:>10}");
        }
        out.push('\n');
    }
}
