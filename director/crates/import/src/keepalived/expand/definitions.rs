//! `$NAME=VALUE`, and what stands for a name where it is used.

use super::{Expander, Here};
use director_config::Code;
use std::collections::BTreeMap;

/// Replacements in one line, one after the other; more go in circles.
const MOST_ROUNDS: usize = 200;
/// No line is longer when everything is put in: 64 KiB.
const LONGEST_LINE: usize = 64 << 10;

/// What stands for a name.
#[derive(Clone)]
pub(super) struct Definition {
    /// One line, or those of a block.
    pub(super) lines: Vec<String>,
}

/// All definitions so far.
#[derive(Default)]
pub(super) struct Definitions(BTreeMap<String, Definition>);

/// A use of a name in a line.
struct Use {
    start: usize,
    end: usize,
    name: String,
}

impl Definitions {
    pub(super) fn set(&mut self, name: &str, definition: Definition) {
        self.0.insert(name.to_owned(), definition);
    }

    fn get(&self, name: &str) -> Option<&Definition> {
        self.0.get(name)
    }
}

/// The name and the value when the line is a definition.
pub(super) fn begins(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start().strip_prefix('$')?;
    let end = rest.find(|c: char| !is_part(c))?;
    let (name, rest) = rest.split_at(end);
    let is_name = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    let value = rest.strip_prefix('=')?;
    is_name.then_some((name, value))
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The uses of names in a line: `${NAME}` anywhere, `$NAME` before white space.
fn uses(line: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for (start, _) in line.match_indices('$') {
        let rest = line.get(start + 1..).unwrap_or("");
        if let Some(inner) = rest.strip_prefix('{') {
            let Some(end) = inner.find('}') else { continue };
            let name = inner.get(..end).unwrap_or("").trim().to_owned();
            found.push(Use { start, end: start + end + 3, name });
            continue;
        }
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let follows = rest.get(end..).and_then(|rest| rest.chars().next());
        if end > 0 && follows.is_none_or(char::is_whitespace) {
            let name = rest.get(..end).unwrap_or("").to_owned();
            found.push(Use { start, end: start + end + 1, name });
        }
    }
    found
}

impl Expander<'_> {
    /// The block that a name in the line stands for, with what is before and after it.
    pub(super) fn block(&self, line: &str) -> Option<(String, Vec<String>, String)> {
        uses(line).into_iter().find_map(|used| {
            let definition = self.definitions.get(&used.name)?;
            let is_block = definition.lines.len() > 1;
            let before = line.get(..used.start)?.to_owned();
            let after = line.get(used.end..)?.to_owned();
            is_block.then(|| (before, definition.lines.clone(), after))
        })
    }

    /// The line with a value for every name that has one, values of values included.
    pub(super) fn replaced(&mut self, line: &str, here: Here<'_>) -> String {
        let mut line = line.to_owned();
        for _ in 0..MOST_ROUNDS {
            let next = uses(&line).into_iter().find_map(|used| {
                let value = self.value(&used.name, here)?;
                Some((used, value))
            });
            let Some((used, value)) = next else { return line };
            let before = line.get(..used.start).unwrap_or("");
            let after = line.get(used.end..).unwrap_or("");
            line = format!("{before}{value}{after}");
            if line.len() > LONGEST_LINE {
                break;
            }
        }
        let message = "the definitions in this line contain each other without end";
        self.log.wrong(Code::OutOfRange, here.place, message, "define them without themselves");
        String::new()
    }

    fn value(&mut self, name: &str, here: Here<'_>) -> Option<String> {
        if let Some(definition) = self.definitions.get(name) {
            let single = definition.lines.len() == 1;
            return definition.lines.first().filter(|_| single).cloned();
        }
        let mut words = name.split_whitespace();
        match words.next()? {
            "_PWD" => Some(here.folder.display().to_string()),
            "_INSTANCE" => Some(self.config_id.clone()),
            "_HASH" => Some("#".to_owned()),
            "_BANG" => Some("!".to_owned()),
            "_ENV" => {
                let variable = words.next()?;
                Some(self.around.variable(variable).unwrap_or_default())
            }
            "_RANDOM" => {
                let least = words.next().unwrap_or("0").to_owned();
                let text = format!("{least} stands where a random number was");
                self.log.left_out(here.place, "_RANDOM", text);
                Some(least)
            }
            _ => None,
        }
    }
}
