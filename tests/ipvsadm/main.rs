//! `e2e-ipvsadm`: our crate `ipvs-rs` and the program `ipvsadm` on one real kernel.
//!
//! * `e2e-ipvsadm agree TABLES SEED`: over so many random tables, what we write `ipvsadm -Sn`
//!   prints as its own grammar has it, and what `ipvsadm -R` writes we read as it was meant.
//! * `e2e-ipvsadm race SERVICES SERVERS`: the same table from nothing, by `ipvsadm -R` and by a
//!   director's pass, and the pass over a table that is as it should be; times and their ratio.
//!
//! It empties the kernel's table: `ci/guest` gives it a kernel of its own. Needs root, IPVS and
//! `ipvsadm`. Status 1 when something differs, 2 when it is called wrongly or cannot run.

mod agree;
mod race;
mod saved;
mod table;

use std::io::Write as _;
use std::process::{Command, ExitCode, Stdio};

type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = match &words[..] {
        ["agree", tables, seed] => numbers(tables, seed).and_then(|(t, s)| agree::agree(t, s)),
        ["race", services, servers] => {
            numbers(services, servers).and_then(|(services, each)| race::race(services, each))
        }
        _ => Err("usage: e2e-ipvsadm agree TABLES SEED | race SERVICES SERVERS".to_owned()),
    };
    ended.unwrap_or_else(|wrong| {
        eprintln!("{wrong}");
        ExitCode::from(2)
    })
}

fn numbers(one: &str, other: &str) -> Outcome<(u64, u64)> {
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number"));
    Ok((number(one)?, number(other)?))
}

/// What `ipvsadm` says with these arguments and this input.
fn ipvsadm(arguments: &[&str], input: &str) -> Outcome<String> {
    let failed = |error: std::io::Error| format!("ipvsadm {}: {error}", arguments.join(" "));
    let mut child = Command::new("ipvsadm")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    // It reads everything before it says anything.
    child
        .stdin
        .take()
        .map_or(Ok(()), |mut pipe| pipe.write_all(input.as_bytes()))
        .map_err(failed)?;
    let done = child.wait_with_output().map_err(failed)?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    if done.status.success() && said.is_empty() {
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    } else {
        Err(format!("ipvsadm {}: {}: {said}", arguments.join(" "), done.status))
    }
}
