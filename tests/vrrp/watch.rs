//! Who holds the virtual address, and since when: what the kernels of both nodes tell.

use e2e::processes::{Outcome, until};
use std::fs::{self, File};
use std::process::{Child, Command};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds of a day.
const DAY: u64 = 24 * 3600 * 1000;

/// Tells of every address that comes to a node or goes.
pub(crate) struct Watch {
    file: String,
    child: Child,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Milliseconds since midnight, as the kernel's clock has it.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX) % DAY
}

impl Watch {
    pub(crate) fn open(node: &str) -> Outcome<Self> {
        let file = format!("/run/watch-{node}");
        let output = File::create(&file).map_err(|error| format!("{file}: {error}"))?;
        let mut command = Command::new("ip");
        command.env("TZ", "UTC").args(["-n", node, "-ts", "monitor", "address"]).stdout(output);
        let child = command.spawn().map_err(|error| format!("ip monitor: {error}"))?;
        Ok(Self { file, child })
    }

    /// Since when the node has held the address without interruption; `None` when it does not.
    pub(crate) fn held_since(&self, address: &str) -> Option<u64> {
        self.last_change(address).ok()
    }

    /// Since when the node has held the address, or, when it does not, since when not.
    fn last_change(&self, address: &str) -> Result<u64, u64> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let mut changed = Err(0);
        for line in text.lines().filter(|line| line.contains(&format!(" {address} "))) {
            let at = time(line).unwrap_or_default();
            let gone = line.contains("] Deleted ");
            changed = if gone { Err(at) } else { Ok(changed.unwrap_or(at)) };
        }
        changed
    }

    /// When it got the address.
    pub(crate) fn gets(&self, address: &str, longest: Duration) -> Outcome<u64> {
        until(longest, || {
            self.held_since(address).ok_or_else(|| format!("{address} never came: {}", self.file))
        })
    }

    /// Waits until it no longer has it; since when.
    pub(crate) fn loses(&self, address: &str, longest: Duration) -> Outcome<u64> {
        until(longest, || match self.last_change(address) {
            Err(gone) => Ok(gone),
            Ok(_) => Err(format!("{address} never went: {}", self.file)),
        })
    }
}

/// Milliseconds since midnight of `[2026-01-01T00:00:04.123456] …`.
fn time(line: &str) -> Option<u64> {
    let clock = line.strip_prefix('[')?.split(']').next()?.split('T').nth(1)?;
    let mut parts = clock.splitn(3, ':');
    let hours: u64 = parts.next()?.parse().ok()?;
    let minutes: u64 = parts.next()?.parse().ok()?;
    let (seconds, fraction) = parts.next()?.split_once('.')?;
    let seconds: u64 = seconds.parse().ok()?;
    let millis: u64 = fraction.get(..3)?.parse().ok()?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + millis)
}
