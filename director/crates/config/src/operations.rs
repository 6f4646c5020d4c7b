//! `[telemetry]` and `[maintenance]`: what is for those who operate the directors.

use crate::code::Code;
use crate::found::Found;
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::text;
use director_core::config::Operations;
use std::net::SocketAddr;

pub(crate) const TELEMETRY_KEYS: Keys = Keys { known: &["metrics"], later: &[] };
pub(crate) const MAINTENANCE_KEYS: Keys = Keys { known: &["directory"], later: &[] };
const METRICS_EXAMPLE: &str = r#"metrics = "127.0.0.1:9470""#;
const DIRECTORY_EXAMPLE: &str = r#"directory = "/etc/director/maintenance""#;

/// What the file's `root` says of both.
pub(crate) fn read(root: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Operations> {
    let metrics = root.read("telemetry", found, telemetry).or(None);
    let maintenance = root.read("maintenance", found, maintenance).or(None);
    Some(Operations { metrics: metrics?, maintenance: maintenance? })
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
