//! Commands of the operator's, as processes.

use director_core::config::Hook;
use rustix::process::{Pid, Signal, kill_process_group};
use std::process::Stdio;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Runs a command to its end, or kills it with its descendants. Dropping this kills it.
///
/// # Errors
/// In words, when it cannot be run, ends with another status than 0, or takes too long.
pub async fn run(
    hook: &Hook,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
) -> Result<(), String> {
    let Some((program, first)) = hook.command.split_first() else {
        return Err("the command is empty".to_owned());
    };
    let child = Command::new(program)
        .args(first)
        .args(&arguments)
        .envs(environment)
        .stdin(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    let mut group = Group { child };
    match timeout(hook.timeout, group.child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{program}: {status}")),
        Ok(Err(error)) => Err(format!("{program} was not waited for: {error}")),
        Err(_) => {
            let limit = hook.timeout.as_millis();
            Err(format!("{program} ran for more than {limit} ms and was killed"))
        }
    }
}

/// A command with everything that it starts.
struct Group {
    child: Child,
}

impl Drop for Group {
    /// Whatever it has left behind holds up nothing any more.
    fn drop(&mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id.and_then(Pid::from_raw) {
            // Gone already, or not ours any more.
            let _gone = kill_process_group(id, Signal::KILL);
        }
    }
}
