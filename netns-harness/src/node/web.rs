//! nginx, Apache and PostgreSQL as real servers, nginx as a fallback server.

mod apache;
mod nginx;
pub(super) mod postgresql;

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpgid};

use crate::clock;
use crate::plan::{Behaviour, Serve, Speech};

/// Each is ready within this time or something is wrong with it.
const READY_LIMIT: Duration = Duration::from_secs(10);

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Nginx,
    Apache,
    Postgresql,
}

impl Program {
    /// All.
    pub(super) const ALL: [Self; 3] = [Self::Nginx, Self::Apache, Self::Postgresql];

    /// The one that serves a page.
    pub(super) fn of(page: &Serve) -> Self {
        match page.speech {
            Speech::Postgresql => Self::Postgresql,
            _ if page.by_apache => Self::Apache,
            _ => Self::Nginx,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "apache2",
            Self::Postgresql => "postgres",
        }
    }

    fn pid_file(self) -> &'static str {
        match self {
            Self::Nginx => nginx::PID_FILE,
            Self::Apache => apache::PID_FILE,
            Self::Postgresql => postgresql::PID_FILE,
        }
    }

    fn command(self) -> anyhow::Result<Command> {
        match self {
            Self::Nginx => Ok(nginx::command()),
            Self::Apache => Ok(apache::command()),
            Self::Postgresql => postgresql::command(),
        }
    }

    fn configure(self, name: &str, pages: &[Serve]) -> anyhow::Result<()> {
        match self {
            Self::Nginx => nginx::configure(name, pages),
            Self::Apache => apache::configure(name, pages),
            Self::Postgresql => postgresql::configure(name, pages),
        }
    }

    /// What has it read its configuration again without closing what listens.
    fn gentle(self) -> Signal {
        match self {
            Self::Nginx | Self::Postgresql => Signal::HUP,
            Self::Apache => Signal::USR1,
        }
    }

    fn errors(self) -> String {
        let file = match self {
            Self::Nginx => nginx::ERRORS,
            Self::Apache => apache::ERRORS,
            Self::Postgresql => postgresql::ERRORS,
        };
        fs::read_to_string(file).unwrap_or_default().trim().to_owned()
    }

    /// A web server writes its pid file after it has begun to listen; the database goes on writing
    /// in it.
    fn is_ready(self) -> bool {
        let text = fs::read_to_string(self.pid_file()).unwrap_or_default();
        match self {
            Self::Nginx | Self::Apache => !text.is_empty(),
            Self::Postgresql => postgresql::is_ready(&text),
        }
    }
}

/// A running web server; dropping it kills it.
pub(super) struct Web {
    program: Program,
    name: String,
    ports: Vec<u16>,
    child: Child,
}

impl Web {
    /// Starts it and returns when it listens; `name` goes into the `X-Server` header.
    pub(super) fn start(program: Program, name: &str, pages: &[Serve]) -> anyhow::Result<Self> {
        program.configure(name, pages)?;
        // A pid file of one that was killed would look like readiness.
        let _ = fs::remove_file(program.pid_file());
        let child = program
            .command()?
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.word()))?;
        let mut web = Self { program, name: name.to_owned(), ports: ports(pages), child };
        web.wait_until_ready()?;
        Ok(web)
    }

    /// Which it is.
    pub(super) fn program(&self) -> Program {
        self.program
    }

    /// Whether a reload is enough to serve these pages.
    pub(super) fn serves_ports_of(&self, pages: &[Serve]) -> bool {
        !pages.is_empty() && self.ports == ports(pages)
    }

    /// Serves these pages from the next connection on.
    pub(super) fn reload(&mut self, pages: &[Serve]) -> anyhow::Result<()> {
        let program = self.program;
        program.configure(&self.name, pages)?;
        let pid = self.pid().with_context(|| format!("process id of {}", program.word()))?;
        kill_process(pid, program.gentle()).with_context(|| format!("reloading {}", program.word()))
    }

    /// The process, which leads the group of its workers.
    pub(super) fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let (program, deadline) = (self.program, clock::now() + READY_LIMIT);
        let word = program.word();
        while clock::now() < deadline {
            if program.is_ready() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait().context(word)? {
                bail!("{word}: {status}: {}", program.errors());
            }
            clock::sleep_until(clock::now() + Duration::from_millis(1));
        }
        bail!("{word} does not listen after {} s: {}", READY_LIMIT.as_secs(), program.errors())
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        // The workers listen too and outlive their master: the whole group goes, and the port is
        // free when the last of them is reaped. Orphans are children of the first process: this
        // one.
        let group = self.pid();
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
        while group.is_some_and(|group| waitpgid(group, WaitOptions::empty()).is_ok()) {}
    }
}

fn ports(pages: &[Serve]) -> Vec<u16> {
    pages.iter().map(|page| page.port).collect()
}

/// Writes the page of a port. A file, not a string of the configuration: nothing in it needs
/// quoting.
fn put(root: &Path, page: &Serve) -> anyhow::Result<()> {
    let body = match page.behaviour {
        Behaviour::Ok | Behaviour::Expired => &*page.body,
        _ => "another page",
    };
    fs::write(root.join(format!("body-{}", page.port)), format!("{body}\n")).context("a page")
}

/// Puts the certificate of a port in place, and names the files of it and of its key.
fn certificate(root: &str, page: &Serve) -> anyhow::Result<Option<(String, String)>> {
    let Some(identity) = &page.identity else { return Ok(None) };
    let certificate = match page.behaviour {
        Behaviour::Expired => &identity.expired,
        _ => &identity.right,
    };
    let file = |kind: &str| format!("{root}/{kind}-{}.pem", page.port);
    fs::write(file("certificate"), certificate).context("a certificate")?;
    fs::write(file("key"), &identity.key).context("a key")?;
    Ok(Some((file("certificate"), file("key"))))
}
