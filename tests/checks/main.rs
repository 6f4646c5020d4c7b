//! `e2e-checks`: what many health checks cost, and whether they come in time.
//!
//! ```text
//! e2e-checks shell TCP HTTP INTERVAL SECONDS               the daemon's loop, kernel in memory
//! e2e-checks director PROGRAM TCP HTTP INTERVAL SECONDS    `director run`, real IPVS
//! e2e-checks keepalived PROGRAM TCP HTTP INTERVAL SECONDS  the same for keepalived
//! e2e-checks compare DIRECTOR KEEPALIVED TCP HTTP INTERVAL SECONDS   both, with their ratios
//! ```
//!
//! A process of its own answers on addresses below 127.0.0.0/8, so that the processor time and the
//! memory are those of the checks alone. It also notes when each address is asked: how late a check
//! is, is by how much the time since the one before it differs from the interval. A few servers
//! close their ports in the course of it: the time until that is told is held against what
//! intervals and timeout add up to.
//!
//! The last three need IPVS and a machine of their own: `GUEST_TIME=real ci/guest` gives them one.
//! Status 1 when a check is not made, a server is wrongly down, or one that failed is found too
//! late; with `--goals` also when the goals of the largest run are missed.

mod daemon;
mod load;
mod measure;
mod process;
mod responder;

use load::Load;
use measure::{Figures, Subject};
use std::process::ExitCode;
use std::time::Duration;

type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (flags, words): (Vec<&str>, Vec<&str>) =
        words.iter().map(String::as_str).partition(|word| word.starts_with("--"));
    let ended = match &words[..] {
        ["serve", interval] => responder::serve(interval).map(|()| true),
        ["daemon", folder] => daemon::run(folder).map(|()| true),
        ["shell", rest @ ..] => own(Subject::Shell, rest, &flags),
        ["director", program, rest @ ..] => own(Subject::Director(program), rest, &flags),
        ["keepalived", program, rest @ ..] => own(Subject::Keepalived(program), rest, &flags),
        ["compare", ours, theirs, rest @ ..] => compare(ours, theirs, rest),
        _ => Err("usage: e2e-checks shell|director|keepalived|compare …, see its source".into()),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::from(2)
        }
    }
}

/// The load, and for how long it is measured.
fn read(words: &[&str]) -> Outcome<(Load, Duration)> {
    let number = |text: &str| text.parse::<u32>().map_err(|error| format!("\"{text}\": {error}"));
    let [tcp, http, interval, seconds] = words else {
        return Err("after the program come TCP HTTP INTERVAL SECONDS, all of them numbers".into());
    };
    let interval = Duration::from_secs(number(interval)?.into());
    let load = Load::new(number(tcp)?, number(http)?, interval)?;
    Ok((load, Duration::from_secs(number(seconds)?.into())))
}

fn own(subject: Subject<'_>, words: &[&str], flags: &[&str]) -> Outcome<bool> {
    let (load, length) = read(words)?;
    let figures = measure::run(subject, &load, length)?;
    println!("{figures}");
    let mut good = figures.is_sound();
    if flags.contains(&"--goals") {
        good &= figures.meets_goals();
    }
    Ok(good)
}

fn compare(ours: &str, theirs: &str, words: &[&str]) -> Outcome<bool> {
    let (load, length) = read(words)?;
    let ours = measure::run(Subject::Director(ours), &load, length)?;
    println!("{ours}\n");
    let theirs = measure::run(Subject::Keepalived(theirs), &load, length)?;
    println!("{theirs}\n");
    println!("{}", Figures::ratios(&ours, &theirs));
    Ok(ours.is_sound())
}
