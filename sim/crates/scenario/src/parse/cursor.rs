//! A place in one statement, and the two ways to go on: by words, and by tokens.

use super::source::Mistake;

/// Signs of conditions, longest first.
const SIGNS: [&str; 11] = ["!=", "<=", ">=", "(", ")", ",", "=", "<", ">", "+", "&"];

pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// A piece of the statement and where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Where the next piece starts, or the end of the statement.
    pub(super) fn here(&mut self) -> usize {
        self.skip_blanks();
        self.at
    }

    /// Up to the next blank.
    pub(super) fn word(&mut self) -> Option<Piece<'a>> {
        let at = self.here();
        let rest = &self.text[at..];
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.at = at + end;
        (end > 0).then(|| Piece { text: &rest[..end], at })
    }

    /// The next word, left in place.
    pub(super) fn peek_word(&mut self) -> Option<Piece<'a>> {
        let at = self.here();
        let word = self.word();
        self.at = at;
        word
    }

    /// Whether a parenthesis stands behind the next word.
    pub(super) fn followed_by_parenthesis(&mut self) -> bool {
        let at = self.here();
        self.word();
        let follows = self.here();
        self.at = at;
        self.text[follows..].starts_with('(')
    }

    /// The next word, or a complaint that the statement ends.
    pub(super) fn need_word(&mut self, what: &str, help: &str) -> Result<Piece<'a>, Mistake> {
        let at = self.here();
        self.word().ok_or_else(|| Mistake::new(at, format!("{what} is missing"), help))
    }

    /// A sign, or a run of letters, digits and the signs that occur in names and addresses.
    pub(super) fn token(&mut self) -> Option<Piece<'a>> {
        let at = self.here();
        let rest = &self.text[at..];
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        let end = match sign {
            Some(sign) => sign.len(),
            None => rest
                .find(|c: char| !(c.is_alphanumeric() || "-_.:/[]".contains(c)))
                // A stray character is a token of its own, so that it can be complained about.
                .map_or(rest.len(), |end| end.max(rest.chars().next().map_or(0, char::len_utf8))),
        };
        self.at = at + end;
        (end > 0).then(|| Piece { text: &rest[..end], at })
    }

    /// The next token, left in place.
    pub(super) fn peek(&mut self) -> Option<Piece<'a>> {
        let at = self.here();
        let token = self.token();
        self.at = at;
        token
    }

    /// Takes the next token if it is this one.
    pub(super) fn accept(&mut self, wanted: &str) -> bool {
        let found = self.peek().is_some_and(|piece| piece.text == wanted);
        if found {
            self.token();
        }
        found
    }

    /// Takes this token, or complains.
    pub(super) fn need(&mut self, wanted: &str, help: &str) -> Result<(), Mistake> {
        match self.peek() {
            Some(piece) if piece.text == wanted => {
                self.token();
                Ok(())
            }
            Some(piece) => {
                let text = format!("expected `{wanted}`, found `{}`", piece.text);
                Err(Mistake::new(piece.at, text, help))
            }
            None => Err(Mistake::new(self.here(), format!("`{wanted}` is missing"), help)),
        }
    }

    /// A token that is not a sign, or a complaint.
    pub(super) fn name(&mut self, what: &str, help: &str) -> Result<Piece<'a>, Mistake> {
        match self.peek() {
            Some(piece) if !SIGNS.contains(&piece.text) => {
                self.token();
                Ok(piece)
            }
            Some(piece) => {
                let text = format!("expected {what}, found `{}`", piece.text);
                Err(Mistake::new(piece.at, text, help))
            }
            None => Err(Mistake::new(self.here(), format!("{what} is missing"), help)),
        }
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self, help: &str) -> Result<(), Mistake> {
        match self.peek_word() {
            None => Ok(()),
            Some(piece) => {
                Err(Mistake::new(piece.at, format!("`{}` is one too many", piece.text), help))
            }
        }
    }
}
