//! The files with the secrets of checks and alerts, and those of TLS.

use crate::code::Code;
use crate::files::others_may_read;
use crate::place::Places;
use crate::problem::Problem;
use crate::source::{Source, Span};
use crate::suggest::quote_path;
use crate::texts::Texts;
use director_core::config::Config;
use director_core::config::dialogue::Secret;
use std::path::Path;
use toml_edit::{Document, Item, TableLike};

/// What is wrong with them, at their places in the texts. What is in them is not looked at.
pub(crate) fn problems(config: &Config, texts: &Texts) -> Vec<Problem> {
    let (source, places) = (Source::new(texts), Places::new(texts));
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
            let span = places.first(|document| span(document, table, path));
            found.push(Problem::at(&source, code, &span, message, help.to_owned()));
        }
    }
    if let Some(api) = &config.operations.api {
        let files = [("certificate", &api.certificate), ("clients", &api.clients)];
        let shown = files.map(|(key, path)| (key, path, unreadable(Path::new(path))));
        let secret = ("key-file", &api.key_file, wrong(Path::new(&api.key_file)));
        for (key, named, problem) in shown.into_iter().chain([secret]) {
            let Some((code, message, help)) = problem else { continue };
            let span = places.first(|document| of_api(document, key, named));
            found.push(Problem::at(&source, code, &span, message, help.to_owned()));
        }
    }
    found
}

/// Where a file of `api` is named: by a node for itself, or by all.
fn of_api(document: &Document<&str>, key: &str, path: &str) -> Option<Span> {
    let nodes = document.get("nodes").and_then(Item::as_table_like);
    let own = nodes.into_iter().flat_map(TableLike::iter);
    let mut own = own.filter_map(|(_, node)| node.get("override")?.get("api")?.get(key));
    let own = own.find(|item| item.as_str() == Some(path));
    own.or_else(|| document.get("api")?.get(key))?.span()
}

/// What is wrong with a file that is no secret.
fn unreadable(path: &Path) -> Option<(Code, String, &'static str)> {
    let error = std::fs::File::open(path).err()?;
    let message = format!("{} cannot be read: {error}", quote_path(path));
    Some((Code::Unreadable, message, "name a PEM file that can be read"))
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
fn span(document: &Document<&str>, [kind, name]: [&str; 2], path: &str) -> Option<Span> {
    let table = document.get(kind)?.get(name)?.as_table_like()?;
    let mut keys = table.iter().filter_map(|(_, it)| it.as_table_like()).flat_map(TableLike::iter);
    let named = keys.find(|(_, item)| item.as_str() == Some(path));
    named.and_then(|(_, item)| item.span())
}
