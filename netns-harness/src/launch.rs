//! Starts a guest on an engine, bounded in wall time, and says how it ended.

mod reached;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::doctor::STOCK_KERNEL;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::guest::Outcome;
use crate::kernel;
use crate::process::{Ended, Interrupt, run_bounded};
use crate::rundir::RunDirectory;

/// The guest's memory. Pages that nobody touches cost the host nothing.
const MEMORY: &str = "mem=768M";
/// The wall clock of every simulated run at its boot: 2026-01-01T00:00:00Z.
const EPOCH: &str = "time-travel-start=1767225600000000000";
/// The search path of the guest's first process.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The run directory as the host's kernel resolves it for the guest's process. The guest's command
/// line feeds its entropy, so the real path, which is new in every run, must not stand there.
const HERE: &str = "/proc/self/cwd";

/// How time passes in simulated time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Computing takes no time, and the same seed gives the same run.
    Exact,
    /// Computing takes as long as it does on this machine; only idle time is skipped.
    Computing,
}

/// What a simulated run depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seeded {
    /// What the kernel's entropy is drawn from.
    pub(crate) seed: u64,
    /// How time passes.
    pub(crate) pace: Pace,
}

/// Boots the guest in the run directory and waits for its end.
pub(crate) fn launch(
    engine: Engine,
    seeded: Seeded,
    directory: &RunDirectory,
    limit: Duration,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let path = directory.path();
    let mut command = match engine {
        Engine::Timetravel => simulated(seeded, path)?,
        Engine::Uml => machine(Path::new(STOCK_KERNEL), &[], path),
        Engine::Netns => namespaces(path),
    };
    let console = File::create(path.join("console.txt")).context("the console's file")?;
    let errors = console.try_clone().context("the console's file")?;
    command.stdin(Stdio::piped()).stdout(console).stderr(errors);
    let ended = run_bounded(&mut command, limit, interrupt, "see director-lab doctor")?;
    let text = fs::read_to_string(path.join("outcome.json")).ok();
    match (ended, text.and_then(|text| serde_json::from_str::<Outcome>(&text).ok())) {
        (_, Some(Outcome { error: None })) => Ok(()),
        (_, Some(Outcome { error: Some(error) })) => Err(anyhow!("in the guest: {error}").into()),
        (Ended::TooLong, None) => Err(anyhow!(
            "the guest was not done after {} s of wall time and was killed; {}{}",
            limit.as_secs(),
            reached::told(path),
            tail(path)
        )
        .into()),
        (Ended::Exited(status), None) => {
            Err(anyhow!("the guest ended without an outcome, {status}{}", tail(path)).into())
        }
    }
}

fn simulated(Seeded { seed, pace }: Seeded, path: &Path) -> Result<Command, Failure> {
    // Options of user-mode Linux, `arch/um/kernel/time.c`.
    let travel = match pace {
        Pace::Exact => "time-travel=inf-cpu",
        Pace::Computing => "time-travel",
    };
    let mut command = machine(&kernel::lookup()?.kernel, &[travel, EPOCH], path);
    command.env(kernel::SEED_VARIABLE, seed.to_string());
    Ok(command)
}

fn machine(kernel: &Path, travel: &[&str], path: &Path) -> Command {
    let mut command = guarded(kernel);
    // What is in the environment would be in the guest's memory, and the same run must be the
    // same; TMPDIR is where the guest's memory file goes, which is unlinked at once.
    command.env_clear().env("HOME", path).env("TMPDIR", memory_directory());
    command.args(travel);
    command.args([
        MEMORY,
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "norandmaps",
        // Said here, or the kernel adds it at the very end, to the arguments of `init`.
        "console=tty0",
        "con0=fd:0,fd:1",
        "quiet",
        "umid=lab",
        PATH,
    ]);
    command.args(["uml_dir=./", &format!("init={HERE}/init"), "--", "guest", "--machine", HERE]);
    command.current_dir(path);
    command
}

/// A memory file system for the guest's memory, where there is one.
fn memory_directory() -> std::path::PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() }
}

/// A command that ends when this process does, however that ends.
fn guarded(program: &Path) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args(["guard", "--"]).arg(program);
    command
}

fn namespaces(path: &Path) -> Command {
    let mut command = guarded(Path::new("unshare"));
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]);
    command.args(["--mount-proc", "--"]).arg(path.join("init")).arg("guest").arg(path);
    command
}

/// What a user-mode kernel says at every boot.
const NOISE: [&str; 3] = ["configured out of UML", "setup_one_line failed", "ubd device"];

/// The last lines of the console, for a guest that could not say more.
fn tail(path: &Path) -> String {
    let bytes = fs::read(path.join("console.txt")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> =
        text.lines().filter(|line| !NOISE.iter().any(|noise| line.contains(noise))).collect();
    let last = &lines[lines.len().saturating_sub(12)..];
    if last.is_empty() {
        String::new()
    } else {
        format!("; the console said:\n  {}", last.join("\n  "))
    }
}
