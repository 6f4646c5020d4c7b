//! The programs that a file was written for.

use crate::place::{self, Daemon, FOLDER, HOST};
use crate::table::{self, Table};
use e2e::processes::{Outcome, until};
use std::path::Path;
use std::time::Duration;

/// Longer than an interval with its retries and timeouts, in every file that is played.
const QUIET: Duration = Duration::from_secs(20);
const STOPPED: Duration = Duration::from_secs(20);

/// The table that a file's own program puts into the kernel.
pub(crate) fn table(file: &Path) -> Outcome<Table> {
    let name = file.display().to_string();
    let is_keepalived = file.extension().is_some_and(|it| it == "conf");
    let mut daemon = if is_keepalived { keepalived(&name) } else { ldirectord(&name) }?;
    let table = table::settled(QUIET, &mut daemon);
    stop(daemon)?;
    table::empty()?;
    table
}

fn keepalived(file: &str) -> Outcome<Daemon> {
    let pid = |name: &str| format!("{FOLDER}/{name}.pid");
    let (first, checker, vrrp) = (pid("keepalived"), pid("checker"), pid("vrrp"));
    let words = [
        &["keepalived", "--dont-fork", "--log-console", "--no-syslog", "--log-detail"][..],
        &["-f", file, "-i", HOST, "-p", &first, "-c", &checker, "-r", &vrrp],
    ];
    place::start("lb", &words.concat(), "keepalived.log")
}

fn ldirectord(file: &str) -> Outcome<Daemon> {
    place::start("lb", &["ldirectord", "-d", file, "start"], "ldirectord.log")
}

fn stop(mut daemon: Daemon) -> Outcome<()> {
    if let Ok(Some(status)) = daemon.child.try_wait() {
        return Err(format!("it had ended by itself, {status}: {}", daemon.said()));
    }
    e2e::processes::run("kill", &["-TERM", &daemon.child.id().to_string()])?;
    until(STOPPED, || match daemon.child.try_wait() {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(format!("it does not stop: {}", daemon.said())),
        Err(error) => Err(error.to_string()),
    })
}
