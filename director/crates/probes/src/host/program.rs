//! Programs on the director: no shell, an unprivileged user, an own process group that is killed
//! with all that is in it when the program ends or its time is up.

use super::{aside, watched};
use crate::network::Ended;
use director_core::config::dialogue::Program;
use nix::unistd::{User, geteuid};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

/// What a program finds as its `PATH`; of the director's own environment it gets nothing, for that
/// may have secrets in it.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs the program to its end.
pub(super) async fn run(program: Program, arguments: Vec<String>) -> io::Result<Ended> {
    let running = aside(move || start(&program, &arguments)).await?;
    running.end().await
}

fn start(program: &Program, arguments: &[String]) -> io::Result<Running> {
    let (path, own) = program.command.split_first().ok_or_else(|| failed("no program"))?;
    let user = User::from_name(&program.user)?
        .ok_or_else(|| failed(format!("this host has no user {}", program.user)))?;
    let mut command = Command::new(path);
    command.args(own).args(arguments).env_clear().env("PATH", PATH).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    if geteuid() != user.uid {
        // Also leaves all groups of the director.
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    let child = command.spawn().map_err(|error| failed(format!("{path}: {error}")))?;
    Ok(Running(Some(child)))
}

fn failed(what: impl ToString) -> io::Error {
    io::Error::other(what.to_string())
}

/// A program whose group does not outlive this.
struct Running(Option<Child>);

/// The number of a child that has not been waited for, so that no other process has it.
fn number(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

fn kill_group(child: &Child) {
    if let Some(pid) = number(child) {
        // There may be nobody left in it.
        let _gone = kill_process_group(pid, Signal::KILL);
    }
}

impl Running {
    async fn end(mut self) -> io::Result<Ended> {
        let pid = self.0.as_ref().and_then(number);
        let pid = pid.ok_or_else(|| failed("a process without a number"))?;
        let over = watched(pidfd_open(pid, PidfdFlags::empty())?)?;
        let _ready = over.readable().await?;
        let mut child = self.0.take().ok_or_else(|| failed("it was waited for already"))?;
        kill_group(&child);
        let status = child.wait()?;
        match (status.code(), status.signal()) {
            (Some(code), _) => Ok(Ended::Status(code)),
            (None, Some(signal)) => Ok(Ended::Signal(signal)),
            (None, None) => Err(failed("it ended without status and signal")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        kill_group(&child);
        // A process that hangs in the kernel dies when that lets it: nobody else waits so long.
        std::thread::spawn(move || child.wait());
    }
}
