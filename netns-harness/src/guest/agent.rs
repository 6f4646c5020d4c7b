//! The first process of a node, seen from the guest.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};
use rustix::thread::UnshareFlags;

use super::RUN;
use crate::plan::{Answer, Order};

/// A node with power. Dropping it is the loss of power: its first process is killed, and with it
/// the kernel kills every process of the node.
pub(super) struct Agent {
    name: String,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Agent {
    /// Makes the node's namespaces and starts this program as the first process inside.
    pub(super) fn spawn(name: &str) -> anyhow::Result<Self> {
        let path = Path::new(RUN).join("stderr").join(name);
        let errors = File::options().create(true).append(true).open(path)?;
        // Namespaces belong to the thread that made them; the child inherits them from it.
        let spawned = std::thread::scope(|scope| scope.spawn(|| spawn_inside(errors)).join());
        let Ok(child) = spawned else { bail!("starting node {name}: the thread panicked") };
        let mut child = child.with_context(|| format!("starting node {name}"))?;
        let orders = child.stdin.take().context("standard input of a node")?;
        let answers = BufReader::new(child.stdout.take().context("standard output of a node")?);
        Ok(Self { name: name.to_owned(), child, orders, answers })
    }

    /// The process, for moving interfaces into its namespace.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Has the node do something and waits until it is done.
    pub(super) fn order(&mut self, order: &Order) -> anyhow::Result<()> {
        self.ask(order).map(drop)
    }

    /// The same, with what the node answers.
    pub(super) fn ask(&mut self, order: &Order) -> anyhow::Result<Answer> {
        let name = &self.name;
        let text = serde_json::to_string(order)?;
        self.orders
            .write_all(format!("{text}\n").as_bytes())
            .with_context(|| format!("node {name} does not listen"))?;
        let mut line = String::new();
        self.answers.read_line(&mut line).with_context(|| format!("node {name}"))?;
        match serde_json::from_str(&line) {
            Ok(Answer::Failed(why)) => bail!("node {name}: {why}"),
            Ok(answer) => Ok(answer),
            Err(_) => bail!("node {name} ended; see stderr/{name} in the run directory"),
        }
    }
}

fn spawn_inside(errors: File) -> anyhow::Result<Child> {
    let flags = UnshareFlags::NEWNS
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWPID;
    #[expect(unsafe_code, reason = "rustix marks every unshare as unsafe because of CLONE_FILES")]
    // SAFETY: CLONE_FILES is not among the flags, so no file descriptor changes under anybody.
    unsafe { rustix::thread::unshare_unsafe(flags) }.context("making namespaces")?;
    Command::new("/proc/self/exe")
        .arg("node")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .context("starting the first process")
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Both fail only when the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
