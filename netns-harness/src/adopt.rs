//! A parent for the orphans of a program that runs in many processes.
//!
//! Daemons that put themselves into the background become children of the node's first process,
//! which waits for children of its own alone. A daemon that ended would stay as a zombie, and who
//! waits for its process id to be free would wait for ever. Here they are waited for.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::Context;
use rustix::process::{WaitOptions, getpid, set_child_subreaper, wait};

/// Runs the command; ends, without a status of its own, when nothing of it is left.
pub(crate) fn run(command: &[OsString]) -> anyhow::Result<u8> {
    let (program, arguments) = command.split_first().context("nothing to run")?;
    set_child_subreaper(Some(getpid())).context("adopting orphans")?;
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", program.to_string_lossy()))?;
    // Ends with ECHILD: nobody is left.
    while wait(WaitOptions::empty()).is_ok() {}
    Ok(0)
}
