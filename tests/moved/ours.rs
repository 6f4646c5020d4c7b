//! The director after the import.

use crate::place::{self, FOLDER, HOST, inside};
use crate::table::{self, Table};
use e2e::processes::{Outcome, until};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

/// As long as the checks of every file need to take a server out, and for a pass.
const QUIET: Duration = Duration::from_secs(20);
const KNOWN: Duration = Duration::from_secs(60);
const STOPPED: Duration = Duration::from_secs(30);

/// What a director puts into the kernel, and how much of the file was told to be otherwise.
pub(crate) struct Ours {
    pub(crate) table: Table,
    /// The last line of what the import says: how much is left out, how much changed.
    pub(crate) told: String,
}

pub(crate) fn table(director: &str, file: &Path) -> Outcome<Ours> {
    let (configuration, key) = (format!("{FOLDER}/director.toml"), format!("{FOLDER}/cluster.key"));
    // Nothing is overwritten by an import.
    let _ = std::fs::remove_file(&configuration);
    let told = import(director, file, &configuration, &key)?;
    std::fs::write(&key, "a key of its own for every run\n")
        .and_then(|()| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)))
        .map_err(|error| format!("{key}: {error}"))?;
    inside("lb", &[director, "check", &configuration])?;
    let control = format!("{FOLDER}/control");
    let words =
        [director, "run", "--config", &configuration, "--node", HOST, "--control", &control];
    let mut daemon = place::start("lb", &words, "director.log")?;
    until(KNOWN, || known(director, &control))
        .map_err(|why| format!("{why}: {}", daemon.said()))?;
    let table = table::settled(QUIET, &mut daemon)?;
    inside("lb", &["kill", "-TERM", &daemon.child.id().to_string()])?;
    until(STOPPED, || match daemon.child.try_wait() {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(format!("the director ended with {status}: {}", daemon.said())),
        Ok(None) => Err("the director does not stop".to_owned()),
        Err(error) => Err(error.to_string()),
    })?;
    match table::look()? {
        left if left.is_empty() => Ok(Ours { table, told }),
        left => Err(format!("the director left its table when it stopped: {left:?}")),
    }
}

/// Writes the `director.toml`; an import that leaves something out has another status.
fn import(director: &str, file: &Path, configuration: &str, key: &str) -> Outcome<String> {
    let mut command = std::process::Command::new("ip");
    command.args(["netns", "exec", "lb", director, "import"]).arg(file);
    command.args(["--out", configuration, "--key-file", key, "--interface", "lan"]);
    command.args(["--config-id", HOST, "--address", &format!("{HOST}:lan=10.0.0.1")]);
    let done = command.output().map_err(|error| format!("{director}: {error}"))?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    match done.status.code() {
        Some(0 | 1) => Ok(said.lines().last().unwrap_or_default().to_owned()),
        _ => Err(format!("{}: {}: {said}", file.display(), done.status)),
    }
}

/// Whether every server is known to be up or down, and the kernel has it.
fn known(director: &str, control: &str) -> Outcome<()> {
    let text = inside("lb", &[director, "status", "--json", "--control", control])?;
    let whole: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let view = whole.get("view").unwrap_or(&whole);
    let services = view["services"].as_array().into_iter().flatten();
    let servers = services.flat_map(|it| it["servers"].as_array().into_iter().flatten());
    let unknown = servers.filter(|server| server["health"] == "unknown").count();
    if unknown == 0 && view["kernel"]["converged"] == true {
        return Ok(());
    }
    Err(format!("{unknown} servers are unknown; the kernel has refused {}", view["kernel"]))
}
