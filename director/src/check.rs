//! `director check`: configuration files, every problem at once.

use crate::cli::Check;
use crate::output::{Failure, complain, say, shown};
use director_config::{Problems, check_files, check_node, load};
use director_core::config::Config;
use std::path::Path;
use std::process::ExitCode;

/// Checks the files; exit status 2 when one has a problem.
pub(crate) fn check(arguments: &Check) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::SUCCESS;
    for path in &arguments.files {
        match check_one(path, arguments.node.as_deref()) {
            Ok(config) => {
                let digest = config.digest();
                say(&format!("{}: valid, configuration {digest}", path.display()))?;
            }
            Err(problems) => {
                complain(shown(&problems).trim_end());
                code = ExitCode::from(2);
            }
        }
    }
    Ok(code)
}

fn check_one(path: &Path, node: Option<&str>) -> Result<Config, Problems> {
    let (config, text) = load(path)?;
    let file = path.display().to_string();
    let mut problems = check_files(&config, &file, &text);
    if let Some(Err(unknown)) = node.map(|node| check_node(&config, node, &file, &text)) {
        problems.extend(unknown.problems);
    }
    if problems.is_empty() { Ok(config) } else { Err(Problems::new(&file, problems)) }
}
