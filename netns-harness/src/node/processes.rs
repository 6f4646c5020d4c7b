//! The processes of a node that are the director's.

use std::fs;

use anyhow::Context;
use rustix::process::{Pid, Signal, getpid, kill_process};

/// A program that makes processes faster than this many looks find them is not to be stopped.
const LOOKS: usize = 20;

/// Sends the signal to every process of the node but this one and those of the spared group, until
/// a look finds none that has not got it.
pub(super) fn signal(signal: Signal, spared: Option<Pid>) -> anyhow::Result<()> {
    let mut told: Vec<Pid> = Vec::new();
    for _ in 0..LOOKS {
        let found: Vec<Pid> =
            running(spared)?.into_iter().filter(|pid| !told.contains(pid)).collect();
        if found.is_empty() {
            return Ok(());
        }
        for pid in found {
            // It may have ended since the look.
            let _ = kill_process(pid, signal);
            told.push(pid);
        }
    }
    anyhow::bail!("after {LOOKS} looks there are still new processes")
}

/// The processes of the node but this one and those of the spared group.
pub(super) fn running(spared: Option<Pid>) -> anyhow::Result<Vec<Pid>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("reading /proc")?.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        let Some(pid) = pid.filter(|pid| *pid != getpid()) else { continue };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        match state_and_group(&stat) {
            Some(('Z', _)) | None => {}
            Some((_, group)) if spared.is_some() && group == spared => {}
            Some(_) => found.push(pid),
        }
    }
    Ok(found)
}

/// From `/proc/PID/stat` (proc(5)): the name in parentheses may have blanks and parentheses.
fn state_and_group(stat: &str) -> Option<(char, Option<Pid>)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    let state = words.next()?.chars().next()?;
    Some((state, words.nth(1)?.parse().ok().and_then(Pid::from_raw)))
}

#[cfg(test)]
mod tests {
    use super::state_and_group;
    use rustix::process::Pid;

    #[test]
    fn state_and_group_stand_behind_the_name_whatever_that_is() {
        assert_eq!(state_and_group("7 (a) b) (c) S 1 5 5 0"), Some(('S', Pid::from_raw(5))));
        assert_eq!(state_and_group("7 (nginx) Z 1 0 0"), Some(('Z', None)));
        assert_eq!(state_and_group(""), None);
    }
}
