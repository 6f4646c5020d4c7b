//! `director status`: asks the director that runs on this host.

use crate::cli::Status;
use crate::output::{Failure, say};
use director_shell::control::{Command, Shape, ask};
use serde_json::Value;
use std::process::ExitCode;

/// Asks, and shows the answer.
pub(crate) fn status(arguments: &Status) -> Result<ExitCode, Failure> {
    let format = if arguments.json { Shape::Json } else { Shape::Text };
    let answer = ask(&arguments.control.control, &Command::Status { format });
    let answer = answer.map_err(Failure::machine)?;
    let text = match format {
        Shape::Json => answer.get("status").map(|status| format!("{status:#}")),
        Shape::Text => answer.get("text").and_then(Value::as_str).map(str::to_owned),
    };
    let text = text.ok_or_else(|| {
        Failure::machine("the answer has no status: is the director of another release?")
    })?;
    say(&text)?;
    Ok(ExitCode::SUCCESS)
}
