//! Title, reason, length and engines.

use super::source::{Source, list, nearest};
use super::value;
use crate::{Engine, Scenario};
use std::collections::BTreeMap;
use std::time::Duration;
use toml_edit::Table;

/// Longer than this is a slip of the unit.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A scenario with only its header filled.
pub(super) fn read(source: &mut Source<'_>, root: &Table) -> Scenario {
    Scenario {
        file: source.file().to_owned(),
        title: sentence(source, root, "title", "one line that a report can head with"),
        why: sentence(source, root, "why", "what would go wrong if this were not tested"),
        length: length(source, root),
        engines: engines(source, root),
        segments: BTreeMap::new(),
        nodes: Vec::new(),
        clients: Vec::new(),
        timeline: Vec::new(),
        expectations: Vec::new(),
    }
}

fn sentence(source: &mut Source<'_>, root: &Table, key: &str, purpose: &str) -> String {
    if !root.contains_key(key) {
        source.report(0, format!("`{key}` is missing"), format!("add {key} = \"…\": {purpose}"));
    }
    let Some(text) = source.string_at(root, key) else { return String::new() };
    if text.value.trim().is_empty() {
        let at = source.start_of(&text);
        source.report(at, format!("`{key}` is empty"), format!("write {purpose}"));
    }
    text.value
}

fn length(source: &mut Source<'_>, root: &Table) -> Duration {
    if !root.contains_key("length") {
        source.report(0, "`length` is missing", "add length = \"60s\": how long the scenario runs");
    }
    let Some(text) = source.string_at(root, "length") else { return LONGEST };
    let parsed = value::duration(&text.value, 0);
    let Some(length) = source.keep(&text, parsed) else { return LONGEST };
    if length.is_zero() || length > LONGEST {
        let at = source.start_of(&text);
        source.report(at, "`length` is out of range", "more than 0s and not more than 24h");
        return LONGEST;
    }
    length
}

fn engines(source: &mut Source<'_>, root: &Table) -> Vec<Engine> {
    let known: Vec<&str> = Engine::ALL.iter().map(|engine| engine.word()).collect();
    let all = list(&known);
    if !root.contains_key("engines") {
        let help = format!("add engines = [\"world\"]: where it holds, some of {all}");
        source.report(0, "`engines` is missing", help);
    }
    let Some(texts) = source.strings_at(root, "engines") else { return Vec::new() };
    if texts.is_empty() {
        let at = super::source::key_offset(root, "engines");
        source.report(at, "`engines` is empty", format!("name some of {all}"));
    }
    let mut engines = Vec::new();
    for text in texts {
        let at = source.start_of(&text);
        match Engine::from_word(&text.value) {
            Some(engine) if engines.contains(&engine) => {
                source.report(at, format!("`{engine}` is named twice"), "name it once");
            }
            Some(engine) => engines.push(engine),
            None => {
                let help = match nearest(&text.value, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("one of {all}"),
                };
                source.report(at, format!("`{}` is not an engine", text.value), help);
            }
        }
    }
    engines
}
