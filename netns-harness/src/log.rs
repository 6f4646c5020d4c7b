//! A director's log in JSON lines, as events of a history.
//!
//! The lab knows the log's outer shape and a few reports; whatever else is in it becomes a note, so
//! that a newer director's words are shown and not lost.

use scenario::Event;
use serde_json::Value;

/// What one line of the log says; nothing when it is of use only in a search for a fault.
pub(crate) fn event(node: &str, line: &str) -> Option<Event> {
    let Ok(value) = serde_json::from_str::<Value>(line) else {
        return Some(note(node, line));
    };
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let message = text("message").unwrap_or(line);
    if matches!(text("level"), Some("debug" | "trace")) {
        return None;
    }
    let decided = value.get("report").and_then(|report| decision(node, message, report));
    Some(decided.unwrap_or_else(|| note(node, message)))
}

fn note(node: &str, text: &str) -> Event {
    Event::Note { node: Some(node.to_owned()), text: text.to_owned() }
}

fn decision(node: &str, message: &str, report: &Value) -> Option<Event> {
    let text = |key: &str| report.get(key).and_then(Value::as_str).map(str::to_owned);
    let node = node.to_owned();
    Some(match report.get("event").and_then(Value::as_str)? {
        "role" => {
            let why = reason(message, report);
            Event::Role { node, group: text("group")?, role: text("to")?, why }
        }
        "peer" => {
            let why = reason(message, report);
            Event::Peer { node, peer: text("peer")?, state: text("state")?, why }
        }
        "server" => {
            let why = reason(message, report);
            let (service, server) = (text("service")?, text("server")?);
            Event::Server { node, service, server, state: text("state")?, why }
        }
        "fallback" => {
            let serving = report.get("serving").and_then(Value::as_bool)?;
            Event::Fallback { node, service: text("service")?, serving }
        }
        _ => return None,
    })
}

/// The last part of the sentence is the reason; without a sentence, the cause's own word.
fn reason(message: &str, report: &Value) -> String {
    let cause = report.get("why").and_then(|why| why.get("cause")).and_then(Value::as_str);
    // `group web: standby to taking: WHY`, `service http: server s1 is down: WHY`, but
    // `peer d1 is dead: WHY`.
    let parts = if message.starts_with("peer ") { 2 } else { 3 };
    match message.splitn(parts, ": ").last() {
        Some(last) if last != message => last.to_owned(),
        _ => cause.unwrap_or(message).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_told_with_its_reason() {
        let line = r#"{"ts_ns":7,"level":"info","message":"group web: standby to taking: d1 is dead",
            "report":{"event":"role","group":"web","from":"standby","to":"taking",
            "why":{"cause":"owner-died","peer":"d1"}}}"#;
        let role = Event::Role {
            node: "d2".into(),
            group: "web".into(),
            role: "taking".into(),
            why: "d1 is dead".into(),
        };
        assert_eq!(event("d2", line), Some(role));
    }

    #[test]
    fn other_reports_and_plain_lines_are_notes_and_debugging_is_left_out() {
        let line = r#"{"ts_ns":7,"level":"warn","message":"link down","report":{"event":"link"}}"#;
        assert_eq!(event("d2", line), Some(note("d2", "link down")));
        assert_eq!(event("d2", "no JSON"), Some(note("d2", "no JSON")));
        let line = r#"{"ts_ns":7,"level":"debug","message":"m","report":{"event":"step-done"}}"#;
        assert_eq!(event("d2", line), None);
    }
}
