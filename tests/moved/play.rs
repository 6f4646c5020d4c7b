//! File after file, by their program and by ours.

use crate::table::Table;
use crate::{farm, ours, place, theirs};
use e2e::processes::Outcome;
use std::path::Path;
use std::process::ExitCode;

/// What is compared.
struct Told {
    equal: usize,
    lines: usize,
}

pub(crate) fn all(director: &str, files: &[&str]) -> Outcome<ExitCode> {
    place::build()?;
    let _farm = farm::start()?;
    let mut told = Told { equal: 0, lines: 0 };
    for file in files {
        let path = Path::new(file);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match one(director, path) {
            Ok((lines, words)) => {
                told.equal += 1;
                told.lines += lines;
                println!("{name} holds: {lines} lines of table, {words}");
            }
            Err(why) => println!("{name} BROKEN: {why}"),
        }
    }
    let broken = files.len() - told.equal;
    println!("{} files, {} lines of tables, {broken} broken", files.len(), told.lines);
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// How many lines both tables have, and what the import said.
fn one(director: &str, file: &Path) -> Outcome<(usize, String)> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let otherwise = Otherwise::of(&text);
    // One that failed may have left its own.
    place::inside("lb", &["ipvsadm", "-C"])?;
    let theirs = theirs::table(file).map_err(|why| format!("their program: {why}"))?;
    let ours = ours::table(director, file)?;
    let only = |one: &Table, other: &Table| one.difference(other).cloned().collect::<Vec<_>>();
    let (missing, added) = (only(&theirs, &ours.table), only(&ours.table, &theirs));
    if missing != otherwise.theirs || added != otherwise.ours {
        let lines = |sign: &str, lines: &[String]| {
            lines.iter().map(|line| format!("\n  {sign} {line}")).collect::<String>()
        };
        return Err(format!(
            "the tables differ ({}){}{}",
            ours.told,
            lines("theirs", &missing),
            lines("ours  ", &added)
        ));
    }
    if theirs.is_empty() {
        return Err("there is nothing to compare".to_owned());
    }
    let known = missing.len() + added.len();
    let words = if known == 0 { String::new() } else { format!("{known} otherwise as it says, ") };
    Ok((theirs.len(), format!("{words}{}", ours.told)))
}

/// What a file says of what a director does otherwise.
struct Otherwise {
    theirs: Vec<String>,
    ours: Vec<String>,
}

impl Otherwise {
    fn of(text: &str) -> Self {
        let lines = |key: &str| {
            let mut lines: Vec<String> =
                text.lines().filter_map(|it| it.strip_prefix(key)).map(str::to_owned).collect();
            lines.sort();
            lines
        };
        Self { theirs: lines("# theirs: "), ours: lines("# ours: ") }
    }
}
