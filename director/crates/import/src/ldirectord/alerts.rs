//! `emailalert` and its kin as channels of mails.

use super::lines::{Line, Section};
use super::{Email, number, unquoted_value};
use crate::draft::{Draft, Mail, mail_address};
use crate::log::Log;
use crate::surroundings::Surroundings;
use std::time::Duration;

/// The directives.
pub(super) const NAMES: [&str; 5] =
    ["emailalert", "emailalertfrom", "emailalertfreq", "emailalertstatus", "smtp"];

/// What ldirectord sends mails about.
const EVENTS: [&str; 3] = ["server", "fallback", "unserved"];

/// The shortest pause that the grammar takes.
const SHORTEST: u64 = 10;

/// Takes in one of the directives.
pub(super) fn take(email: &mut Email, line: &Line, log: &mut Log) {
    let value = unquoted_value(line);
    match line.name.as_str() {
        "emailalert" => email.to = Some(value),
        "emailalertfrom" => email.from = Some(value),
        "emailalertfreq" => {
            let seconds = number(line, log);
            email.pause = seconds.map(|seconds| value.map(|_| seconds)).or(email.pause.take());
        }
        "emailalertstatus" => email.status = Some(value),
        _ => email.server = Some(value),
    }
}

/// A service is told of by a channel that tells of others alike, or by one of its own.
pub(super) fn tell(
    section: &Section,
    service: &str,
    globals: &Email,
    (around, sections): (&dyn Surroundings, usize),
    draft: &mut Draft,
    log: &mut Log,
) {
    let mut email = globals.clone();
    for line in section.lines.iter().filter(|line| NAMES.contains(&line.name.as_str())) {
        take(&mut email, line, log);
    }
    let Some(to) = &email.to else { return };
    let status = email.status.as_ref().map_or("all", |status| status.value.as_str());
    // The states of a daemon; ours has but the one in which it runs.
    if !status.split(',').any(|word| matches!(word.trim(), "all" | "running")) {
        return;
    }
    let from = email.from.as_ref().map(|from| from.value.clone());
    let pause = email.pause.as_ref().map_or(0, |pause| pause.value);
    if let Some(at) = email.pause.as_ref().filter(|_| (1..SHORTEST).contains(&pause)) {
        let text = "reminders come ten seconds apart at least";
        log.changed(at.place, "emailalertfreq", text);
    }
    let host = || format!("director@{}", around.host_name());
    let mail = Mail {
        place: to.place,
        to: to.value.split(',').map(mail_address).collect(),
        from: mail_address(&from.unwrap_or_else(host)),
        server: email.server.as_ref().map(|server| (server.value.clone(), None)),
        helo: None,
        events: EVENTS.to_vec(),
        services: Vec::new(),
        repeat: (pause > 0).then(|| Duration::from_secs(pause.max(SHORTEST))),
        timeout: None,
    };
    let same = |known: &Mail| Mail { services: Vec::new(), ..known.clone() } == mail;
    let place = draft.alerts.iter().position(same).unwrap_or(draft.alerts.len());
    if place == draft.alerts.len() {
        draft.alerts.push(mail);
    }
    let Some(mail) = draft.alerts.get_mut(place) else { return };
    mail.services.push(service.to_owned());
    if mail.services.len() == sections {
        // It is for all of them, and for those that come.
        mail.services.clear();
    }
}
