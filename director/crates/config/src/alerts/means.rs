//! `command`, `mail` and `webhook` of a channel of alerts.

use crate::check::login::{path, secret};
use crate::code::Code;
use crate::found::Found;
use crate::hook;
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::{choice, list, number, text};
use director_core::config::dialogue::Login;
use director_core::config::{Mail, Means, Security, Webhook};
use std::net::IpAddr;
use std::num::NonZeroU16;

pub(crate) const MAIL_KEYS: Keys = Keys {
    known: &[
        "to",
        "from",
        "server",
        "port",
        "tls",
        "roots",
        "user",
        "password-file",
        "password-env",
        "helo",
    ],
};
pub(crate) const WEBHOOK_KEYS: Keys = Keys { known: &["url", "roots", "token-file", "token-env"] };

const MEANS: [&str; 3] = ["command", "mail", "webhook"];
const COMMAND: &str = r#"command = ["/etc/director/alert"]"#;
const MAIL: &str = r#"mail = { to = ["ops@example.org"], from = "director@example.org" }"#;
const WEBHOOK: &str = r#"webhook = { url = "https://alerts.example.org/director" }"#;

/// How the channel tells: one of the three.
pub(super) fn read(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Means> {
    let mut written = MEANS.iter().filter_map(|key| section.entry(key));
    let (first, second) = (written.next(), written.next());
    if let (Some(first), Some(second)) = (first, second) {
        let message = format!("{} stands beside {}", quote(second.key), quote(first.key));
        let help = "a channel tells by one means: write another [alerts.NAME]";
        found.add(Code::NoEffect, &second.key_span, message, help);
        return None;
    }
    match first.map(|entry| entry.key) {
        Some("mail") => section.read("mail", found, mail).given(),
        Some("webhook") => section.read("webhook", found, webhook).given(),
        Some(_) => {
            let command = |key: &str, value: &Value<'_>, found: &mut Found<'_>| {
                hook::command(key, value, found).map(Means::Command)
            };
            section.read("command", found, command).given()
        }
        None => {
            if !MEANS.iter().any(|key| section.misspelt(key)) {
                let message = format!("{} does not say how to tell", section.title);
                let help = format!("write {COMMAND}, {MAIL} or {WEBHOOK}");
                found.add(Code::MissingKey, &section.span, message, help);
            }
            None
        }
    }
    .map(|at| at.value)
}

fn mail(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Means> {
    let section = Section::open(quote(key), value, &MAIL_KEYS, MAIL, found)?;
    let help = format!("write {MAIL}");
    let to = section.need("to", &help, found, addresses);
    let from = section.need("from", &help, found, address);
    let host = section.read("server", found, host).or("localhost".to_owned());
    let port = section.read("port", found, number::<u16>(1..=65535)).given_or_absent();
    let words = [("off", Security::Off), ("starttls", Security::Starttls), ("on", Security::Tls)];
    let security = section.read("tls", found, choice(&words));
    let roots = section.read("roots", found, path).given_or_absent();
    let login = login(&section, found);
    let helo = section.read("helo", found, own_name).given_or_absent();
    let (host, login, roots, helo) = (host?, login?, roots?, helo?);
    let usual = if is_here(&host) { Security::Off } else { Security::Starttls };
    let security = security.or(usual)?;
    if security == Security::Off && !is_here(&host) && login.is_some() {
        let entry = section.entry("tls").map_or(section.span.clone(), |it| it.value.span.clone());
        let message = format!("the password would go to {} readable for everybody", quote(&host));
        let help = r#"write tls = "starttls" or tls = "on""#;
        found.add(Code::SecretExposed, &entry, message, help);
        return None;
    }
    if security == Security::Off && roots.is_some() {
        no_effect(&section, "roots", "the connection is not secret", found);
        return None;
    }
    let usual = match security {
        Security::Tls => 465,
        _ if login.is_some() => 587,
        _ => 25,
    };
    let port = NonZeroU16::new(port?.unwrap_or(usual))?;
    let (to, from) = (to?.value, from?.value);
    Some(Means::Mail(Box::new(Mail { to, from, host, port, security, roots, login, helo })))
}

fn no_effect(section: &Section<'_, '_>, key: &str, why: &str, found: &mut Found<'_>) {
    if let Some(entry) = section.entry(key) {
        let message = format!("{} has no effect: {why}", quote(key));
        found.add(Code::NoEffect, &entry.key_span, message, "leave the key out");
    }
}

/// Whether what goes there stays on this host.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn addresses(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Vec<String>> {
    let values = list(key, value, found)?;
    let all: Vec<String> = values.iter().filter_map(|value| address(key, value, found)).collect();
    if values.is_empty() {
        let help = "name at least one address";
        found.add(Code::BadText, &value.span, "a mail goes to somebody", help);
        return None;
    }
    (all.len() == values.len()).then_some(all)
}

/// A mail address without a name, such as RFC 5321 has on its command lines.
fn address(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let given = text(key, value, found)?;
    let part = |part: &str| {
        let fits = |byte: u8| byte.is_ascii_graphic() && !b"<>()[],;:\\\"@".contains(&byte);
        !part.is_empty() && part.bytes().all(fits)
    };
    if given.split_once('@').is_some_and(|(local, domain)| part(local) && part(domain)) {
        return Some(given.to_owned());
    }
    let message = format!("{} is not a mail address", quote(given));
    found.add(Code::BadText, &value.span, message, "write one such as \"ops@example.org\"");
    None
}

/// A name or an address of a host.
fn host(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let given = text(key, value, found)?;
    if is_host(given) {
        return Some(given.to_owned());
    }
    let message = format!("{} is not the name or the address of a host", quote(given));
    found.add(Code::BadText, &value.span, message, "write it without a port");
    None
}

fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_name(text)
}

