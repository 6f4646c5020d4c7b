//! nginx as a real server or as a fallback server.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpgid};

use crate::clock;
use crate::plan::{Behaviour, Serve};

const DIRECTORY: &str = "/run/lab-web";
const PID_FILE: &str = "/run/lab-web/pid";
/// nginx is ready within this time or something is wrong with it.
const READY_LIMIT: Duration = Duration::from_secs(10);

/// A running nginx; dropping it kills it.
pub(super) struct Web {
    name: String,
    ports: Vec<u16>,
    child: Child,
}

impl Web {
    /// Starts nginx and returns when it listens; `name` goes into the `X-Server` header.
    pub(super) fn start(name: &str, pages: &[Serve]) -> anyhow::Result<Self> {
        configure(name, pages)?;
        // A pid file of one that was killed would look like readiness.
        let _ = fs::remove_file(PID_FILE);
        let child = Command::new("nginx")
            .process_group(0)
            .args(["-p", DIRECTORY, "-e", "/var/log/nginx.error", "-c"])
            .arg(Path::new(DIRECTORY).join("nginx.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start nginx")?;
        let mut web = Self { name: name.to_owned(), ports: ports(pages), child };
        web.wait_until_ready()?;
        Ok(web)
    }

    /// Whether a reload is enough to serve these pages.
    pub(super) fn serves_ports_of(&self, pages: &[Serve]) -> bool {
        !pages.is_empty() && self.ports == ports(pages)
    }

    /// Serves these pages from the next connection on.
    pub(super) fn reload(&mut self, pages: &[Serve]) -> anyhow::Result<()> {
        configure(&self.name, pages)?;
        let pid = self.pid().context("process id of nginx")?;
        kill_process(pid, Signal::HUP).context("reloading nginx")
    }

    /// The process, which leads the group of its workers.
    pub(super) fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// nginx writes its pid file after it has begun to listen.
    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let deadline = clock::now() + READY_LIMIT;
        while clock::now() < deadline {
            if fs::metadata(PID_FILE).is_ok_and(|file| file.len() > 0) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait().context("nginx")? {
                bail!("nginx: {status}: {}", errors());
            }
            clock::sleep_until(clock::now() + Duration::from_millis(1));
        }
        bail!("nginx does not listen after {} s: {}", READY_LIMIT.as_secs(), errors())
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

fn errors() -> String {
    fs::read_to_string("/var/log/nginx.error").unwrap_or_default().trim().to_owned()
}

fn ports(pages: &[Serve]) -> Vec<u16> {
    pages.iter().map(|page| page.port).collect()
}

fn configure(name: &str, pages: &[Serve]) -> anyhow::Result<()> {
    let root = Path::new(DIRECTORY);
    fs::create_dir_all(root).context("nginx's directory")?;
    let mut text = String::from(
        "user root;\ndaemon off;\nworker_processes 1;\npid /run/lab-web/pid;\n\
         events { worker_connections 4096; }\n\
         http {\n  access_log off;\n  default_type text/plain;\n  server_tokens off;\n",
    );
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "  {kind}_temp_path /run/lab-web/{kind};")?;
    }
    for page in pages {
        let port = page.port;
        let body = match page.behaviour {
            Behaviour::Ok => page.body.clone(),
            _ => "another page".to_owned(),
        };
        // A file, not a string of the configuration: nothing in it needs quoting.
        fs::write(root.join(format!("body-{port}")), format!("{body}\n")).context("a page")?;
        let answer = match page.behaviour {
            Behaviour::Error => "return 503;".to_owned(),
            _ => format!("root {DIRECTORY}; try_files /body-{port} =404;"),
        };
        writeln!(
            text,
            "  server {{\n    listen [::]:{port} ipv6only=off backlog=4096;\n    \
             location / {{ add_header X-Server {name} always; {answer} }}\n  }}"
        )?;
    }
    text.push_str("}\n");
    fs::write(root.join("nginx.conf"), text).context("nginx's configuration")
}
