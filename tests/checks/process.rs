//! What a process and its children have used.

use crate::Outcome;
use std::fs;
use std::time::Duration;

/// Ticks of `/proc/PID/stat` in a second: `USER_HZ` is 100 on every architecture of Linux that the
/// director runs on.
const TICKS: u64 = 100;

/// What was used up to now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// In the program itself.
    pub(crate) user: Duration,
    /// In the kernel on its behalf.
    pub(crate) system: Duration,
    pub(crate) resident_kib: u64,
    /// The most that it was.
    pub(crate) peak_kib: u64,
}

/// Of a process and of all that came of it.
pub(crate) fn used(process: u32) -> Outcome<Used> {
    let mut sum = Used::default();
    for one in family(process)? {
        // A child may end at any moment.
        let Ok(stat) = fs::read_to_string(format!("/proc/{one}/stat")) else { continue };
        let Ok(status) = fs::read_to_string(format!("/proc/{one}/status")) else { continue };
        let fields = fields(&stat);
        let time = |place: usize| -> Duration {
            let ticks: u64 = fields.get(place).and_then(|it| it.parse().ok()).unwrap_or(0);
            Duration::from_millis(ticks * 1000 / TICKS)
        };
        // utime and stime in proc(5), counted from the state.
        sum.user += time(11);
        sum.system += time(12);
        sum.resident_kib += kib(&status, "VmRSS:");
        sum.peak_kib += kib(&status, "VmHWM:");
    }
    Ok(sum)
}

/// From the state on: the name in front may have spaces.
fn fields(stat: &str) -> Vec<&str> {
    stat.rsplit_once(") ").map_or(Vec::new(), |(_, rest)| rest.split_whitespace().collect())
}

fn kib(status: &str, key: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|it| it.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn family(process: u32) -> Outcome<Vec<u32>> {
    let entries = fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?;
    let numbers = entries.filter_map(|it| it.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let parents: Vec<(u32, u32)> = numbers
        .filter_map(|one| {
            let stat = fs::read_to_string(format!("/proc/{one}/stat")).ok()?;
            Some((one, fields(&stat).get(1)?.parse().ok()?))
        })
        .collect();
    let mut family = vec![process];
    let mut known = 0;
    while let Some(parent) = family.get(known).copied() {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(one, _)| *one));
        known += 1;
    }
    Ok(family)
}
