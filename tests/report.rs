//! `e2e-report`: counts and compares the JSON reports of `director-sim` and `director-lab`.
//!
//! * `e2e-report tally FILE`: lines `passed N`, `failed N`, `skipped N REASON`
//! * `e2e-report compare FILE FILE`: what two runners decided differently; status 1 when anything
//! * `e2e-report compare-sampled FILE FILE`: the same where one of them looks at tables at times

use e2e::reports::{Report, Sight, compare};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &words[..] {
        ["tally", file] => read(file).map(|report| {
            report.tally().iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }),
        ["compare", one, other] => compared(one, other, Sight::Whole),
        ["compare-sampled", one, other] => compared(one, other, Sight::Sampled),
        _ => Err("usage: e2e-report tally FILE | compare[-sampled] FILE FILE".to_owned()),
    }
    .unwrap_or_else(|wrong| {
        eprintln!("{wrong}");
        ExitCode::from(2)
    })
}

fn compared(one: &str, other: &str, sight: Sight) -> Result<ExitCode, String> {
    let (number, different) = compare(&read(one)?, &read(other)?, sight);
    println!("scenarios compared: {number}; decided differently: {}", different.len());
    different.iter().for_each(|line| println!("{line}"));
    // Nothing compared is nothing shown.
    Ok(ExitCode::from(u8::from(number == 0 || !different.is_empty())))
}

fn read(file: &str) -> Result<Report, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    Report::read(&text).map_err(|wrong| format!("{file}: {wrong}"))
}
