//! Running programs, and waiting, for the programs that play in a guest.

use std::process::Command;
use std::time::{Duration, Instant};

/// What was asked for, or why there is none.
pub type Outcome<T> = Result<T, String>;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Runs a program to its end; what it says on its standard output.
///
/// # Errors
/// What the program says on its standard error, when it fails or cannot be run.
pub fn run(program: &str, arguments: &[&str]) -> Outcome<String> {
    let what = || format!("{program} {}", arguments.join(" "));
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{}: {error}", what()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{}: {}", what(), String::from_utf8_lossy(&output.stderr).trim()))
}

/// Asks again until the answer is there or the time is over.
///
/// # Errors
/// The last answer's, when the time is over.
pub fn until<T>(longest: Duration, mut ask: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    let end = Instant::now() + longest;
    loop {
        match ask() {
            Err(why) if Instant::now() >= end => return Err(why),
            // Nobody tells when it is there: it is asked again a little later.
            Err(_) => std::thread::sleep(LOOK),
            done => return done,
        }
    }
}
