//! Showing how a drain goes on.

use crate::output::{Failure, say};
use director_core::name::ServiceName;
use director_core::standing::Subject;
use director_shell::control::{Command, Shape, ask};
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// Between two looks: the director counts connections once a second.
const PAUSE: Duration = Duration::from_millis(500);

/// What is left of a drain.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    /// Connections of all servers that drain.
    Connections(u64),
    /// No server drains any more: somebody has ended it.
    Ended,
}

/// Shows how many connections are left, whenever that has changed, until there are none.
pub(super) fn until_drained(control: &Path, server: &Subject) -> Result<ExitCode, Failure> {
    let mut shown = None;
    loop {
        let question = Command::Status { format: Shape::Json };
        let answer = ask(control, &question).map_err(Failure::machine)?;
        let left = left(answer.get("status").unwrap_or(&Value::Null), server);
        match left {
            Left::Connections(0) => {
                say(&format!("{server} is drained: no connection is left"))?;
                return Ok(ExitCode::SUCCESS);
            }
            Left::Connections(count) if shown != Some(count) => {
                say(&format!("{server}: {count} connections are left"))?;
                shown = Some(count);
            }
            Left::Connections(_) => {}
            Left::Ended => {
                say(&format!("{server} does not drain any more"))?;
                return Ok(ExitCode::SUCCESS);
            }
        }
        // The director is asked, not waited for: it answers to many.
        thread::sleep(PAUSE);
    }
}

fn left(status: &Value, server: &Subject) -> Left {
    let mut left = Left::Ended;
    for service in status["services"].as_array().into_iter().flatten() {
        let Some(Ok(name)) = service["name"].as_str().map(ServiceName::new) else { continue };
        for entry in service["servers"].as_array().into_iter().flatten() {
            let address = entry["address"].as_str().and_then(|text| text.parse().ok());
            let named = address.is_some_and(|address| server.names(&name, address));
            if !named || entry["duty"] != "drain" {
                continue;
            }
            let count = |key: &str| entry[key].as_u64().unwrap_or(0);
            // The kernel has not been told yet while it has another weight.
            let pending = u64::from(entry["kernel_weight"].as_u64().unwrap_or(0) > 0);
            let here = count("active") + count("inactive") + pending;
            left = match left {
                Left::Ended => Left::Connections(here),
                Left::Connections(others) => Left::Connections(others + here),
            };
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn server(address: &str, duty: &str, active: u32) -> Value {
        json!({
            "address": address, "duty": duty, "active": active, "inactive": 1, "kernel_weight": 0,
        })
    }

    #[test]
    fn connections_of_draining_servers_are_added_up() {
        let status = json!({ "services": [
            { "name": "http", "servers": [
                server("10.0.0.21:80", "drain", 2), server("10.0.0.22:80", "drain", 40),
            ] },
            { "name": "https", "servers": [
                server("10.0.0.21:443", "drain", 5), server("10.0.0.21:444", "serve", 9),
            ] },
        ] });
        let of = |text: &str| left(&status, &text.parse().unwrap());
        assert_eq!(of("10.0.0.21"), Left::Connections(9));
        assert_eq!(of("http/10.0.0.21"), Left::Connections(3));
        assert_eq!(of("10.0.0.21:444"), Left::Ended);
        assert_eq!(of("10.0.0.99"), Left::Ended);
    }
}
