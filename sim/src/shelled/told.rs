//! What a director tells, as events of a history.

use scenario::Event;
use serde::Deserialize;

/// A line of the director's, as its control socket tells it.
#[derive(Deserialize)]
struct Line {
    level: String,
    message: String,
    report: Report,
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Report {
    Role {
        group: String,
        to: String,
    },
    Server {
        service: String,
        server: String,
        state: String,
    },
    Fallback {
        service: String,
        serving: bool,
    },
    Peer {
        peer: String,
        state: String,
    },
    #[serde(other)]
    Other,
}

/// The event that a line tells of; `None` for what only the curious want to know.
pub(super) fn event(node: &str, line: &str) -> Option<Event> {
    let Line { level, message: why, report } = serde_json::from_str(line).ok()?;
    let node = node.to_owned();
    Some(match report {
        Report::Role { group, to } => Event::Role { node, group, role: to, why },
        Report::Server { service, server, state } => {
            Event::Server { node, service, server, state, why }
        }
        Report::Fallback { service, serving } => Event::Fallback { node, service, serving },
        Report::Peer { peer, state } => Event::Peer { node, peer, state, why },
        Report::Other if level == "debug" => return None,
        Report::Other => Event::Note { node: Some(node), text: why },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_event_and_debugging_is_none() {
        let line = r#"{"version":1,"event":3,"ts_ns":5,"level":"info","message":"it is active",
            "report":{"event":"role","group":"web","from":"taking","to":"active",
            "why":{"cause":"held"}}}"#;
        let role = Event::Role {
            node: "d1".into(),
            group: "web".into(),
            role: "active".into(),
            why: "it is active".into(),
        };
        assert_eq!(event("d1", line), Some(role));
        let step =
            r#"{"level":"debug","message":"a step","report":{"event":"step-done","step":"x"}}"#;
        assert_eq!(event("d1", step), None);
        assert_eq!(event("d1", "no JSON"), None);
    }
}
