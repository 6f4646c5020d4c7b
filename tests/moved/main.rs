//! `e2e-moved`: what the real keepalived and ldirectord put into a kernel, and what a director puts
//! there after the import of the same file.
//!
//! `e2e-moved play DIRECTOR FILE…` makes two network namespaces: `lb`, and `farm` with real servers
//! that answer, and some that do not. Each `*.conf` is played by Debian's keepalived, each `*.cf`
//! by its ldirectord, in `lb`: until the table has stayed as it is for as long as their checks
//! could change it. Then `director import` reads the same file, `director run` its result, and the
//! two tables must be equal, as `ipvsadm -Sn` and `ipvsadm -Ln --thresholds` print them. What must
//! differ, because a director does better or cannot, a file says itself in lines
//!
//! > `# otherwise: WHY`
//! > `# theirs: LINE`
//! > `# ours: LINE`
//!
//! and each of those lines must come. Needs root, the programs, and the whole machine: `ci/guest`
//! gives it one. Status 1 when a table differs, 2 when it is called wrongly or cannot run.

mod farm;
mod ours;
mod place;
mod play;
mod table;
mod theirs;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = match &words[..] {
        ["play", director, files @ ..] if !files.is_empty() => play::all(director, files),
        ["farm"] => farm::serve(),
        _ => Err("usage: e2e-moved play DIRECTOR FILE…".to_owned()),
    };
    ended.unwrap_or_else(|wrong| {
        eprintln!("{wrong}");
        ExitCode::from(2)
    })
}
