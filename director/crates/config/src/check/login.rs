//! Who logs in, and where secrets are kept.

use super::content::line;
use crate::code::Code;
use crate::found::Found;
use crate::section::Section;
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::text;
use director_core::config::dialogue::{Login, Secret};

const PASSWORD: [&str; 2] = ["password-file", "password-env"];
const PASSWORD_HELP: &str =
    r#"say where it is kept: password-file = "/etc/director/check.password""#;

/// `user` with its password; `None` when wrong, `Some(None)` when there is neither.
pub(super) fn login(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Option<Login>> {
    let written = ["user", PASSWORD[0], PASSWORD[1]].map(|key| section.entry(key).is_some());
    if written == [false; 3] { Some(None) } else { required_login(section, found).map(Some) }
}

/// `user` with its password, which must be there.
pub(super) fn required_login(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Login> {
    let user = section.need("user", r#"say who logs in: user = "director""#, found, line);
    let password = required_secret(PASSWORD, PASSWORD_HELP, section, found);
    Some(Login { user: user?.value, password: password? })
}

/// The password alone.
pub(super) fn password(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Option<Secret>> {
    secret(PASSWORD, section, found)
}

/// A secret that must be there, in one of two places.
pub(super) fn required_secret(
    keys: [&str; 2],
    help: &str,
    section: &Section<'_, '_>,
    found: &mut Found<'_>,
) -> Option<Secret> {
    let given = secret(keys, section, found)?;
    if given.is_none() && !keys.iter().any(|key| section.misspelt(key)) {
        let [file, variable] = keys.map(quote);
        let message = format!("{} has neither {file} nor {variable}", section.title);
        found.add(Code::MissingKey, &section.span, message, help);
    }
    given
}

/// The secret in one of two places; `Some(None)` when there is none.
pub(crate) fn secret(
    [file, variable]: [&str; 2],
    section: &Section<'_, '_>,
    found: &mut Found<'_>,
) -> Option<Option<Secret>> {
    let path = section.read(file, found, path).given_or_absent()?;
    let name = section.read(variable, found, environment).given_or_absent()?;
    match (path, name) {
        (Some(path), None) => Some(Some(Secret::File(path))),
        (None, Some(name)) => Some(Some(Secret::Variable(name))),
        (None, None) => Some(None),
        (Some(_), Some(_)) => {
            let place = section.entry(variable).map_or(0..0, |entry| entry.key_span.clone());
            let message = format!("{} stands beside {}", quote(variable), quote(file));
            found.add(Code::NoEffect, &place, message, "keep one of them");
            None
        }
    }
}

/// The absolute path of a file: the director's working directory means nothing.
pub(crate) fn path(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let path = text(key, value, found)?;
    if path.starts_with('/') && !path.contains('\0') {
        return Some(path.to_owned());
    }
    let message = format!("{} is not the whole path of a file", quote(path));
    found.add(Code::BadText, &value.span, message, "begin with \"/\"");
    None
}

fn environment(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let name = text(key, value, found)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.is_empty() && name.chars().all(fits) {
        return Some(name.to_owned());
    }
    let message = format!("{} is not the name of a variable", quote(name));
    let help = "write letters, digits and \"_\", such as CHECK_PASSWORD";
    found.add(Code::BadText, &value.span, message, help);
    None
}