fn is_name(text: &str) -> bool {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !text.is_empty() && text.bytes().all(name)
}

/// What stands behind `EHLO` (RFC 5321 §4.1.1.1).
fn own_name(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let given = text(key, value, found)?;
    if is_name(given) {
        return Some(given.to_owned());
    }
    let message = format!("{} is not the name of a host", quote(given));
    found.add(Code::BadText, &value.span, message, "write one such as \"d1.example.org\"");
    None
}

fn login(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Option<Login>> {
    let keys = ["password-file", "password-env"];
    let user = section.read("user", found, crate::check::content::line).given_or_absent()?;
    let password = secret(keys, section, found)?;
    match (user, password) {
        (None, None) => Some(None),
        (Some(user), Some(password)) => Some(Some(Login { user, password })),
        (user, _) => {
            let message = if user.is_some() {
                "a user logs in with a password"
            } else {
                "nobody is named who has this password"
            };
            let help = r#"write user = "director", password-file = "/etc/director/mail.password""#;
            found.add(Code::MissingKey, &section.span, message, help);
            None
        }
    }
}

fn webhook(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Means> {
    let section = Section::open(quote(key), value, &WEBHOOK_KEYS, WEBHOOK, found)?;
    let url = section.need("url", &format!("write {WEBHOOK}"), found, url);
    let roots = section.read("roots", found, path).given_or_absent();
    let token = secret(["token-file", "token-env"], &section, found);
    let (url, roots, token) = (url?, roots?, token?);
    let Url { tls, host, port, path } = url.value;
    if !tls && !is_here(&host) && token.is_some() {
        let message = format!("the token would go to {} readable for everybody", quote(&host));
        found.add(Code::SecretExposed, &url.span, message, "write https:// instead of http://");
        return None;
    }
    if !tls && roots.is_some() {
        no_effect(&section, "roots", "the connection is not secret", found);
        return None;
    }
    Some(Means::Webhook(Box::new(Webhook { tls, host, port, path, roots, token })))
}

/// A URL of HTTP, in its parts.
struct Url {
    tls: bool,
    host: String,
    port: NonZeroU16,
    path: String,
}

fn url(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Url> {
    let given = text(key, value, found)?;
    let rest = given.strip_prefix("https://").map(|rest| (true, rest));
    let rest = rest.or_else(|| given.strip_prefix("http://").map(|rest| (false, rest)));
    let (message, help) = match rest.map(|(tls, rest)| (tls, parts(tls, rest))) {
        Some((_, Some(url))) => return Some(url),
        Some((_, None)) if given.contains('@') => (
            "a URL has no room for a secret".to_owned(),
            r#"keep it in a file: token-file = "/etc/director/pager.token""#,
        ),
        _ => (
            format!("{} is not a URL of HTTP", quote(given)),
            r#"write one such as "https://alerts.example.org/director""#,
        ),
    };
    found.add(Code::BadText, &value.span, message, help);
    None
}

/// `host`, `host:port`, `[address]:port`, and a path.
fn parts(tls: bool, rest: &str) -> Option<Url> {
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) if rest[at..].starts_with('?') => (&rest[..at], format!("/{}", &rest[at..])),
        Some(at) => (&rest[..at], rest[at..].to_owned()),
        None => (rest, "/".to_owned()),
    };
    let usual = if tls { 443 } else { 80 };
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']')?;
            let port = match rest.strip_prefix(':') {
                Some(port) => port.parse().ok()?,
                None if rest.is_empty() => usual,
                None => return None,
            };
            (host, port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, usual),
        },
    };
    let visible = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let port = NonZeroU16::new(port)?;
    (visible && is_host(host)).then(|| Url { tls, host: host.to_owned(), port, path })
}
