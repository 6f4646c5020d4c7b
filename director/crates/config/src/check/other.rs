//! Checks of types `tcp`, `udp`, `dns`, `radius`, `sip`, `agent`, `program` and `file`.

use super::content::{expect, line, send, word};
use super::login::{path, required_login, required_secret};
use super::tls::{Starttls, tls};
use crate::code::Code;
use crate::found::Found;
use crate::section::Section;
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::{choice, list, text};
use director_core::config::Dialogue;
use director_core::config::dialogue::{
    Agent, Dns, File, Program, Radius, Record, Sip, Talk, Tls, Transport, Udp,
};
use std::sync::Arc;

const TRANSPORTS: [(&str, Transport); 2] = [("udp", Transport::Udp), ("tcp", Transport::Tcp)];
/// As whom programs run where nothing else is said.
const NOBODY: &str = "nobody";

pub(super) fn tcp(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let tls = tls(Starttls::HasNot, section, found);
    let send = send(section, found);
    let expect = expect(section, found);
    let talk = Talk { tls: tls?, send: send?, expect: expect? };
    let silent = talk == Talk::default();
    Some(if silent { Dialogue::Tcp } else { Dialogue::Talk(Arc::new(talk)) })
}

pub(super) fn udp(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let send = send(section, found);
    let expect = expect(section, found);
    Some(Dialogue::Udp(Arc::new(Udp { send: send?, expect: expect? })))
}

pub(super) fn agent(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    send(section, found).map(|send| Dialogue::Agent(Arc::new(Agent { send })))
}

pub(super) fn dns(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let words: Vec<_> = Record::ALL.iter().map(|it| (it.name(), *it)).collect();
    let help = r#"say what to resolve: name = "www.example.org""#;
    let name = section.need("name", help, found, domain).map(|at| at.value);
    let record = section.read("record", found, choice(&words)).or(Record::A);
    let carried = carried(section, found);
    let expect = expect(section, found);
    let (transport, tls) = carried?;
    let dns = Dns { tls, transport, name: name?, record: record?, expect: expect? };
    Some(Dialogue::Dns(Arc::new(dns)))
}

/// Over what a question goes that can go over UDP and TCP, and whether in secret.
fn carried(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<(Transport, Option<Tls>)> {
    let tls = tls(Starttls::HasNot, section, found);
    let written = section.read("transport", found, choice(&TRANSPORTS)).at_or_absent();
    let (tls, written) = (tls?, written?);
    match (&tls, written) {
        (Some(_), Some(at)) if at.value == Transport::Udp => {
            let message = "TLS goes over TCP, not over UDP";
            found.add(Code::NoEffect, &at.span, message, "keep transport or tls");
            None
        }
        (Some(_), _) => Some((Transport::Tcp, tls)),
        (None, written) => Some((written.map_or(Transport::Udp, |at| at.value), None)),
    }
}

/// A domain name in its wire form's limits (RFC 1035 §2.3.4).
fn domain(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let name = word(key, value, found)?;
    let labels = name.strip_suffix('.').unwrap_or(&name);
    let fits = |label: &str| (1..=63).contains(&label.len()) && !label.contains('\\');
    if name == "." || labels.len() <= 253 && labels.split('.').all(fits) {
        return Some(name);
    }
    let message = format!("{} is not a domain name", quote(&name));
    let help = "write labels of at most 63 characters with dots between them";
    found.add(Code::BadText, &value.span, message, help);
    None
}

pub(super) fn radius(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let login = required_login(section, found);
    let help = r#"say where the shared secret is kept: secret-file = "/etc/director/radius""#;
    let secret = required_secret(["secret-file", "secret-env"], help, section, found);
    Some(Dialogue::Radius(Arc::new(Radius { login: login?, secret: secret? })))
}

pub(super) fn sip(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let help = r#"say who asks and is asked for: user = "director@example.org""#;
    let user = section.need("user", help, found, sip_user).map(|at| at.value);
    let (transport, tls) = carried(section, found)?;
    Some(Dialogue::Sip(Arc::new(Sip { tls, transport, user: user? })))
}

fn sip_user(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let user = word(key, value, found)?;
    let parts = user.split_once('@');
    let fits = |part: &str| !part.is_empty() && !part.contains(['@', '<', '>', ';', '"', ',']);
    if parts.is_some_and(|(name, host)| fits(name) && fits(host)) {
        return Some(user);
    }
    let message = format!("{} is not a user of a host", quote(&user));
    found.add(Code::BadText, &value.span, message, "write \"director@example.org\"");
    None
}

pub(super) fn program(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let help = r#"name the program: command = ["/usr/local/bin/check"]"#;
    let command = section.need("command", help, found, command).map(|at| at.value);
    let user = section.read("user", found, line).or_else(|| Some(NOBODY.to_owned()));
    Some(Dialogue::Program(Arc::new(Program { command: command?, user: user? })))
}

/// A path and arguments: no shell reads them.
fn command(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Vec<String>> {
    let values = list(key, value, found)?;
    let mut words = Vec::with_capacity(values.len());
    for (place, value) in values.iter().enumerate() {
        let word = if place == 0 {
            path(key, value, found)?
        } else {
            text(key, value, found).filter(|word| !word.contains('\0'))?.to_owned()
        };
        words.push(word);
    }
    if words.is_empty() {
        let help = r#"name the program: command = ["/usr/local/bin/check"]"#;
        found.add(Code::BadText, &value.span, "there is no program in the list", help);
        return None;
    }
    Some(words)
}

pub(super) fn file(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let help = r#"name the file: file = "/run/director/app""#;
    let path = section.need("file", help, found, path).map(|at| at.value);
    let expect = expect(section, found);
    Some(Dialogue::File(Arc::new(File { path: path?, expect: expect? })))
}
