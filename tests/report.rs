//! `e2e-report`: counts and compares the JSON reports of `director-sim` and `director-lab`.
//!
//! * `e2e-report tally FILE`: lines `passed N`, `failed N`, `skipped N REASON`
//! * `e2e-report compare FILE FILE`: what two runners decided differently; status 1 when anything

use e2e::reports::{Report, compare};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &words[..] {
        ["tally", file] => read(file).map(|report| {
            report.tally().iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }),
        ["compare", one, other] => {
            read(one).and_then(|one| Ok((one, read(other)?))).map(|(one, other)| {
                let (compared, different) = compare(&one, &other);
                println!("{compared} scenarios compared, {} differences", different.len());
                different.iter().for_each(|line| println!("{line}"));
                ExitCode::from(u8::from(compared == 0 || !different.is_empty()))
            })
        }
        _ => Err("usage: e2e-report tally FILE | compare FILE FILE".to_owned()),
    }
    .unwrap_or_else(|wrong| {
        eprintln!("{wrong}");
        ExitCode::from(2)
    })
}

fn read(file: &str) -> Result<Report, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    Report::read(&text).map_err(|wrong| format!("{file}: {wrong}"))
}
