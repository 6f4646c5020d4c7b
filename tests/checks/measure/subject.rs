//! Who checks the servers, and what it says of them.

use crate::Outcome;
use crate::load::Load;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddrV4;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// For an orderly stop.
const STOPPING: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// The daemon's loop in this program.
    Shell,
    /// The daemon.
    Director(&'a str),
    /// The other daemon.
    Keepalived(&'a str),
}

impl Subject<'_> {
    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::Shell => "the daemon's loop, its kernel in memory",
            Self::Director(_) => "director run",
            Self::Keepalived(_) => "keepalived",
        }
    }
}

/// A server is down, it says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) at: Instant,
    pub(super) server: SocketAddrV4,
}

pub(super) struct Running {
    child: Child,
    folder: String,
    words: Receiver<Word>,
    /// Servers that are down and should not be.
    pub(super) wrong: usize,
}

/// The server of a line that says that it is down.
fn down(line: &str) -> Option<SocketAddrV4> {
    if let Some((_, rest)) = line.split_once("Removing service [") {
        let (address, rest) = rest.split_once("]:tcp:")?;
        let port = rest.split(' ').next()?;
        return format!("{address}:{port}").parse().ok();
    }
    let report = line.split_once(r#""report":{"event":"server""#)?.1;
    let server = report.split_once(r#""server":""#)?.1.split('"').next()?;
    server.parse().ok().filter(|_| report.contains(r#""state":"down""#))
}

fn listen(out: impl Read + Send + 'static, words: Sender<Word>, log: String) {
    std::thread::spawn(move || {
        let mut kept = String::new();
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some(server) = down(&line)
                && words.send(Word { at: Instant::now(), server }).is_err()
            {
                return;
            }
            if kept.len() < 1 << 16 {
                kept += &line;
                kept.push('\n');
                let _unwritten = fs::write(&log, &kept);
            }
        }
    });
}

/// The network that a director and keepalived want to have.
fn prepare() -> Outcome<()> {
    let run = |words: &[&str]| {
        let ended = Command::new("ip").args(words).output();
        ended.map_err(|error| format!("ip {}: {error}", words.join(" ")))
    };
    // It may be there already.
    run(&["link", "add", "lan", "type", "dummy"])?;
    run(&["address", "replace", "10.9.0.1/24", "dev", "lan"])?;
    run(&["link", "set", "lan", "up"])?;
    Ok(())
}

impl Running {
    pub(super) fn start(subject: Subject<'_>, load: &Load) -> Outcome<Self> {
        let folder = std::env::temp_dir().join(format!("e2e-checks-{}", std::process::id()));
        let folder = folder.to_string_lossy().into_owned();
        let said = |error: std::io::Error| format!("{folder}: {error}");
        fs::create_dir_all(&folder).map_err(said)?;
        let write = |name: &str, text: &str, mode: u32| -> Outcome<String> {
            let path = format!("{folder}/{name}");
            fs::write(&path, text).map_err(said)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(said)?;
            Ok(path)
        };
        let mut command = match subject {
            Subject::Shell => {
                write("director.toml", &load.director(), 0o644)?;
                let mut command = Command::new(std::env::current_exe().map_err(said)?);
                command.args(["daemon", &folder]);
                command
            }
            Subject::Director(program) => {
                prepare()?;
                write("cluster.key", "a key of its own\n", 0o600)?;
                let config = write("director.toml", &load.director(), 0o644)?;
                let mut command = Command::new(program);
                command.args(["run", "--node", "d", "--log-format", "json", "--config", &config]);
                command.args(["--control", &format!("{folder}/control")]);
                command
            }
            Subject::Keepalived(program) => {
                prepare()?;
                let config = write("keepalived.conf", &load.keepalived(), 0o644)?;
                let mut command = Command::new(program);
                command.args(["--dont-fork", "--log-console", "--log-detail", "--check"]);
                command.args(["--use-file", &config, "--pid", &format!("{folder}/pid")]);
                command.args(["--checkers_pid", &format!("{folder}/checkers")]);
                command
            }
        };
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let (sender, words) = channel();
        if let (Some(out), Some(errors)) = (child.stdout.take(), child.stderr.take()) {
            listen(out, sender.clone(), format!("{folder}/log"));
            listen(errors, sender, format!("{folder}/errors"));
        }
        Ok(Self { child, folder, words, wrong: 0 })
    }

    pub(super) fn number(&self) -> u32 {
        self.child.id()
    }

    /// Takes in what it says until then.
    pub(super) fn listen_until(&mut self, end: Instant, mut take: impl FnMut(Word)) -> Outcome<()> {
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.words.recv_timeout(left) {
                Ok(word) => {
                    if !Load::victims().contains(&word.server) {
                        self.wrong += 1;
                    }
                    take(word);
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return Err(self.last_words()),
            }
        }
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(self.last_words()),
        }
    }

    fn last_words(&self) -> String {
        let read = |name: &str| {
            let text = fs::read_to_string(format!("{}/{name}", self.folder)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(10)..].join("\n")
        };
        format!("it has ended:\n{}\n{}", read("log"), read("errors"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(process) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _gone = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
        let end = Instant::now() + STOPPING;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            // There is no event for the end of a child that std can wait for with a limit.
            std::thread::sleep(Duration::from_millis(50));
        }
        self.child.kill().ok();
        self.child.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::down;

    #[test]
    fn both_say_it_in_their_own_words() {
        let ours = r#"{"ts_ns":1,"message":"x","report":{"event":"server","service":"s",
            "server":"127.0.1.1:4003","state":"down","why":{}}}"#;
        let theirs = "Fri: Removing service [127.0.1.1]:tcp:4003 from VS [10.9.0.100]:tcp:10000";
        for line in [ours, theirs] {
            assert_eq!(down(line), Some("127.0.1.1:4003".parse().unwrap()), "{line}");
        }
        assert_eq!(down(&ours.replace("down", "up")), None);
        assert_eq!(down("TCP connection to [127.0.1.1]:tcp:4003 failed."), None);
    }
}
