//! The two namespaces: `lb` with the program under test, `farm` with all real servers.

use e2e::processes::{Outcome, run};
use std::path::Path;
use std::process::{Child, Command};

/// The folder of everything that is written.
pub(crate) const FOLDER: &str = "/run/moved";
/// The root that certificates of the farm are below.
pub(crate) const ROOTS: &str = "/run/moved/roots.pem";
/// The name of the machine, by which files choose what is for them.
pub(crate) const HOST: &str = "lb";

/// What `ip` is told, one command a line; `NODE:` stands for "in this namespace".
const TOPOLOGY: &str = "
netns add lb
netns add farm
link add lan netns lb type veth peer name lan netns farm
lb: link set lo up
farm: link set lo up
lb: link set lan up
farm: link set lan up
lb: addr add 10.0.0.1/24 dev lan
lb: -6 addr add fd00:a::1/64 dev lan nodad
farm: addr add 10.0.0.254/24 dev lan
lb: route add default via 10.0.0.254
";

/// Last parts of the real servers' addresses: these answer.
pub(crate) const WELL: std::ops::RangeInclusive<u8> = 21..=29;
/// These are there, and answer nothing but a page that says that they are ill.
pub(crate) const ILL: std::ops::RangeInclusive<u8> = 31..=39;

pub(crate) fn build() -> Outcome<()> {
    std::fs::create_dir_all(FOLDER).map_err(|error| format!("{FOLDER}: {error}"))?;
    run("hostname", &[HOST])?;
    for line in TOPOLOGY.lines().filter(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some((node, words)) => ip(&format!("-n {node} {words}"))?,
            None => ip(line)?,
        }
    }
    for last in WELL.chain(ILL) {
        ip(&format!("-n farm addr add 10.0.0.{last}/24 dev lan"))?;
        ip(&format!("-n farm -6 addr add fd00:a::{last}/64 dev lan nodad"))?;
    }
    // A check that pings is one of a user without privileges.
    inside("lb", &["sh", "-c", "echo 0 65535 >/proc/sys/net/ipv4/ping_group_range"])?;
    Ok(())
}

fn ip(words: &str) -> Outcome<()> {
    run("ip", &words.split_whitespace().collect::<Vec<_>>()).map(|_| ())
}

/// Runs a program in a namespace to its end.
pub(crate) fn inside(node: &str, words: &[&str]) -> Outcome<String> {
    run("ip", &[&["netns", "exec", node], words].concat())
}

/// A program in a namespace, which writes what it says into a file.
pub(crate) fn start(node: &str, words: &[&str], log: &str) -> Outcome<Daemon> {
    let failed = |error: std::io::Error| format!("{}: {error}", words.join(" "));
    let out = std::fs::File::create(Path::new(FOLDER).join(log)).map_err(failed)?;
    let mut command = Command::new("ip");
    command.args(["netns", "exec", node]).args(words).env("SSL_CERT_FILE", ROOTS);
    command.stdout(out.try_clone().map_err(failed)?).stderr(out);
    let child = command.spawn().map_err(failed)?;
    Ok(Daemon { child, log: format!("{FOLDER}/{log}") })
}

/// A program that runs; it is killed when nobody wants it any more.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    log: String,
}

impl Daemon {
    /// The last lines that it said.
    pub(crate) fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n    ")
    }

    /// Why it has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(format!("ended with {status}: {}", self.said()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
