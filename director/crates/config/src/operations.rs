//! `[telemetry]`, `[maintenance]` and `[api]`: what is for those who operate the directors.

use crate::check::login::path;
use crate::code::Code;
use crate::found::Found;
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::{list, text};
use director_core::config::{Api, Operations};
use std::collections::BTreeSet;
use std::net::SocketAddr;

pub(crate) const TELEMETRY_KEYS: Keys = Keys { known: &["metrics"] };
pub(crate) const MAINTENANCE_KEYS: Keys = Keys { known: &["directory"] };
pub(crate) const API_KEYS: Keys =
    Keys { known: &["listen", "certificate", "key-file", "clients", "operators"] };
const METRICS_EXAMPLE: &str = r#"metrics = "127.0.0.1:9470""#;
const DIRECTORY_EXAMPLE: &str = r#"directory = "/etc/director/maintenance""#;

const API_EXAMPLE: &str = r#"listen = "0.0.0.0:9471""#;
const FILES: [(&str, &str); 3] = [
    ("certificate", r#"certificate = "/etc/director/api.pem", the director's own"#),
    ("key-file", r#"key-file = "/etc/director/api.key", that of the certificate"#),
    ("clients", r#"clients = "/etc/director/clients.pem", the roots of those who may connect"#),
];

/// What the file's `root` says of them.
pub(crate) fn read(root: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Operations> {
    let metrics = root.read("telemetry", found, telemetry).or(None);
    let maintenance = root.read("maintenance", found, maintenance).or(None);
    let api = root.read("api", found, api).or(None);
    Some(Operations { metrics: metrics?, maintenance: maintenance?, api: api? })
}

fn api(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Option<Api>> {
    let section = Section::open(format!("[{key}]"), value, &API_KEYS, API_EXAMPLE, found)?;
    let listen = section.need("listen", &format!("write {API_EXAMPLE}"), found, socket);
    let [certificate, key_file, clients] = FILES.map(|(key, example)| {
        section.need(key, &format!("write {example}"), found, path).map(|at| at.value)
    });
    let operators = section.read("operators", found, names).or(BTreeSet::new());
    Some(Some(Api {
        listen: listen?.value,
        certificate: certificate?,
        key_file: key_file?,
        clients: clients?,
        operators: operators?,
    }))
}

/// Any address of this host, or all: whoever connects has a certificate.
fn socket(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<SocketAddr> {
    let given = text(key, value, found)?;
    let address: Option<SocketAddr> = given.parse().ok();
    let fits = address.filter(|address| address.port() != 0);
    if fits.is_none() {
        let message = format!("{} is not an address and port", quote(given));
        found.add(Code::BadAddress, &value.span, message, format!("write {API_EXAMPLE}"));
    }
    fits
}

/// Common names of certificates.
fn names(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<BTreeSet<String>> {
    let values = list(key, value, found)?;
    let mut names = BTreeSet::new();
    for value in values {
        let name = text(key, value, found)?;
        if name.is_empty() || name.chars().any(char::is_control) {
            let message = format!("{} is not the common name of a certificate", quote(name));
            let help = r#"write operators = ["alice"], as the certificates' subjects have it"#;
            found.add(Code::BadText, &value.span, message, help);
            return None;
        }
        names.insert(name.to_owned());
    }
    Some(names)
}

fn telemetry(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Option<SocketAddr>> {
    let section =
        Section::open(format!("[{key}]"), value, &TELEMETRY_KEYS, METRICS_EXAMPLE, found)?;
    section.read("metrics", found, loopback).given_or_absent()
}

/// Metrics tell everything of a cluster to everybody who can reach them: they stay on the host.
fn loopback(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<SocketAddr> {
    let given = text(key, value, found)?;
    let address: Option<SocketAddr> = given.parse().ok();
    let fits = address.filter(|address| address.ip().is_loopback() && address.port() != 0);
    if fits.is_none() {
        let message = format!("{} is not an address and port of the loopback", quote(given));
        let help = format!("write {METRICS_EXAMPLE}, and let a proxy serve it to others");
        found.add(Code::BadAddress, &value.span, message, help);
    }
    fits
}

fn maintenance(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Option<String>> {
    let section =
        Section::open(format!("[{key}]"), value, &MAINTENANCE_KEYS, DIRECTORY_EXAMPLE, found)?;
    let help = format!("name it: {DIRECTORY_EXAMPLE}");
    let directory = section.need("directory", &help, found, directory)?;
    Some(Some(directory.value))
}

fn directory(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let path = text(key, value, found)?;
    if path.starts_with('/') && !path.contains('\0') {
        return Some(path.to_owned());
    }
    let message = format!("{} is not the whole path of a directory", quote(path));
    found.add(Code::BadText, &value.span, message, format!("write {DIRECTORY_EXAMPLE}"));
    None
}
