//! Calls to the system's own programs for setting things up.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

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
