//! `[alerts.NAME]`.

use super::{Pairs, quoted};
use director_core::config::dialogue::Secret;
use director_core::config::{Alert, Mail, Means, Security, Senders, Webhook};
use std::fmt::Display;

pub(super) fn table(name: &str, alert: &Alert) -> String {
    let mut pairs = Pairs::new();
    match &alert.means {
        Means::Command(words) => pairs.raw("command", texts(words)),
        Means::Mail(it) => pairs.raw("mail", mail(it)),
        Means::Webhook(it) => pairs.raw("webhook", webhook(it)),
    }
    pairs.raw("events", texts(alert.occasions.iter().map(|occasion| occasion.word())));
    if !alert.services.is_empty() {
        pairs.raw("services", texts(&alert.services));
    }
    pairs.text("senders", if alert.senders == Senders::All { "all" } else { "active" });
    if let Some(pause) = alert.repeat {
        pairs.duration("repeat", pause);
    }
    pairs.raw("recovery", alert.recovery);
    let mut limit = Pairs::new();
    limit.raw("count", alert.limit.count);
    limit.duration("within", alert.limit.within);
    pairs.raw("limit", limit.inline());
    let mut retry = Pairs::new();
    retry.duration("first", alert.retry.first);
    retry.duration("longest", alert.retry.longest);
    retry.duration("for", alert.retry.lasts);
    pairs.raw("retry", retry.inline());
    pairs.duration("timeout", alert.timeout);
    pairs.named("alerts", name)
}

fn texts(all: impl IntoIterator<Item = impl Display>) -> String {
    let all: Vec<String> = all.into_iter().map(|it| quoted(&it.to_string())).collect();
    format!("[{}]", all.join(", "))
}

fn secret(kind: &str, kept: &Secret, pairs: &mut Pairs) {
    match kept {
        Secret::File(path) => pairs.text(&format!("{kind}-file"), path),
        Secret::Variable(name) => pairs.text(&format!("{kind}-env"), name),
    }
}

fn mail(mail: &Mail) -> String {
    let mut pairs = Pairs::new();
    pairs.raw("to", texts(&mail.to));
    pairs.text("from", &mail.from);
    pairs.text("server", &mail.host);
    pairs.raw("port", mail.port);
    pairs.text(
        "tls",
        match mail.security {
            Security::Off => "off",
            Security::Starttls => "starttls",
            Security::Tls => "on",
        },
    );
    pairs.given("roots", mail.roots.as_ref());
    if let Some(login) = &mail.login {
        pairs.text("user", &login.user);
        secret("password", &login.password, &mut pairs);
    }
    pairs.given("helo", mail.helo.as_ref());
    pairs.inline()
}

fn webhook(webhook: &Webhook) -> String {
    let Webhook { tls, host, port, path, roots, token } = webhook;
    let scheme = if *tls { "https" } else { "http" };
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let mut pairs = Pairs::new();
    pairs.text("url", format_args!("{scheme}://{host}:{port}{path}"));
    pairs.given("roots", roots.as_ref());
    if let Some(token) = token {
        secret("token", token, &mut pairs);
    }
    pairs.inline()
}
