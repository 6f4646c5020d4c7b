//! Asks a director and `ipvsadm` for the table at the end of a run.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use crate::clock;
use crate::guest::RUN;
use crate::said::{DIRECTORY, Found, compare};
use crate::shell::ask_within;

/// Either program answers within this, or hangs.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often both are asked before a difference counts: between the two answers the table may have
/// changed, and the director tells what it saw when it looked last.
const TRIES: usize = 5;
/// From one try to the next.
const PAUSE: Duration = Duration::from_millis(100);

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
