//! Child processes that are bounded in wall time and never outlive this one by accident.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::failure::Failure;

/// Turns SIGINT and SIGTERM into a readable descriptor, so that waiting code can clean up.
pub(crate) struct Interrupt {
    read: UnixStream,
}

impl Interrupt {
    /// Takes over both signals for the rest of the process.
    pub(crate) fn install() -> Result<Self, Failure> {
        let (read, write) = UnixStream::pair().context("socket pair for signals")?;
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            let write = write.try_clone().context("socket pair for signals")?;
            signal_hook::low_level::pipe::register(signal, write).context("signal handler")?;
        }
        Ok(Self { read })
    }

    /// Lets so much time pass; true when the user has interrupted.
    pub(crate) fn pause(&self, time: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::from_borrowed_fd(self.read.as_fd(), PollFlags::IN)];
        match poll(&mut fds, Some(&timespec(time))) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

/// How a bounded child ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// It was still running after its wall time and was killed with its whole group.
    TooLong,
}

/// Runs a command in a process group of its own and waits for it, for at most `limit`.
///
/// When the time is over or the user interrupts, the whole group is killed and reaped.
/// `missing` says how to cure a program that is not installed.
pub(crate) fn run_bounded(
    command: &mut Command,
    limit: Duration,
    interrupt: &Interrupt,
    missing: &str,
) -> Result<Ended, Failure> {
    command.process_group(0);
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::Unable(format!("{program}: not found; {missing}")),
        _ => Failure::Broken(anyhow::Error::new(error).context(format!("cannot start {program}"))),
    })?;
    let mut group = Group::new(child)?;
    match group.wait(limit, interrupt).with_context(|| format!("waiting for {program}"))? {
        Waited::Exited => Ok(Ended::Exited(group.reap()?)),
        Waited::TooLong => Ok(Ended::TooLong),
        Waited::Interrupted => Err(Failure::Interrupted),
    }
}

/// A guard needs no longer than this to end what it guards.
const GUARD_LIMIT: Duration = Duration::from_secs(10);

enum Waited {
    Exited,
    TooLong,
    Interrupted,
}

/// A child that leads its process group; dropping it kills the group.
struct Group {
    child: Child,
    pid: Pid,
    pidfd: OwnedFd,
    reaped: bool,
}

impl Group {
    fn new(child: Child) -> Result<Self, Failure> {
        let raw = i32::try_from(child.id()).context("process id")?;
        let pid = Pid::from_raw(raw).context("process id 0")?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).context("pidfd of a child")?;
        Ok(Self { child, pid, pidfd, reaped: false })
    }

    fn wait(&self, limit: Duration, interrupt: &Interrupt) -> io::Result<Waited> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Waited::TooLong);
            }
            let mut fds = [
                PollFd::from_borrowed_fd(self.pidfd.as_fd(), PollFlags::IN),
                PollFd::from_borrowed_fd(interrupt.read.as_fd(), PollFlags::IN),
            ];
            match poll(&mut fds, Some(&timespec(left))) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if !fds[1].revents().is_empty() {
                return Ok(Waited::Interrupted);
            }
            if !fds[0].revents().is_empty() {
                return Ok(Waited::Exited);
            }
        }
    }

    /// Closes a guard's standard input, upon which it ends what it guards, and gives it some time.
    fn ask_to_end(&mut self) {
        if self.reaped || self.child.stdin.take().is_none() {
            return;
        }
        let mut fds = [PollFd::from_borrowed_fd(self.pidfd.as_fd(), PollFlags::IN)];
        let _ = poll(&mut fds, Some(&timespec(GUARD_LIMIT)));
    }

    fn reap(&mut self) -> Result<ExitStatus, Failure> {
        let status = self.child.wait().context("waiting for a child")?;
        self.reaped = true;
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.ask_to_end();
        // Members of the group may live on after its leader; an empty group is no error here.
        let _ = kill_process_group(self.pid, Signal::KILL);
        if !self.reaped {
            let _ = self.child.wait();
        }
    }
}

/// A duration as the kernel takes it; what does not fit is as long as can be.
pub(crate) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
