//! The director under test, and what the kernel holds before and after it.

use crate::Outcome;
use e2e::processes::{run, until};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

/// Checks begin at once and need one success; the rest is the kernel's work.
const READY: Duration = Duration::from_secs(20);
/// An orderly stop takes up to 10 s and the deadtime.
const STOPPED: Duration = Duration::from_secs(30);

/// A director that runs.
pub(crate) struct Running {
    program: String,
    folder: String,
    child: Child,
}

/// Where the director of a node has its files.
fn folder(node: &str) -> String {
    format!("/run/matrix-{node}")
}

/// Puts a file beside the configuration of a node, whether its director runs or not.
pub(crate) fn put(node: &str, name: &str, text: &str) -> Outcome<()> {
    let file = Path::new(&folder(node)).join(name);
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    fs::create_dir_all(file.parent().unwrap_or(&file)).map_err(failed)?;
    fs::write(&file, text).map_err(failed)
}

/// Starts a director in the namespace `node`, as the node of that name.
pub(crate) fn start(program: &str, node: &str, configuration: &str) -> Outcome<Running> {
    let folder = folder(node);
    let failed = |error: std::io::Error| format!("{folder}: {error}");
    fs::create_dir_all(&folder).map_err(failed)?;
    let key = format!("{folder}/cluster.key");
    fs::write(&key, "the matrix has a key of its own\n").map_err(failed)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    let file = format!("{folder}/director.toml");
    fs::write(&file, configuration).map_err(failed)?;
    run(program, &["check", &file])?;
    let log = fs::File::create(format!("{folder}/log")).map_err(failed)?;
    let control = format!("{folder}/control");
    let mut command = Command::new("ip");
    command.args(["netns", "exec", node, program, "run", "--config", &file, "--node", node]);
    command.args(["--control", &control, "--log-level", "info"]);
    command.stdout(log.try_clone().map_err(failed)?).stderr(log);
    let child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
    Ok(Running { program: program.to_owned(), folder, child })
}

impl Running {
    /// Waits until every server has its weight and so many addresses are held.
    pub(crate) fn wait_until_ready(&self, services: usize, addresses: usize) -> Outcome<()> {
        until(READY, || self.holds(services, addresses))
            .map_err(|why| format!("{why}{}\n{}", self.refusals(), self.log()))
    }

    /// Whether every server of so many services has its weight, and so many addresses are held.
    pub(crate) fn holds(&self, services: usize, addresses: usize) -> Outcome<()> {
        let status = self.status()?;
        let number = status["services"].as_array().map_or(0, Vec::len);
        let servers = status["services"].as_array().into_iter().flatten();
        let servers = servers.flat_map(|it| it["servers"].as_array().into_iter().flatten());
        let waiting = servers.filter(|server| server["kernel_weight"] != server["weight"]).count();
        let held = status["groups"][0]["addresses"].as_array().into_iter().flatten();
        let held = held.filter(|address| address["held"] == true).count();
        if number == services && waiting == 0 && held == addresses {
            return Ok(());
        }
        Err(format!(
            "not ready: {number} services, {waiting} servers without weight, {held} addresses"
        ))
    }

    /// Ends it without a word.
    pub(crate) fn kill(mut self) -> Outcome<()> {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        ended.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Another configuration for the next reload.
    pub(crate) fn rewrite(&self, text: &str) -> Outcome<()> {
        let file = format!("{}/director.toml", self.folder);
        fs::write(&file, text).map_err(|error| format!("{file}: {error}"))
    }

    /// A command of the director's for the one that runs; what it says.
    pub(crate) fn order(&self, words: &[&str]) -> Outcome<String> {
        run(&self.program, &[words, &["--control", &self.control()]].concat())
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(format!("{}/log", self.folder)).unwrap_or_default()
    }

    fn control(&self) -> String {
        format!("{}/control", self.folder)
    }

    /// What `director status` says.
    pub(crate) fn status(&self) -> Outcome<Value> {
        let text = run(&self.program, &["status", "--json", "--control", &self.control()])?;
        let whole: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(whole.get("view").cloned().unwrap_or(whole))
    }

    /// What the kernel refused, for the outcome of a cell.
    pub(crate) fn refusals(&self) -> String {
        let Ok(status) = self.status() else { return String::new() };
        let refused = status["kernel"]["refused"].as_array().cloned().unwrap_or_default();
        let words = refused.iter().filter_map(Value::as_str);
        words.map(|words| format!("; the kernel refused: {words}")).collect()
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
}

/// What a director could change in its namespace.
pub(crate) struct State(Vec<(&'static str, String)>);

impl State {
    pub(crate) fn look() -> Outcome<Self> {
        let looks: [(&str, &[&str]); 4] = [
            ("table", &["ipvsadm", "-Sn"]),
            ("rules", &["nft", "list", "ruleset"]),
            ("addresses", &["ip", "-brief", "addr"]),
            (
                "settings",
                &[
                    "sh",
                    "-c",
                    "cd /proc/sys/net/ipv4 && grep -s . ip_forward vs/expire_n* \
                   vs/expire_q* vs/conn_reuse* vs/drop_entry vs/sync_* conf/*/arp_* \
                   conf/*/send_re* conf/*/rp_filter conf/*/accept_local ../ipv6/conf/all/for*",
                ],
            ),
        ];
        let look = |(what, command): (&'static str, &[&str])| {
            let words = [&["netns", "exec", "d"][..], command].concat();
            Ok((what, run("ip", &words)?))
        };
        looks.into_iter().map(look).collect::<Outcome<_>>().map(Self)
    }

    pub(crate) fn differences(&self, after: &Self) -> Vec<String> {
        let pairs = self.0.iter().zip(&after.0);
        let lines = pairs.flat_map(|((what, before), (_, after))| {
            let only = |one: &str, other: &str, sign: &str| {
                let other: Vec<&str> = other.lines().collect();
                let lines = one.lines().filter(|line| !other.contains(line));
                lines.map(|line| format!("{what}: {sign}{line}")).collect::<Vec<_>>()
            };
            [only(before, after, "-"), only(after, before, "+")].concat()
        });
        lines.collect()
    }
}
