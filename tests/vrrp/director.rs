//! The director in the namespace `d`.

use crate::cells::{Cell, Mac};
use e2e::processes::{Outcome, run, until};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command};
use std::time::Duration;

const FOLDER: &str = "/run/vrrp-d";
/// An orderly stop takes up to 10 s and the deadtime.
const STOPPED: Duration = Duration::from_secs(30);

pub(crate) struct Director {
    program: String,
    child: Child,
}

fn configuration(cell: &Cell, priority: u8) -> String {
    let [own, other] = cell.own();
    let own = match cell.address().split_once('/') {
        Some((address, _)) if cell.owner => address,
        _ => own,
    };
    let mut words =
        format!("id = 51, version = {}, interval = \"{}ms\"", cell.version, cell.interval);
    if cell.unicast {
        words.push_str(&format!(", peers = [\"{other}\"]"));
    }
    if cell.mac != Mac::Own {
        words.push_str(", virtual-mac = true");
    }
    if cell.mac == Mac::VirtualButAdverts {
        words.push_str(", advert-mac = \"interface\"");
    }
    if cell.owner {
        words.push_str(", owner = \"d\"");
    }
    if cell.password {
        words.push_str(", password = \"secret\"");
    }
    format!(
        "[cluster]\nkey-file = \"cluster.key\"\n\n\
         [nodes.d]\naddresses = {{ lan = \"{own}\" }}\npriority = {priority}\n\n\
         [groups.web]\naddresses = [\"{} on lan\"]\nvrrp = {{ {words} }}\n",
        cell.address()
    )
}

fn write(cell: &Cell, priority: u8) -> Outcome<()> {
    let file = format!("{FOLDER}/director.toml");
    fs::write(&file, configuration(cell, priority)).map_err(|error| format!("{file}: {error}"))
}

impl Director {
    pub(crate) fn start(program: &str, cell: &Cell, priority: u8) -> Outcome<Self> {
        let failed = |error: std::io::Error| format!("{FOLDER}: {error}");
        fs::create_dir_all(FOLDER).map_err(failed)?;
        let key = format!("{FOLDER}/cluster.key");
        fs::write(&key, "a key of its own\n").map_err(failed)?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        write(cell, priority)?;
        let log = fs::File::create(format!("{FOLDER}/log")).map_err(failed)?;
        let mut command = Command::new("ip");
        command.args(["netns", "exec", "d", program, "run", "--node", "d", "--log-level", "info"]);
        command.args(["--config", &format!("{FOLDER}/director.toml"), "--control", &control()]);
        command.stdout(log.try_clone().map_err(failed)?).stderr(log);
        let child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        Ok(Self { program: program.to_owned(), child })
    }

    /// Gives it another priority while it runs.
    pub(crate) fn set_priority(&self, cell: &Cell, priority: u8) -> Outcome<()> {
        write(cell, priority)?;
        run("kill", &["-HUP", &self.child.id().to_string()]).map(|_| ())
    }

    pub(crate) fn stop(mut self) -> Outcome<()> {
        run("kill", &["-TERM", &self.child.id().to_string()])?;
        until(STOPPED, || match self.child.try_wait() {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(Some(status)) => Err(format!("the director ended with {status}")),
            Ok(None) => Err("the director does not stop".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }

    pub(crate) fn kill(mut self) -> Outcome<()> {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        ended.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Takes off what one that was killed has left.
    pub(crate) fn release(program: &str) -> Outcome<()> {
        let config = format!("{FOLDER}/director.toml");
        let mut words = vec!["netns", "exec", "d", program, "release", "--node", "d"];
        let control = control();
        words.extend(["--config", &config, "--control", &control]);
        run("ip", &words).map(|_| ())
    }

    /// Its state, and the address of the router that it heard last.
    pub(crate) fn state(&self) -> Outcome<(String, String)> {
        let text = run(&self.program, &["status", "--json", "--control", &control()])?;
        let whole: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let view = whole.get("view").unwrap_or(&whole);
        let vrrp = &view["groups"][0]["vrrp"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok((text(&vrrp["state"]), text(&vrrp["active"]["address"])))
    }
}

fn control() -> String {
    format!("{FOLDER}/control")
}

/// The last lines that it said, for a story that broke.
pub(crate) fn log() -> String {
    last_lines(&format!("{FOLDER}/log"))
}

pub(crate) fn last_lines(file: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(12);
    lines.get(from..).unwrap_or_default().join("\n    ")
}
