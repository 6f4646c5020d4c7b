//! Servers that run: started, frozen, stopped, and started again.

use crate::inetd::Inetd;
use crate::place::Place;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// For a server to stop in before it is killed.
const STOPPING: Duration = Duration::from_secs(5);

/// For all of a server to be still in after it was told to.
const FREEZING: Duration = Duration::from_secs(20);

/// A program that must end well before a server can start.
pub(crate) fn prepare(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// A running server.
pub(crate) enum Server {
    /// A process with all of its own.
    Process { child: Child, log: String },
    /// A program for each connection.
    Inetd(Inetd),
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

impl Server {
    pub(crate) fn start(mut command: Command, place: &Place) -> Self {
        let log = place.path("output");
        let output = fs::File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        // A group of its own, so that all of it can be frozen.
        let child = command.process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self::Process { child, log }
    }

    /// What it has said on its output.
    pub(crate) fn said(&self) -> String {
        match self {
            Self::Process { log, .. } => fs::read_to_string(log).unwrap_or_default(),
            Self::Inetd(_) => String::new(),
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        match self {
            Self::Process { child, .. } => child.try_wait().unwrap().is_some(),
            Self::Inetd(_) => false,
        }
    }

    pub(crate) fn freeze(&self) {
        match self {
            // One that has ended is broken elsewhere in the table.
            Self::Process { child, .. } => {
                let _gone = kill_process_group(pid(child), Signal::STOP);
                wait_until_still(child.id());
            }
            Self::Inetd(inetd) => inetd.freeze(true),
        }
    }

    pub(crate) fn thaw(&self) {
        match self {
            Self::Process { child, .. } => drop(kill_process_group(pid(child), Signal::CONT)),
            Self::Inetd(inetd) => inetd.freeze(false),
        }
    }

    /// Ends it, by force if need be.
    pub(crate) async fn stop(mut self) {
        // The other kind ends when it is dropped.
        let Self::Process { child, .. } = &self else { return };
        let _gone = kill_process(pid(child), Signal::TERM);
        let limit = Instant::now() + STOPPING;
        while !self.has_ended() && Instant::now() < limit {
            // There is no event for the end of a child that std can wait for with a limit.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The signal is on its way when `kill` returns: on a busy machine a server's threads still answer
/// until the kernel has stopped each of them.
fn wait_until_still(group: u32) {
    let limit = Instant::now() + FREEZING;
    while threads(group).iter().any(|state| !"TZX".contains(*state)) {
        assert!(Instant::now() < limit, "the group {group} of a server does not stop");
        // There is no event for it: a stop is told to the parent of each process only.
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The states of all threads of a process group (proc(5), `stat`).
fn threads(group: u32) -> Vec<char> {
    let all = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let of_group =
        all.filter(|process| state(process).is_some_and(|(_, its_group)| its_group == group));
    let tasks =
        of_group.flat_map(|process| fs::read_dir(process.join("task")).into_iter().flatten());
    tasks.flatten().filter_map(|task| state(&task.path())).map(|(state, _)| state).collect()
}

/// A thread's state and its process group; none where it is gone.
fn state(of: &Path) -> Option<(char, u32)> {
    let stat = fs::read_to_string(of.join("stat")).ok()?;
    // The name before it may hold anything, brackets too.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(1)?.parse().ok()?))
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Self::Process { child, .. } = self {
            let _gone = kill_process_group(pid(child), Signal::KILL);
            child.kill().ok();
            child.wait().unwrap();
        }
    }
}
