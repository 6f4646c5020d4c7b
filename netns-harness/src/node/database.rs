//! What a client of a database says and hears (PostgreSQL's frontend/backend protocol, version 3).

use std::io;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::{DataRowBody, Message};
use postgres_protocol::message::frontend;

use super::answer::Answer;
use super::web::postgresql::{CLIENT, DATABASE};

/// One row: who answers, and what.
const QUERY: &str = "SELECT current_setting('lab.server'), current_setting('lab.page')";

/// What a client sends.
pub(super) struct Question {
    /// At the begin of a connection.
    pub(super) first: Vec<u8>,
    /// The same question on one that it kept.
    pub(super) again: Vec<u8>,
}

/// Nobody asks this client for a password: it need not wait for the login's end before it asks.
pub(super) fn question(hold: bool) -> io::Result<Question> {
    let mut again = BytesMut::new();
    frontend::query(QUERY, &mut again)?;
    let mut first = BytesMut::new();
    frontend::startup_message([("user", CLIENT), ("database", DATABASE)], &mut first)?;
    first.extend_from_slice(&again);
    if !hold {
        frontend::terminate(&mut first);
    }
    Ok(Question { first: first.to_vec(), again: again.to_vec() })
}

/// Reads an answer: of the first question, with the login before it, or of a later one.
pub(super) fn answer(bytes: &[u8]) -> Answer {
    let mut found = Answer { complete: false, well: false, server: None, page: String::new() };
    let mut rest = BytesMut::from(bytes);
    while let Ok(Some(message)) = Message::parse(&mut rest) {
        match message {
            Message::DataRow(row) => {
                let mut columns = columns(&row).into_iter();
                found.server = columns.next();
                found.page = columns.next().unwrap_or_default();
                found.well = true;
            }
            Message::ErrorResponse(_) => {
                found.well = false;
                found.complete = true;
            }
            // The first one stands before the question is heard.
            Message::ReadyForQuery(_) if found.well => found.complete = true,
            _ => {}
        }
    }
    found
}

fn columns(row: &DataRowBody) -> Vec<String> {
    let buffer = row.buffer();
    let texts = row.ranges().map(|range| {
        let bytes = range.and_then(|range| buffer.get(range)).unwrap_or_default();
        Ok(String::from_utf8_lossy(bytes).into_owned())
    });
    texts.collect().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A backend's message: its type, its length, its body.
    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind], &length.to_be_bytes()[..], body].concat()
    }

    fn row(columns: [&str; 2]) -> Vec<u8> {
        let mut body = 2_u16.to_be_bytes().to_vec();
        for column in columns {
            body.extend(u32::try_from(column.len()).unwrap().to_be_bytes());
            body.extend(column.as_bytes());
        }
        message(b'D', &body)
    }

    #[test]
    fn an_answer_is_complete_when_the_server_is_ready_for_the_next_question() {
        let login = [message(b'R', &0_u32.to_be_bytes()), message(b'Z', b"I")].concat();
        assert!(!answer(&login).complete);
        let asked = [login, row(["s1", "OK"])].concat();
        assert!(!answer(&asked).complete);
        let whole = [asked.clone(), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat();
        let found = answer(&whole);
        assert_eq!((found.complete, found.well), (true, true));
        assert_eq!((found.server.as_deref(), &*found.page), (Some("s1"), "OK"));
        assert!(!answer(&whole[..whole.len() - 1]).complete, "its last byte is missing");
    }

    #[test]
    fn a_refused_login_is_an_answer_and_no_good_one() {
        let found = answer(&message(b'E', b"SFATAL\0C28000\0Mno entry\0\0"));
        assert_eq!((found.complete, found.well, found.server), (true, false, None));
    }

    #[test]
    fn who_keeps_a_connection_does_not_part() {
        let (parts, keeps) = (question(false).unwrap(), question(true).unwrap());
        assert_eq!(parts.again, keeps.again);
        assert_eq!(parts.first, [&keeps.first[..], b"X\0\0\0\x04"].concat());
    }
}
