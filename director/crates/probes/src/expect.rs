//! Looking for what an answer must contain.

use crate::call::local;
use director_core::config::dialogue::Pattern;
use director_core::probe::Failure;
use regex::bytes::{Regex, RegexBuilder};

/// A regular expression may take so much memory at most once it is compiled: 1 MiB.
const REGEX_LIMIT: usize = 1 << 20;

/// A search in bytes that come in pieces.
pub(crate) struct Search {
    kind: Kind,
    limit: usize,
    length: usize,
    found: bool,
}

enum Kind {
    Bytes {
        wanted: Vec<u8>,
        /// The end of what came so far, one byte shorter than the text: a match may begin in it.
        tail: Vec<u8>,
    },
    Regex {
        regex: Regex,
        /// All that came.
        seen: Vec<u8>,
    },
}

fn compiled(expression: &str) -> Result<Regex, Failure> {
    RegexBuilder::new(expression).size_limit(REGEX_LIMIT).build().map_err(local)
}

impl Search {
    /// A search that looks at so many bytes at most.
    pub(crate) fn new(pattern: &Pattern, limit: usize) -> Result<Self, Failure> {
        let bytes = |wanted: &[u8]| Kind::Bytes { wanted: wanted.to_vec(), tail: Vec::new() };
        let kind = match pattern {
            Pattern::Text(text) => bytes(text.as_bytes()),
            Pattern::Bytes(wanted) => bytes(wanted),
            Pattern::Regex(text) => Kind::Regex { regex: compiled(text)?, seen: Vec::new() },
        };
        let found = matches!(&kind, Kind::Bytes { wanted, .. } if wanted.is_empty());
        Ok(Self { kind, limit, length: 0, found })
    }

    /// No further byte can matter.
    pub(crate) fn is_over(&self) -> bool {
        self.found || self.is_full()
    }

    /// As many bytes have come as are looked at.
    pub(crate) fn is_full(&self) -> bool {
        self.length >= self.limit
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(self.limit - self.length)];
        self.length += bytes.len();
        match &mut self.kind {
            Kind::Bytes { wanted, tail } => {
                tail.extend_from_slice(bytes);
                self.found |= tail.windows(wanted.len().max(1)).any(|window| window == wanted);
                let surplus = tail.len().saturating_sub(wanted.len().saturating_sub(1));
                tail.drain(..surplus);
            }
            // A longer answer may match otherwise: judged at the end, or when asked to.
            Kind::Regex { seen, .. } => seen.extend_from_slice(bytes),
        }
    }

    /// Whether what came so far has it. Not for every piece of a long answer: an expression looks
    /// at all of it again.
    pub(crate) fn is_found_now(&mut self) -> bool {
        if let Kind::Regex { regex, seen } = &self.kind {
            self.found = regex.is_match(seen);
        }
        self.found
    }

    /// Nothing more comes.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        if self.is_found_now() { Ok(()) } else { Err(Failure::Body { length: self.length }) }
    }
}

/// Whether the whole answer contains the pattern; without one it does.
pub(crate) fn contains(pattern: Option<&Pattern>, answer: &[u8]) -> Result<(), Failure> {
    let Some(pattern) = pattern else { return Ok(()) };
    let mut search = Search::new(pattern, usize::MAX)?;
    search.take(answer);
    search.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: usize = 1 << 16;

    fn found(pattern: &Pattern, pieces: &[&[u8]]) -> bool {
        let mut search = Search::new(pattern, LIMIT).unwrap();
        for piece in pieces {
            if search.is_over() {
                break;
            }
            search.take(piece);
        }
        search.end().is_ok()
    }

    fn text(wanted: &str) -> Pattern {
        Pattern::Text(wanted.into())
    }

    #[test]
    fn a_text_is_found_wherever_the_pieces_are_cut() {
        let body = b"<p>all is WELL here</p>";
        for cut in 0..body.len() {
            let (one, other) = body.split_at(cut);
            for wanted in [text("WELL"), Pattern::Regex("W[A-Z]L{2}".into())] {
                assert!(found(&wanted, &[one, other]), "cut at {cut}");
            }
            assert!(!found(&text("WELL."), &[one, other]), "cut at {cut}");
            assert!(!found(&Pattern::Regex("^WELL".into()), &[one, other]), "cut at {cut}");
        }
        let single: Vec<&[u8]> = body.chunks(1).collect();
        assert!(found(&text("WELL"), &single));
    }

    #[test]
    fn an_empty_text_is_in_every_body() {
        assert!(found(&text(""), &[]));
        assert!(found(&text(""), &[b"x"]));
    }

    #[test]
    fn nothing_behind_the_limit_counts() {
        let filler = vec![b'-'; LIMIT - 2];
        for wanted in [text("OK"), Pattern::Bytes(b"OK".to_vec()), Pattern::Regex("OK".into())] {
            assert!(found(&wanted, &[&filler, b"OK"]));
            assert!(!found(&wanted, &[&filler, b"-OK"]));
            assert!(!found(&wanted, &[&filler, b"--", b"OK"]));
        }
    }

    #[test]
    fn an_expression_that_is_none_is_not_blamed_on_the_server() {
        let failed = contains(Some(&Pattern::Regex("(".into())), b"(");
        assert!(matches!(failed, Err(Failure::Local { .. })), "{failed:?}");
    }

    proptest! {
        #[test]
        fn pieces_are_as_good_as_the_whole(
            wanted in prop::collection::vec(0..3_u8, 1..4),
            body in prop::collection::vec(0..3_u8, 0..40),
            cut in 1..9_usize,
        ) {
            let whole = body.windows(wanted.len()).any(|window| window == wanted);
            let pieces: Vec<&[u8]> = body.chunks(cut).collect();
            prop_assert_eq!(found(&Pattern::Bytes(wanted), &pieces), whole);
        }
    }
}
