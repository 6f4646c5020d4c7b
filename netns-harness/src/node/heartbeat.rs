//! What Heartbeat wants of its node besides its configuration, and how it is told things.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

use super::account::Account;
use crate::guest::HOST;
use crate::translate::{ConfigText, HEARTBEAT_DIRECTORY};

/// Directories of its user, `hacluster:haclient`.
const OWNED: [&str; 8] = [
    "/var/lib/heartbeat/api",
    "/var/lib/heartbeat/ccm",
    "/var/lib/heartbeat/crm",
    "/var/lib/heartbeat/cores/hacluster",
    "/run/heartbeat/ccm",
    "/run/heartbeat/crm",
    "/run/heartbeat/dopd",
    "/run/heartbeat/rsctmp",
];
/// Directories of root.
const PLAIN: [&str; 3] =
    ["/var/lib/heartbeat/cores/root", "/var/lib/heartbeat/cores/nobody", "/run/resource-agents"];

/// Makes what the package's scripts and systemd would have made.
pub(super) fn prepare() -> anyhow::Result<()> {
    let Account { user, group } = Account::of("hacluster")?;
    for path in OWNED.into_iter().chain(PLAIN) {
        fs::create_dir_all(path).with_context(|| format!("making {path}"))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    for path in OWNED.into_iter().chain(["/var/lib/heartbeat", "/run/heartbeat"]) {
        chown(path, Some(user), Some(group)).with_context(|| format!("giving away {path}"))?;
    }
    let directory = Path::new(HEARTBEAT_DIRECTORY);
    for entry in fs::read_dir(Path::new(HOST).join("etc/ha.d")).context("Heartbeat's scripts")? {
        let entry = entry.context("Heartbeat's scripts")?;
        let place = directory.join(entry.file_name());
        if fs::symlink_metadata(&place).is_err() {
            symlink(entry.path(), place).context("Heartbeat's scripts")?;
        }
    }
    Ok(())
}

/// The daemon, with somebody who waits for the processes that it leaves behind.
pub(super) fn command(program: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args(["adopt", "--", program]);
    command
}

/// Asks the daemon to give everything up and to end.
pub(super) fn stop(program: &str) -> anyhow::Result<()> {
    aside(program, &["-k"])
}

/// Has both read what changed.
pub(super) fn reload(program: &str, changed: &[&ConfigText]) -> anyhow::Result<()> {
    let names = changed.iter().filter_map(|file| Path::new(&file.path).file_name()?.to_str());
    let (services, others): (Vec<&str>, Vec<&str>) =
        names.partition(|name| name.starts_with("ldirectord-"));
    for name in services {
        aside("ldirectord", &[name, "reload"])?;
    }
    if others.is_empty() { Ok(()) } else { aside(program, &["-r"]) }
}

/// Starts a command and lets it go its way.
fn aside(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    command(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map(drop)
        .with_context(|| format!("cannot start {program}"))
}
