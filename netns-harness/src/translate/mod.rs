//! A director's configuration in another stack's words, as equal as that stack can be.

mod keepalived;
mod ldirectord;
mod source;

pub(crate) use ldirectord::DIRECTORY as HEARTBEAT_DIRECTORY;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::stack::Stack;

/// The files of a stack on one node, and where they mean something else than the director's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Translation {
    /// In the order in which they are written; the first one has the notes as comments.
    pub(crate) files: Vec<ConfigText>,
    /// One sentence each, the same for every node.
    pub(crate) notes: Vec<String>,
}

/// A file of a stack's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConfigText {
    /// Where it stands on the node's disk.
    pub(crate) path: String,
    /// What stands in it.
    pub(crate) text: String,
    /// Whether nobody else may read it.
    pub(crate) secret: bool,
}

/// Where our own daemon's configuration stands on a node.
pub(crate) const DIRECTOR_FILE: &str = "/etc/director/director.toml";

impl ConfigText {
    /// A file that everybody may read.
    pub(crate) fn open(path: impl Into<String>, text: String) -> Self {
        Self { path: path.into(), text, secret: false }
    }
}

/// What the stack is told on one node; our own daemon gets the text as it stands.
///
/// # Errors
/// One sentence on what cannot be read or has no equal at all.
pub(crate) fn translate(stack: Stack, config: &str, node: &str) -> Result<Translation, String> {
    match stack {
        Stack::Director => {
            let file = ConfigText::open(DIRECTOR_FILE, config.to_owned());
            Ok(Translation { files: vec![file], notes: Vec::new() })
        }
        Stack::Keepalived => keepalived::translate(config, node),
        Stack::Ldirectord => ldirectord::translate(config, node),
    }
}

/// `0.1`, `2`: decimal seconds down to the microsecond.
fn seconds(value: Duration) -> String {
    let text = format!("{}.{:06}", value.as_secs(), value.subsec_micros());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A pattern for this text, for readers to whom backslashes and quotes mean something before the
/// pattern is one, so that none is written: what would need one matches any character.
fn literal(text: &str) -> String {
    let mut pattern = String::new();
    for letter in text.chars() {
        match letter {
            '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '$' => {
                pattern.extend(['[', letter, ']']);
            }
            '^' | '\\' | '"' => pattern.push('.'),
            letter if letter.is_control() => pattern.push('.'),
            letter => pattern.push(letter),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_matched_as_it_stands_and_nothing_is_quoted() {
        assert_eq!(literal("OK"), "OK");
        assert_eq!(literal("1.0 (a)"), "1[.]0 [(]a[)]");
        assert_eq!(literal("a\"b\\c^"), "a.b.c.");
    }

    #[test]
    fn our_own_daemon_reads_what_was_written() {
        let found = translate(Stack::Director, "no TOML [", "d1").unwrap();
        assert_eq!(found.files[0].text, "no TOML [");
        assert!(found.notes.is_empty());
    }
}
