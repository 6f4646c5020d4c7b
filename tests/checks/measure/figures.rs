//! What came of a run.

use crate::load::Load;
use std::fmt;
use std::time::Duration;

const MEBIBYTE_KIB: f64 = 1024.0;
/// The goals for the largest run.
const CORES: f64 = 1.0;
const MEBIBYTES: f64 = 200.0;
/// Of an interval.
const LATE: f64 = 0.05;
/// Checks that must have been made, of those that had to be: the ends of a run are not whole
/// intervals.
const MADE: f64 = 0.97;

pub(crate) struct Figures {
    pub(super) title: &'static str,
    pub(super) load: Load,
    pub(super) took: Duration,
    pub(super) user: Duration,
    pub(super) system: Duration,
    pub(super) resident_kib: u64,
    pub(super) peak_kib: u64,
    /// Until every server had been asked.
    pub(super) beginning: Duration,
    /// Those that were made while it was measured, without the victims'.
    pub(super) checks: u64,
    /// Half of them were not later than this, 99 of 100, all.
    pub(super) lateness: [Duration; 3],
    /// After which time each victim was known to be down.
    pub(super) found: Vec<Option<Duration>>,
    /// Servers that were said to be down and were not.
    pub(super) wrong: usize,
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn float(number: u64) -> f64 {
    number as f64
}

impl Figures {
    fn cores(&self) -> f64 {
        (self.user + self.system).as_secs_f64() / self.took.as_secs_f64()
    }

    fn mebibytes(&self) -> f64 {
        float(self.resident_kib) / MEBIBYTE_KIB
    }

    /// Processor time of one check.
    fn each(&self) -> f64 {
        (self.user + self.system).as_secs_f64() * 1e6 / float(self.checks.max(1))
    }

    /// As a share of the interval.
    fn late(&self) -> [f64; 3] {
        self.lateness.map(|it| it.as_secs_f64() / self.load.interval.as_secs_f64())
    }

    fn made(&self) -> f64 {
        let expected =
            f64::from(self.load.all()) * self.took.as_secs_f64() / self.load.interval.as_secs_f64();
        float(self.checks) / expected
    }

    fn slowest(&self) -> Option<Duration> {
        self.found.iter().copied().collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Every check was made, nobody was wrongly down, and who failed was found in time.
    pub(crate) fn is_sound(&self) -> bool {
        let in_time = self.slowest().is_some_and(|it| it <= self.load.bound());
        in_time && self.wrong == 0 && self.made() >= MADE
    }

    pub(crate) fn meets_goals(&self) -> bool {
        self.cores() <= CORES && self.mebibytes() <= MEBIBYTES && self.late()[1] < LATE
    }

    /// Theirs by ours.
    pub(crate) fn ratios(ours: &Self, theirs: &Self) -> String {
        format!(
            "keepalived by director: processor time of a check {:.2}, memory {:.2}, \
             lateness of 99 of 100 {:.2}",
            theirs.each() / ours.each(),
            theirs.mebibytes() / ours.mebibytes(),
            theirs.lateness[1].as_secs_f64() / ours.lateness[1].as_secs_f64(),
        )
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load { tcp, http, interval } = &self.load;
        let seconds = self.took.as_secs_f64();
        let [half, most, last] = self.late().map(|it| it * 100.0);
        let share = |it: Duration| it.as_secs_f64() / seconds;
        writeln!(f, "{}: {tcp} TCP and {http} HTTP checks every {interval:?}", self.title)?;
        writeln!(
            f,
            "  measured          {seconds:.0} s, {} checks, {:.1} % of those due",
            self.checks,
            self.made() * 100.0
        )?;
        writeln!(f, "  all asked after   {:.1} s", self.beginning.as_secs_f64())?;
        writeln!(
            f,
            "  processor cores   {:.3} (program {:.3}, kernel {:.3}); {:.1} µs a check",
            self.cores(),
            share(self.user),
            share(self.system),
            self.each()
        )?;
        writeln!(
            f,
            "  memory            {:.1} MiB, at most {:.1}; {:.2} KiB a server",
            self.mebibytes(),
            float(self.peak_kib) / MEBIBYTE_KIB,
            float(self.resident_kib) / f64::from(self.load.all())
        )?;
        writeln!(
            f,
            "  lateness          half {half:.3} %, 99 of 100 {most:.3} %, all {last:.2} % \
            of the interval"
        )?;
        let found: Vec<String> = self
            .found
            .iter()
            .map(|it| it.map_or("never".into(), |it| format!("{:.2}", it.as_secs_f64())))
            .collect();
        writeln!(
            f,
            "  failures found    after {} s; bound {:.2} s",
            found.join(", "),
            self.load.bound().as_secs_f64()
        )?;
        write!(f, "  wrongly down      {}", self.wrong)
    }
}
