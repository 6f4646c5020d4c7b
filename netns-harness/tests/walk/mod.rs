//! Walks through a page of the documentation: types its commands, and looks for what it shows.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_director-lab");
/// What the page shows must have come about after so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// From one look to the next: time is real here.
const PAUSE: Duration = Duration::from_millis(100);
/// Stands for anything in a line that a page shows.
const ANYTHING: char = '…';

/// A command of a page, and what it is shown to print.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The node on which it is typed; on the laptop when there is none.
    pub(crate) node: Option<String>,
    pub(crate) command: String,
    pub(crate) shown: Vec<String>,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands in the blocks `console` of a page.
pub(crate) fn stops(page: &str) -> Vec<Stop> {
    let mut found: Vec<Stop> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match (line, prompt(line)) {
            ("```console", _) => inside = true,
            ("```", _) => inside = false,
            (_, Some((node, command))) if inside => {
                found.push(Stop { node, command: command.to_owned(), shown: Vec::new() });
            }
            _ if inside => found.last_mut().expect("a command first").shown.push(words(line)),
            _ => {}
        }
    }
    found
}

/// `$ director-lab status`, `d1# director status`.
fn prompt(line: &str) -> Option<(Option<String>, &str)> {
    if let Some(command) = line.strip_prefix("$ ") {
        return Some((None, command));
    }
    let (node, command) = line.split_once("# ")?;
    let is_name = node.chars().all(|letter| letter.is_ascii_alphanumeric());
    (is_name && !node.is_empty()).then(|| (Some(node.to_owned()), command))
}

/// Columns may be wider elsewhere.
pub(crate) fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line was printed as it is shown.
pub(crate) fn is_shown(shown: &str, printed: &str) -> bool {
    let mut pieces = shown.split(ANYTHING).map(str::trim);
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let mut last = first;
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
        last = piece;
    }
    rest.is_empty() || (shown.contains(ANYTHING) && last.is_empty())
}

/// What this machine walks with, or nothing when it cannot.
pub(crate) struct Walker {
    director: PathBuf,
    scratch: PathBuf,
}

impl Walker {
    /// Of a page; its name keeps the playgrounds of several apart.
    pub(crate) fn of(page: &str) -> Option<Self> {
        let doctor = Command::new(PROGRAM).arg("doctor").output().expect("director-lab doctor");
        let report = String::from_utf8_lossy(&doctor.stdout).into_owned();
        let folder = std::env::var_os("DIRECTOR_BINARIES").map(PathBuf::from);
        let folder = folder.or_else(|| Path::new(PROGRAM).parent().map(Path::to_owned))?;
        let director = folder.join("director");
        let uml = report.lines().any(|line| line.starts_with("uml") && line.ends_with("ready"));
        if !uml || !director.is_file() {
            eprintln!("skipped: needs the engine uml and the program director");
            return None;
        }
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(page);
        let _ = std::fs::remove_dir_all(&scratch);
        std::fs::create_dir_all(&scratch).expect("a folder of the test");
        Some(Self { director, scratch })
    }

    fn once(&self, stop: &Stop) -> Output {
        let director = self.director.to_string_lossy();
        let line = match &stop.node {
            None => stop.command.replace("target/release/director", &director),
            Some(node) => {
                let folder = self.director.parent().unwrap_or(Path::new("/")).to_string_lossy();
                let typed = stop.command.replace('\'', r"'\''");
                format!("director-lab exec {node} env PATH={folder}:$PATH sh -c '{typed}'")
            }
        };
        Command::new("sh")
            .args(["-c", &line.replacen("director-lab", PROGRAM, 1)])
            .current_dir(root())
            .env("TMPDIR", &self.scratch)
            .output()
            .expect("a shell")
    }

    /// Types the command, until it has printed what is `shown`; what it said instead if it has not.
    pub(crate) fn walk(&self, stop: &Stop, shown: &[String]) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let output = self.once(stop);
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            let lines: Vec<String> = said.lines().map(words).collect();
            let is_printed = |shown: &String| lines.iter().any(|line| is_shown(shown, line));
            if output.status.success() && shown.iter().all(is_printed) {
                return Ok(());
            }
            // A command that shows nothing is typed once: it may do something. The doctor looks,
            // and on a machine that runs late an address may just have moved.
            let once = shown.is_empty() && !stop.command.contains(" doctor ");
            if once || Instant::now() > end {
                return Err(format!("{stop:?}:\n{said}"));
            }
            // Whoever walks looks again as well.
            std::thread::sleep(PAUSE);
        }
    }

    /// Types all of them; at the end nothing may be left.
    pub(crate) fn walk_all(&self, stops: &[Stop], shown: impl Fn(&Stop) -> Vec<String>) {
        for stop in stops {
            if let Err(wrong) = self.walk(stop, &shown(stop)) {
                let command = "director-lab down".to_owned();
                self.once(&Stop { node: None, command, shown: Vec::new() });
                panic!("{wrong}");
            }
        }
        let left = std::fs::read_dir(&self.scratch).expect("the folder of the test");
        let left: Vec<_> = left.flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
