//! The files with the secrets of checks and alerts, and those of TLS.

use crate::code::Code;
use crate::files::others_may_read;
use crate::problem::Problem;
use crate::source::{Source, Span};
use crate::suggest::quote_path;
use director_core::config::Config;
use director_core::config::dialogue::Secret;
use std::path::Path;
use toml_edit::TableLike;

/// What is wrong with them, at their places in the text. What is in them is not looked at.
pub(crate) fn problems(config: &Config, text: &str) -> Vec<Problem> {
    let source = Source::new(text);
    let mut found = Vec::new();
    let checks = config.services.iter().flat_map(|(name, service)| {
        let secrets = service.check.dialogue.secrets().into_iter();
        secrets.map(|secret| (["services", name.as_str()], secret))
    });
    let alerts = config.alerts.iter().filter_map(|(name, alert)| {
        alert.secret().map(|secret| (["alerts", name.as_str()], secret))
    });
    for (table, secret) in checks.chain(alerts) {
        let Secret::File(path) = secret else { continue };
        if let Some((code, message, help)) = wrong(Path::new(path)) {
            let span = span(text, table, path);
            found.push(Problem::at(&source, code, &span, message, help.to_owned()));
        }
    }
    if let Some(api) = &config.operations.api {
        let files = [("certificate", &api.certificate), ("clients", &api.clients)];
        let shown = files.map(|(key, path)| (key, unreadable(Path::new(path))));
        let secret = ("key-file", wrong(Path::new(&api.key_file)));
        for (key, problem) in shown.into_iter().chain([secret]) {
            let Some((code, message, help)) = problem else { continue };
            let span = of_key(text, ["api", key]);
            found.push(Problem::at(&source, code, &span, message, help.to_owned()));
        }
    }
    found
}

/// What is wrong with a file that is no secret.
fn unreadable(path: &Path) -> Option<(Code, String, &'static str)> {
    let error = std::fs::File::open(path).err()?;
    let message = format!("{} cannot be read: {error}", quote_path(path));
    Some((Code::Unreadable, message, "name a PEM file that can be read"))
}

/// Where a key of a table stands.
fn of_key(text: &str, [table, key]: [&str; 2]) -> Span {
    let document = toml_edit::Document::parse(text).ok();
    let item = document.as_ref().and_then(|it| it.get(table)?.get(key)?.span());
    item.unwrap_or(0..0)
}

fn wrong(path: &Path) -> Option<(Code, String, &'static str)> {
    let shown = quote_path(path);
    match std::fs::metadata(path) {
        Err(error) => Some((
            Code::SecretMissing,
            format!("the secret in {shown} cannot be read: {error}"),
            "make the file: (umask 077; cat > FILE), or name another one",
        )),
        Ok(metadata) if !metadata.is_file() || metadata.len() == 0 => Some((
            Code::SecretMissing,
            format!("there is no secret in {shown}"),
            "name a file with a secret in it",
        )),
        Ok(metadata) if others_may_read(&metadata) => Some((
            Code::SecretOpen,
            format!("others than its owner and group may read the secret in {shown}"),
            "take the permission away: chmod o-rwx FILE",
        )),
        Ok(_) => None,
    }
}

/// Where a table below `[services.NAME]` or `[alerts.NAME]` names a file.
fn span(text: &str, [kind, name]: [&str; 2], path: &str) -> Span {
    let document = toml_edit::Document::parse(text).ok();
    let table = document.as_ref().and_then(|it| it.get(kind)?.get(name)?.as_table_like());
    let below = table.into_iter().flat_map(TableLike::iter);
    let mut keys = below.filter_map(|(_, item)| item.as_table_like()).flat_map(TableLike::iter);
    let named = keys.find(|(_, item)| item.as_str() == Some(path));
    named.and_then(|(_, item)| item.span()).unwrap_or(0..0)
}
