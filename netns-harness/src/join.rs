//! Puts a program into a control group before its first instruction: what it spends is counted.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

/// The same command, in that group.
pub(crate) fn first(group: &str, command: &Command) -> Command {
    let mut joined = Command::new("/proc/self/exe");
    joined.args(["join", group, "--"]).arg(command.get_program()).args(command.get_args());
    joined
}

/// Becomes the program, in that group; returns when it cannot.
pub(crate) fn run(group: &Path, command: &[OsString]) -> anyhow::Result<u8> {
    let (program, arguments) = command.split_first().context("nothing to run")?;
    let file = group.join("cgroup.procs");
    // 0 is the writing process (cgroup-v2, "Processes").
    fs::write(&file, "0").with_context(|| format!("writing {}", file.display()))?;
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("cannot start {}", program.display()))
}
