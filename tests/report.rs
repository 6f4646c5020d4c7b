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
        ["compare", one, other] => compared(one, other),
        _ => Err("usage: e2e-report tally FILE | compare FILE FILE".to_owned()),
    }
    .unwrap_or_else(|wrong| {
        eprintln!("{wrong}");
        ExitCode::from(2)
    })
}

fn compared(one: &str, other: &str) -> Result<ExitCode, String> {
    let (number, different) = compare(&read(one)?, &read(other)?);
    println!("scenarios compared: {number}; decided differently: {}", different.len());
    different.iter().for_each(|line| println!("{line}"));
    // Nothing compared is nothing shown.
    Ok(ExitCode::from(u8::from(number == 0 || !different.is_empty())))
}

fn read(file: &str) -> Result<Report, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    Report::read(&text).map_err(|wrong| format!("{file}: {wrong}"))
}
