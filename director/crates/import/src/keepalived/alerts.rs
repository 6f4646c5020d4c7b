//! `notification_email` and its kin as a channel of mails.

use super::tree::Statement;
use super::values::{is_on, seconds, text};
use crate::draft::{Draft, Mail, mail_address};
use crate::log::Log;
use crate::surroundings::Surroundings;

const HELO: &str = "smtp_helo_name";
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
        helo: helo(block, log),
        events,
        services: Vec::new(),
        repeat: None,
        timeout: seconds(block, "smtp_connect_timeout", log)
            .map(|at| at.value)
            .filter(|time| !time.is_zero()),
    };
    // The directors of a pair say the same, each in its own file, and perhaps give own names.
    let same = |known: &&mut Mail| {
        let (place, helo) = (mail.place, mail.helo.clone());
        Mail { place, helo, ..(**known).clone() } == mail
    };
    match draft.alerts.iter_mut().find(same) {
        None => draft.alerts.push(mail),
        Some(known) => {
            if known.helo != mail.helo && known.helo.take().is_some() {
                let text = "the directors have one configuration: each gives the name of its node";
                log.changed(mail.place, HELO, text);
            }
        }
    }
}

/// The name that the director is to give itself.
fn helo(block: &Statement, log: &mut Log) -> Option<String> {
    let said = text(block, HELO)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if !said.value.is_empty() && said.value.bytes().all(fits) {
        return Some(said.value);
    }
    log.left_out(said.place, HELO, "it is not the name of a host");
    None
}
