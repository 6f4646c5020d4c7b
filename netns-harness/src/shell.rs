//! Calls to the system's own programs for setting things up.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::process::timespec;

/// Runs a program, feeds it the text, and fails with what it said on its standard error.
pub(crate) fn feed(program: &str, arguments: &[&str], input: &str) -> anyhow::Result<()> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends early has said why on its standard error.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().with_context(|| format!("waiting for {program}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {}: {}\nof:\n{input}", arguments.join(" "), said.trim());
    }
    Ok(())
}

/// Runs a program and returns what it prints.
pub(crate) fn ask(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {}: {}", arguments.join(" "), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Writes a sysctl of this network namespace.
pub(crate) fn sysctl(path: &str, value: &str) -> anyhow::Result<()> {
    let file = format!("/proc/sys/net/{path}");
    std::fs::write(&file, value).with_context(|| format!("cannot write {value} to {file}"))
}

/// Runs a program for at most this long; what it prints goes to the file and is returned.
pub(crate) fn ask_within(
    program: &str,
    arguments: &[&str],
    file: &Path,
    limit: Duration,
) -> anyhow::Result<String> {
    let output = File::create(file).with_context(|| format!("writing {}", file.display()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let words = format!("{program} {}", arguments.join(" "));
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("process id")?;
    let ended = pidfd_open(pid, PidfdFlags::empty()).context("pidfd")?;
    let mut fds = [PollFd::from_borrowed_fd(ended.as_fd(), PollFlags::IN)];
    if !matches!(poll(&mut fds, Some(&timespec(limit))), Ok(1)) {
        // It may have ended in this very moment.
        let _ = child.kill();
        child.wait().with_context(|| words.clone())?;
        bail!("{words}: no answer within {} s", limit.as_secs());
    }
    let said = child.wait_with_output().with_context(|| words.clone())?;
    if !said.status.success() {
        let complaint = String::from_utf8_lossy(&said.stderr);
        bail!("{words}: {}: {}", said.status, complaint.trim());
    }
    std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}
