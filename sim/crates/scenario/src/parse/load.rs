//! The file system's side of parsing.

use crate::{Problem, Problems, Scenario};
use std::path::{Path, PathBuf};

/// Folders nest no deeper than this below an argument.
const DEPTH: usize = 16;

pub(super) fn load(path: &Path) -> Result<Scenario, Problems> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|wrong| {
        let help = "name a scenario file that exists and that you may read";
        unreadable(&file, &format!("cannot read {file}: {wrong}"), help)
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    Scenario::parse(&file, &text, &|name| {
        std::fs::read_to_string(folder.join(name)).map_err(|wrong| wrong.to_string())
    })
}

/// The scenario files below the arguments, each once, sorted: files as they are, of folders every
/// `*.toml` except those in folders named `config`, where the directors' files are.
///
/// # Errors
/// One problem for each argument that does not exist, cannot be read, or has no scenario in it.
pub fn files(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, Problems> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for argument in arguments {
        let before = found.len();
        let file = argument.display().to_string();
        match walk(argument, DEPTH, &mut found) {
            Err(wrong) => {
                let help = "name scenario files, or folders that have some";
                problems.extend(unreadable(&file, &format!("cannot read {file}: {wrong}"), help).0);
            }
            Ok(()) if found.len() == before => {
                let help = "scenario files end in .toml and are not in a folder named config";
                problems.extend(unreadable(&file, "no scenario file in this folder", help).0);
            }
            Ok(()) => {}
        }
    }
    found.sort();
    found.dedup();
    if problems.is_empty() { Ok(found) } else { Err(Problems(problems)) }
}

fn walk(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !std::fs::metadata(path)?.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if depth > 0 && entry.file_name() != "config" {
                walk(&path, depth - 1, found)?;
            }
        } else if path.extension().is_some_and(|end| end == "toml") {
            found.push(path);
        }
    }
    Ok(())
}

fn unreadable(file: &str, text: &str, help: &str) -> Problems {
    Problems(vec![Problem {
        file: file.to_owned(),
        line: 1,
        column: 1,
        text: text.to_owned(),
        help: help.to_owned(),
    }])
}
