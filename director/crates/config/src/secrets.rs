//! The files with the secrets of checks.

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
    for (name, service) in &config.services {
        for secret in service.check.dialogue.secrets() {
            let Secret::File(path) = secret else { continue };
            if let Some((code, message, help)) = wrong(Path::new(path)) {
                let span = span(text, name.as_str(), path);
                found.push(Problem::at(&source, code, &span, message, help.to_owned()));
            }
        }
    }
    found
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

/// Where the check of a service names a file.
fn span(text: &str, service: &str, path: &str) -> Span {
    let document = toml_edit::Document::parse(text).ok();
    let check = document.as_ref().and_then(|it| it.get("services")?.get(service)?.get("check"));
    let keys = check.and_then(|check| check.as_table_like()).map(TableLike::iter);
    let named = keys.and_then(|mut keys| keys.find(|(_, item)| item.as_str() == Some(path)));
    named.and_then(|(_, item)| item.span()).unwrap_or(0..0)
}
