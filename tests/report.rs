//! `e2e-report`: counts and compares the JSON reports of `director-sim` and `director-lab`.
//!
//! * `e2e-report tally FILE`: lines `passed N`, `failed N`, `skipped N REASON`; on standard error
//!   what was violated, and what happened around it
//! * `e2e-report compare FILE FILE`: what two runners decided differently; status 1 when anything
//! * `e2e-report outages FILE… -- FILE…`: whose outages, the means over the seeds, are apart by
//!   more than 50 ms and a tenth; status 1 when anybody's

use e2e::reports::{Report, apart, compare};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &words[..] {
        ["tally", file] => read(file).map(|report| {
            report.tally().iter().for_each(|line| println!("{line}"));
            // Not among the counts on standard output, which a program reads.
            report.violated().for_each(|line| eprintln!("{line}"));
            ExitCode::SUCCESS
        }),
        ["compare", one, other] => compared(one, other),
        ["outages", files @ ..] => outages(files),
        _ => {
            Err("usage: e2e-report tally FILE | compare FILE FILE | outages FILE… -- FILE…".into())
        }
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

fn outages(files: &[&str]) -> Result<ExitCode, String> {
    let sides: Vec<&[&str]> = files.split(|word| *word == "--").collect();
    let &[one, other] = &sides[..] else {
        return Err("outages: the two sides are to be parted by one --".to_owned());
    };
    let all = |files: &[&str]| files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>();
    let (number, far) = apart(&all(one)?, &all(other)?);
    println!("outages compared: {number}; apart: {}", far.len());
    far.iter().for_each(|line| println!("{line}"));
    Ok(ExitCode::from(u8::from(number == 0 || !far.is_empty())))
}

fn read(file: &str) -> Result<Report, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    Report::read(&text).map_err(|wrong| format!("{file}: {wrong}"))
}
