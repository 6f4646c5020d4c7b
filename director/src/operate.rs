//! Orders to the director that runs on this host.

mod wait;

use crate::cli::orders::{Asked, Drain, Maintenance, Operate, Reload, Switch, Undrain, Weight};
use crate::output::{Failure, complain, say};
use director_shell::control::{Command, ask};
use serde_json::Value;
use std::process::ExitCode;

/// Gives the groups to a peer.
pub(crate) fn handover(arguments: &Operate) -> Result<ExitCode, Failure> {
    let (group, reason) = (arguments.group.clone(), arguments.asked.reason.clone());
    let command = Command::Handover { group, reason };
    order(&arguments.asked, &command, "handed over; `director ready` ends the rest")
}

/// Is no owner while a peer can be.
pub(crate) fn standby(arguments: &Operate) -> Result<ExitCode, Failure> {
    let (group, reason) = (arguments.group.clone(), arguments.asked.reason.clone());
    let done = "on standby; takes over only when nobody else can, until `director ready`";
    order(&arguments.asked, &Command::Standby { group, reason }, done)
}

/// Ends the rest.
pub(crate) fn ready(arguments: &Operate) -> Result<ExitCode, Failure> {
    let (group, reason) = (arguments.group.clone(), arguments.asked.reason.clone());
    order(&arguments.asked, &Command::Ready { group, reason }, "ready to take over")
}

/// Gives a server no new connections, and shows how many are left until none is.
pub(crate) fn drain(arguments: &Drain) -> Result<ExitCode, Failure> {
    let server = arguments.server.server.clone();
    let millis = |deadline: std::time::Duration| u64::try_from(deadline.as_millis()).ok();
    let command = Command::Drain {
        server: server.clone(),
        deadline_ms: arguments.deadline.and_then(millis),
        force: arguments.force,
        reason: arguments.asked.reason.clone(),
    };
    let done = format!("{server} drains; `director undrain {server}` ends that");
    let code = order(&arguments.asked, &command, &done)?;
    if arguments.no_wait {
        return Ok(code);
    }
    wait::until_drained(&arguments.asked.control.control, &server)
}

/// Ends a drain.
pub(crate) fn undrain(arguments: &Undrain) -> Result<ExitCode, Failure> {
    let server = arguments.server.server.clone();
    let done = format!("{server} gets connections again when its checks say so");
    let command = Command::Undrain { server, reason: arguments.asked.reason.clone() };
    order(&arguments.asked, &command, &done)
}

/// Begins or ends maintenance.
pub(crate) fn maintenance(arguments: &Maintenance) -> Result<ExitCode, Failure> {
    let server = arguments.server.server.clone();
    let on = arguments.switch == Switch::On;
    let done = if on {
        format!("{server} is in maintenance; `director maintenance off {server}` ends that")
    } else {
        format!("maintenance of {server} is over; it gets connections after its first good check")
    };
    let (force, reason) = (arguments.force, arguments.asked.reason.clone());
    order(&arguments.asked, &Command::Maintenance { server, on, force, reason }, &done)
}

/// Gives a server another weight.
pub(crate) fn weight(arguments: &Weight) -> Result<ExitCode, Failure> {
    let (server, weight) = (arguments.server.server.clone(), arguments.weight.0);
    let done = match weight {
        Some(weight) => format!("{server} has the weight {weight} until the next order"),
        None => format!("{server} has its configured weight"),
    };
    let command = Command::Weight { server, weight, reason: arguments.asked.reason.clone() };
    order(&arguments.asked, &command, &done)
}

/// Has the configuration read anew, and waits for what comes of it.
pub(crate) fn reload(arguments: &Reload) -> Result<ExitCode, Failure> {
    let command = Command::Reload { reason: arguments.asked.reason.clone() };
    let answer = ask(&arguments.asked.control.control, &command).map_err(Failure::machine)?;
    let problems = answer.get("problems").and_then(Value::as_array).into_iter().flatten();
    for problem in problems.filter_map(Value::as_str) {
        complain(problem);
    }
    if let Some(why) = answer.get("refused").and_then(Value::as_str) {
        return Err(Failure::input(why));
    }
    let digest = answer.get("config").and_then(Value::as_str).unwrap_or("unknown");
    say(&format!("configuration {digest} is in use"))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn order(asked: &Asked, command: &Command, done: &str) -> Result<ExitCode, Failure> {
    let answer = ask(&asked.control.control, command).map_err(Failure::machine)?;
    if let Some(why) = answer.get("refused").and_then(Value::as_str) {
        return Err(Failure::machine(format_args!("refused, nothing was changed: {why}")));
    }
    match answer.get("node").and_then(Value::as_str) {
        Some(node) => say(&format!("{node}: {done}"))?,
        None => say(done)?,
    }
    Ok(ExitCode::SUCCESS)
}
