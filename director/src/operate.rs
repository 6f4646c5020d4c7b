//! `director handover` and `director ready`: orders to the director that runs on this host.

use crate::cli::Operate;
use crate::output::{Failure, say};
use director_shell::control::{Command, ask};
use serde_json::Value;
use std::process::ExitCode;

/// Gives the groups to a peer.
pub(crate) fn handover(arguments: &Operate) -> Result<ExitCode, Failure> {
    let group = arguments.group.clone();
    order(arguments, &Command::Handover { group }, "handed over; `director ready` ends the rest")
}

/// Ends the rest.
pub(crate) fn ready(arguments: &Operate) -> Result<ExitCode, Failure> {
    let group = arguments.group.clone();
    order(arguments, &Command::Ready { group }, "ready to take over")
}

fn order(arguments: &Operate, command: &Command, done: &str) -> Result<ExitCode, Failure> {
    let answer = ask(&arguments.control.control, command).map_err(Failure::machine)?;
    if let Some(why) = answer.get("refused").and_then(Value::as_str) {
        return Err(Failure::machine(format_args!("refused, nothing was changed: {why}")));
    }
    say(done)?;
    Ok(ExitCode::SUCCESS)
}
