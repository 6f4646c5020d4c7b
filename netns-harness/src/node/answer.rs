//! What a real server said, in any of the languages that clients speak.

use super::database;
use crate::plan::Speech;

/// An answer, or as much of it as has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Whether nothing of it is missing.
    pub(super) complete: bool,
    /// Whether the server says that it is well; a page beside that is an error's.
    pub(super) well: bool,
    /// Who answered, where the language has room for it.
    pub(super) server: Option<String>,
    /// The page.
    pub(super) page: String,
}

impl Answer {
    /// Reads these bytes.
    pub(super) fn of(speech: Speech, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let server = || server(&text);
        match (speech, text.split_once("\r\n\r\n")) {
            (Speech::Postgresql, _) => database::answer(bytes),
            (Speech::Line, _) => {
                Self { complete: true, well: true, server: server(), page: text.to_string() }
            }
            (Speech::Datagram, Some((_, page))) => {
                Self { complete: true, well: true, server: server(), page: page.to_owned() }
            }
            (_, Some((head, page))) => Self {
                complete: length(head).is_none_or(|want| page.len() >= want),
                well: speech != Speech::Http || text.starts_with("HTTP/1.1 200 "),
                server: server(),
                page: page.to_owned(),
            },
            (_, None) => {
                Self { complete: false, well: false, server: server(), page: String::new() }
            }
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn length(head: &str) -> Option<usize> {
    header(head, "content-length")?.parse().ok()
}

fn server(text: &str) -> Option<String> {
    header(text.split("\r\n\r\n").next()?, "x-server").map(str::to_owned)
}
