//! A process between the lab and a guest that outlives neither.
//!
//! A guest is many processes, in a group of their own. This one kills the group at the end of its
//! standard input: when the lab closes it, and also when the lab itself was killed without a chance
//! to clean up.

use std::ffi::OsString;
use std::os::fd::AsFd as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

/// Runs the command, whose exit status is returned; kills everything when the lab is gone.
pub(crate) fn run(command: &[OsString]) -> anyhow::Result<u8> {
    let (program, arguments) = command.split_first().context("nothing to guard")?;
    let mut child = Command::new(program)
        .args(arguments)
        // A pipe that nobody writes to: a console on /dev/null is always readable, and every
        // reading would be an interrupt at a moment of the host's choice.
        .stdin(Stdio::piped())
        // A user-mode kernel makes itself a group of its own; it may as well have one at once.
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", program.to_string_lossy()))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("process id")?;
    let ended = pidfd_open(pid, PidfdFlags::empty()).context("pidfd")?;
    let lab = std::io::stdin();
    loop {
        let mut fds = [
            PollFd::from_borrowed_fd(ended.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(lab.as_fd(), PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error).context("waiting for the guest"),
        }
        if !fds[0].revents().is_empty() {
            let status = child.wait().context("waiting for the guest")?;
            let signal = status.signal().and_then(|signal| u8::try_from(signal).ok());
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            return Ok(code.unwrap_or_else(|| 128_u8.saturating_add(signal.unwrap_or(0))));
        }
        if !fds[1].revents().is_empty() {
            // An error here means that the group has gone by itself.
            let _ = kill_process_group(pid, Signal::KILL);
            child.wait().context("waiting for the guest")?;
            return Ok(128);
        }
    }
}
