//! `notification_email` and its kin as a channel of mails.

use super::tree::Statement;
use super::values::{is_on, seconds, text};
use crate::draft::{Draft, Mail, mail_address};
use crate::log::Log;
use crate::surroundings::Surroundings;

/// What keepalived's checkers send mails about.
const OF_SERVERS: [&str; 4] = ["server", "fallback", "unserved", "quorum"];

/// Reads one `global_defs`.
pub(super) fn read(block: &Statement, around: &dyn Surroundings, draft: &mut Draft, log: &mut Log) {
    let Some(statement) = block.last("notification_email") else { return };
    let to: Vec<String> = statement.children().iter().map(|it| mail_address(it.name())).collect();
    if to.is_empty() {
        return;
    }
    let from = text(block, "notification_email_from").map(|from| from.value);
    let from = from.unwrap_or_else(|| format!("keepalived@{}", around.host_name()));
    let server = block.last("smtp_server").and_then(|statement| {
        let host = statement.value(0)?.value.trim_matches(['[', ']']).to_owned();
        let port = statement.value(1).and_then(|port| port.value.parse().ok());
        Some((host, port))
    });
    let said = |name: &str| is_on(block, name).map(|on| on.value);
    let of_roles = said("smtp_alert_vrrp").or(said("smtp_alert")).unwrap_or(false);
    let of_servers = said("smtp_alert_checker").or(said("smtp_alert")).unwrap_or(true);
    let of_servers = of_servers && !said("no_checker_emails").unwrap_or(false);
    let mut events = if of_servers { OF_SERVERS.to_vec() } else { Vec::new() };
    events.extend(of_roles.then_some("role"));
    if events.is_empty() {
        return;
    }
    let mail = Mail {
        place: statement.place(),
        to,
        from: mail_address(&from),
        server,
        events,
        services: Vec::new(),
        repeat: None,
        timeout: seconds(block, "smtp_connect_timeout", log)
            .map(|at| at.value)
            .filter(|time| !time.is_zero()),
    };
    // The directors of a pair say the same, each in its own file.
    let same = |known: &Mail| Mail { place: mail.place, ..known.clone() } == mail;
    if !draft.alerts.iter().any(same) {
        draft.alerts.push(mail);
    }
}
