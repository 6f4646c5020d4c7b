//! Asks a director and `ipvsadm` for the table at the end of a run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;

use crate::clock;
use crate::guest::RUN;
use crate::plan::Answer;
use crate::said::{DIRECTORY, Found, compare};
use crate::shell::ask_within;

/// Either program answers within this, or hangs.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often both are asked before a difference counts: between the two answers the table may have
/// changed, and the director tells what it saw when it looked last.
const TRIES: usize = 5;
/// From one try to the next.
const PAUSE: Duration = Duration::from_millis(100);

/// A command of the user's gets this long.
const COMMAND: &str = "10s";
/// More than anybody reads; the rest is cut off.
const SHOWN: usize = 1 << 20;

/// Runs a command of the user's.
pub(super) fn exec(command: &[String]) -> anyhow::Result<Answer> {
    let output = Command::new("timeout")
        .args(["--kill-after=1s", COMMAND])
        .args(command)
        .stdin(Stdio::null())
        .output()
        .context("cannot start timeout")?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
    }
    // One that was killed has no status of its own.
    let status = output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(137);
    Ok(Answer::Said { status, output: text })
}

/// Asks, and leaves both answers and what came of it in the run directory.
pub(super) fn ask(node: &str, program: Result<&str, String>) -> anyhow::Result<()> {
    let directory = Path::new(RUN).join(DIRECTORY);
    let found = match program {
        Ok(program) => repeatedly(node, program, &directory),
        Err(reason) => Found::NotAsked(reason),
    };
    let text = serde_json::to_string(&found).context("what was found")?;
    let path = directory.join(format!("{node}.found.json"));
    fs::write(&path, text + "\n").with_context(|| format!("writing {}", path.display()))
}

fn repeatedly(node: &str, program: &str, directory: &Path) -> Found {
    let mut found = once(node, program, directory);
    for _ in 1..TRIES {
        if !matches!(found, Found::Different(_)) {
            break;
        }
        clock::sleep_until(clock::now() + PAUSE);
        found = once(node, program, directory);
    }
    found
}

fn once(node: &str, program: &str, directory: &Path) -> Found {
    if !crate::doctor::in_path("ipvsadm") {
        return Found::NotAsked("there is no ipvsadm; apt-get install ipvsadm".to_owned());
    }
    let into = |end: &str| directory.join(format!("{node}.{end}"));
    let told = ask_within(program, &["status", "--json"], &into("status.json"), PATIENCE);
    let told = match told {
        Ok(told) => told,
        Err(error) => return Found::Silent(format!("{error:#}")),
    };
    match ask_within("ipvsadm", &["-Ln"], &into("ipvsadm.txt"), PATIENCE) {
        Ok(shown) => {
            compare(&told, &shown).unwrap_or_else(|error| Found::Silent(format!("{error:#}")))
        }
        Err(error) => Found::NotAsked(format!("{error:#}")),
    }
}
