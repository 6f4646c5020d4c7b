//! `director check`: configuration files, every problem at once.

use crate::cli::Check;
use crate::import::load;
use crate::output::{Failure, complain, say, shown, warned};
use director_config::{Code, Problems, Trap, Warnings, check_files, check_node, nearest, warnings};
use director_core::config::Digest;
use std::path::Path;
use std::process::ExitCode;

/// Checks the files; exit status 2 when one has a problem, or a warning where these are denied.
pub(crate) fn check(arguments: &Check) -> Result<ExitCode, Failure> {
    if let Some(code) = &arguments.explain {
        say(&explained(code)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut code = ExitCode::SUCCESS;
    for path in &arguments.files {
        match check_one(path, arguments) {
            Ok(Checked { digest, included, warnings }) => {
                let with = match included {
                    0 => String::new(),
                    1 => " with 1 file that it includes".to_owned(),
                    number => format!(" with {number} files that it includes"),
                };
                say(&format!("{}{with}: valid, configuration {digest}", path.display()))?;
                if !warnings.warnings.is_empty() {
                    complain(warned(&warnings).trim_end());
                    if arguments.deny_warnings {
                        code = ExitCode::from(2);
                    }
                }
            }
            Err(problems) => {
                complain(shown(&problems).trim_end());
                code = ExitCode::from(2);
            }
        }
    }
    Ok(code)
}

/// A file without problems.
struct Checked {
    digest: Digest,
    /// How many files it includes.
    included: usize,
    warnings: Warnings,
}

fn check_one(path: &Path, arguments: &Check) -> Result<Checked, Problems> {
    let (config, texts) = load(path, arguments.from)?;
    let node = arguments.node.as_deref().map(|node| check_node(&config, node, &texts));
    let problems = match node {
        None => check_files(&config, &texts),
        Some(Ok(node)) => check_files(&config.local(&node), &texts),
        Some(Err(unknown)) => {
            let mut problems = check_files(&config, &texts);
            problems.extend(unknown.problems);
            problems
        }
    };
    let warnings = warnings(&config, &texts);
    if !problems.is_empty() {
        return Err(Problems::new(texts.file(), problems));
    }
    Ok(Checked { digest: config.digest(), included: texts.included(), warnings })
}

/// What a code stands for.
fn explained(code: &str) -> Result<String, Failure> {
    if let Some(trap) = Trap::ALL.iter().find(|trap| trap.as_str() == code) {
        return Ok(format!("{}\n\n{}\n\n{}", trap.meaning(), trap.why(), trap.cure()));
    }
    if let Some(problem) = Code::ALL.iter().find(|problem| problem.as_str() == code) {
        return Ok(problem.meaning().to_owned());
    }
    let known = Trap::ALL.iter().map(|trap| trap.as_str());
    let known: Vec<&str> = known.chain(Code::ALL.iter().map(|code| code.as_str())).collect();
    let help = match nearest(code, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", known.join(", ")),
    };
    Err(Failure::input(format_args!("--explain: there is no code {code}; {help}")))
}
