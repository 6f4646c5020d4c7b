//! `fence`, `notify`, `fallback-command`: commands of the operator's.

use crate::code::Code;
use crate::duration::at_least;
use crate::found::Found;
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::{list, text};
use director_core::config::Hook;
use std::time::Duration;

pub(crate) const KEYS: Keys = Keys { known: &["command", "timeout"] };
/// Less does not even start a program.
const SHORTEST: Duration = Duration::from_millis(10);

/// The command under `key`, with the timeout that it has when none is written.
pub(crate) fn hook(
    default: Duration,
) -> impl FnOnce(&str, &Value<'_>, &mut Found<'_>) -> Option<Hook> {
    move |key, value, found| {
        let title = quote(key);
        let example = format!(r#"{key} = {{ command = ["/etc/director/{key}"] }}"#);
        let section = Section::open(title, value, &KEYS, &example, found)?;
        let help = format!("name a program: {example}");
        let command = section.need("command", &help, found, command);
        let timeout = section.read("timeout", found, at_least(SHORTEST)).or(default);
        Some(Hook { command: command?.value, timeout: timeout? })
    }
}

/// A program by its full path, and arguments.
pub(crate) fn command(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Vec<String>> {
    let values = list(key, value, found)?;
    let words: Vec<String> =
        values.iter().filter_map(|value| Some(text(key, value, found)?.to_owned())).collect();
    if words.len() != values.len() {
        return None;
    }
    let bad = |word: &String| word.contains('\0');
    if words.first().is_some_and(|program| program.starts_with('/')) && !words.iter().any(bad) {
        return Some(words);
    }
    let message = "a command begins with the full path of a program";
    let help = r#"write command = ["/etc/director/notify", "argument"]"#;
    found.add(Code::BadText, &value.span, message, help);
    None
}
