//! The guided tour, walked as it is written.

#![expect(clippy::unwrap_used, reason = "helpers of tests are outside `#[test]` functions")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_director-lab");
/// A status is asked for so often before what the tour shows must have come about.
const LOOKS: usize = 400;
/// From one look to the next: time is real here.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// A command of the tour, and what it is shown to print.
struct Stop {
    command: String,
    shown: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn stops() -> Vec<Stop> {
    let mut found: Vec<Stop> = Vec::new();
    let mut inside = false;
    for line in std::fs::read_to_string(root().join("docs/tour.md")).unwrap().lines() {
        match (line, line.strip_prefix("$ ")) {
            ("```console", _) => inside = true,
            ("```", _) => inside = false,
            (_, Some(command)) if inside => {
                found.push(Stop { command: command.to_owned(), shown: Vec::new() });
            }
            _ if inside => found.last_mut().unwrap().shown.push(words(line)),
            _ => {}
        }
    }
    found
}

/// Columns may be wider elsewhere.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn walk(command: &str, director: &Path, scratch: &Path) -> Output {
    let command = command.replace("target/release/director", &director.to_string_lossy());
    let command = command.replacen("director-lab", PROGRAM, 1);
    Command::new("sh")
        .args(["-c", &command])
        .current_dir(root())
        .env("TMPDIR", scratch)
        .output()
        .unwrap()
}

#[test]
fn the_tour_can_be_walked_and_leaves_nothing() {
    let doctor = Command::new(PROGRAM).arg("doctor").output().unwrap();
    let report = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let folder = std::env::var_os("DIRECTOR_BINARIES").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new(PROGRAM).parent().unwrap().to_owned());
    let director = folder.join("director");
    let uml = report.lines().any(|line| line.starts_with("uml") && line.ends_with("ready"));
    if !uml || !director.is_file() {
        eprintln!("skipped: needs the engine uml and the program director");
        return;
    }
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tour");
    let _ = std::fs::remove_dir_all(&scratch);
    std::fs::create_dir_all(&scratch).unwrap();
    let stops = stops();
    assert!(stops.len() >= 9, "the tour has {} stops", stops.len());
    let mut wrong = None;
    for Stop { command, shown } in &stops {
        let is_status = command == "director-lab status";
        let mut said = String::new();
        let walked = (0..if is_status { LOOKS } else { 1 }).any(|look| {
            if look > 0 {
                // Whoever walks the tour looks again as well.
                std::thread::sleep(PAUSE);
            }
            let output = walk(command, &director, &scratch);
            said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            let lines: Vec<String> = said.lines().map(words).collect();
            // On another machine another engine may be the best.
            let shown = shown.iter().filter(|_| is_status);
            output.status.success() && shown.into_iter().all(|line| lines.contains(line))
        });
        if !walked {
            wrong = Some(format!("{command}:\n{said}"));
            break;
        }
    }
    if let Some(wrong) = wrong {
        walk("director-lab down", &director, &scratch);
        panic!("{wrong}");
    }
    let left: Vec<_> = std::fs::read_dir(&scratch).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}
