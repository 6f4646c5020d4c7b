//! PostgreSQL as it is configured here: a database that says who and how it is.

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::guest::DISKS;
use crate::node::account::Account;
use crate::plan::{Behaviour, Serve};
use crate::shell::ask;

/// On the node's disk: what was committed survives a power loss.
const DATA: &str = "/var/lib/lab-postgresql";
/// Written when it listens, and again when it can be asked.
pub(super) const PID_FILE: &str = "/var/lib/lab-postgresql/postmaster.pid";
/// What it complains of.
pub(super) const ERRORS: &str = "/var/log/postgresql.error";
/// Where the files of a fresh database are, made once for all nodes of a run.
const FRESH: &str = "postgresql";

/// The database that everybody asks.
pub(in crate::node) const DATABASE: &str = "postgres";
/// Whom it lets in without a password.
pub(in crate::node) const CLIENT: &str = "client";
/// Whom it asks for [`crate::database::PASSWORD`].
const CHECK: &str = "check";

/// The program in the foreground; it refuses to be root.
pub(super) fn command() -> anyhow::Result<Command> {
    let mut command = owned("postgres")?;
    command.args(["-D", DATA]);
    let errors = File::options().create(true).append(true).open(ERRORS).context(ERRORS)?;
    command.stderr(errors);
    Ok(command)
}

/// Whether the text of its pid file says that it can be asked: the last line (`miscinit.c`,
/// `AddToDataDirLockFile`).
pub(super) fn is_ready(text: &str) -> bool {
    text.lines().nth(7).is_some_and(|line| line.trim() == "ready")
}

/// Writes its configuration, and its files when there are none.
pub(super) fn configure(name: &str, pages: &[Serve]) -> anyhow::Result<()> {
    let [page] = pages else { bail!("a node serves one PostgreSQL, {name} {}", pages.len()) };
    if !Path::new(DATA).is_dir() {
        ask("cp", &["-a", &fresh()?, DATA]).context("the files of a database")?;
    }
    let body = match page.behaviour {
        Behaviour::Ok | Behaviour::Expired => &*page.body,
        _ => "another page",
    };
    // One that refuses to answer lets nobody in, and says so.
    let who = match page.behaviour {
        Behaviour::Error => "host all all all reject\n".to_owned(),
        _ => format!("host all {CHECK} all scram-sha-256\nhost all {CLIENT} all trust\n"),
    };
    put("pg_hba.conf", &who)?;
    // Nothing that wakes by itself is wanted, and nothing is to survive the machine below.
    put(
        "postgresql.conf",
        &format!(
            "listen_addresses = '*'\nport = {}\nmax_connections = 200\nshared_buffers = 1MB\n\
             unix_socket_directories = ''\ndynamic_shared_memory_type = mmap\nfsync = off\n\
             autovacuum = off\nwal_level = minimal\nmax_wal_senders = 0\n\
             max_worker_processes = 0\nmax_logical_replication_workers = 0\njit = off\n\
             bgwriter_delay = 10s\nwal_writer_delay = 10s\ncheckpoint_timeout = 1d\n\
             lab.server = {}\nlab.page = {}\n",
            page.port,
            quoted(name),
            quoted(body)
        ),
    )
}

/// As a string of its configuration.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn put(file: &str, text: &str) -> anyhow::Result<()> {
    fs::write(Path::new(DATA).join(file), text).with_context(|| format!("the database's {file}"))
}

/// Makes the files of a database with its two users, unless a node has made them already.
fn fresh() -> anyhow::Result<String> {
    let made = Path::new(DISKS).join(FRESH);
    let text = made.display().to_string();
    if made.is_dir() {
        return Ok(text);
    }
    let (new, password) = (format!("{text}.new"), format!("{text}.password"));
    let Account { user, group } = Account::of("postgres")?;
    fs::create_dir(&new).context("the files of a database")?;
    chown(&new, Some(user), Some(group)).context("the files of a database")?;
    fs::write(&password, format!("{}\n", crate::database::PASSWORD)).context("its password")?;
    let mut command = owned("initdb")?;
    command.args(["--no-sync", "--no-instructions", "--no-locale", "--encoding=UTF8"]);
    command.args(["--wal-segsize=1", "--auth=scram-sha-256", "--username", CHECK]);
    run(command.args(["--pwfile", &password, "-D", &new]).stdin(Stdio::null()))?;
    let order = format!("{text}.sql");
    fs::write(&order, format!("CREATE ROLE {CLIENT} LOGIN;\n")).context("its first order")?;
    let order = File::open(&order).context("its first order")?;
    let mut command = owned("postgres")?;
    run(command.args(["--single", "-F", "-D", &new, DATABASE]).stdin(order))?;
    fs::rename(&new, &made).context("the files of a database")?;
    Ok(text)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().context("cannot start the database's programs")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}: {}", command.get_program().display(), output.status, said.trim());
    }
    Ok(())
}

/// One of its programs, as the user that its package has made.
fn owned(program: &str) -> anyhow::Result<Command> {
    let path: PathBuf = crate::database::find(program)
        .with_context(|| format!("there is no {program} (apt-get install postgresql)"))?;
    let Account { user, group } = Account::of("postgres")?;
    let mut command = Command::new(path);
    command.uid(user).gid(group).env("TZ", "UTC").current_dir("/");
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_starts_is_not_ready() {
        let text = "7\n/data\n0\n5432\n\n*\n  1 2\nstarting\n";
        assert!(!is_ready(text));
        assert!(is_ready(&text.replace("starting", "ready   ")));
        assert!(!is_ready("7\n"));
    }

    #[test]
    fn a_page_may_have_quotes() {
        assert_eq!(quoted("it's well"), "'it''s well'");
    }
}
