//! The second pass over a `keepalived.conf`: words, and blocks of them.

mod words;

use super::expand::Line;
use crate::log::Log;
use crate::place::{At, Place};
use director_config::Code;
use words::words;

/// Blocks in blocks; the language has four.
const DEEPEST: usize = 32;

/// A keyword with what follows it.
pub(super) struct Statement {
    /// The keyword and its values.
    pub(super) words: Vec<At<String>>,
    /// The block behind it.
    pub(super) block: Option<Vec<Self>>,
}

impl Statement {
    pub(super) fn name(&self) -> &str {
        self.words.first().map_or("", |word| word.value.as_str())
    }

    pub(super) fn place(&self) -> Place {
        self.words.first().map_or_else(Place::default, |word| word.place)
    }

    /// The value of this number, from 0.
    pub(super) fn value(&self, number: usize) -> Option<&At<String>> {
        self.words.get(number + 1)
    }

    pub(super) fn children(&self) -> &[Self] {
        self.block.as_deref().unwrap_or(&[])
    }

    /// The last statement of this name in its block: keepalived lets it win.
    pub(super) fn last(&self, name: &str) -> Option<&Self> {
        self.children().iter().rev().find(|it| it.name() == name)
    }
}

enum Token {
    Word(At<String>),
    Open(Place),
    Close(Place),
    End,
}

/// The statements of all lines.
pub(super) fn parse(lines: &[Line], log: &mut Log) -> Vec<Statement> {
    let mut tokens = Vec::new();
    for line in lines {
        words(line, &mut tokens, log);
        tokens.push(Token::End);
    }
    let mut open: Vec<(Place, Vec<Statement>)> = vec![(Place::default(), Vec::new())];
    let mut words: Vec<At<String>> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => words.push(word),
            // A brace may stand on a line of its own.
            Token::End => {
                while tokens.next_if(|next| matches!(next, Token::End)).is_some() {}
                if !matches!(tokens.peek(), Some(Token::Open(_))) {
                    finish(&mut words, &mut open);
                }
            }
            Token::Open(place) => {
                if words.is_empty() {
                    let help = "write a keyword before it";
                    log.wrong(Code::Syntax, place, "this brace opens a block of nothing", help);
                }
                if open.len() > DEEPEST {
                    let help = "close some of them";
                    log.wrong(Code::Syntax, place, "blocks are nested too deeply", help);
                    return Vec::new();
                }
                finish(&mut words, &mut open);
                open.push((place, Vec::new()));
            }
            Token::Close(place) => {
                finish(&mut words, &mut open);
                close(place, &mut open, log);
            }
        }
    }
    finish(&mut words, &mut open);
    while open.len() > 1 {
        let place = open.last().map_or_else(Place::default, |(place, _)| *place);
        let help = "write a `}` where it ends";
        log.wrong(Code::Syntax, place, "this block is never closed", help);
        close(place, &mut open, log);
    }
    open.pop().map(|(_, statements)| statements).unwrap_or_default()
}

fn finish(words: &mut Vec<At<String>>, open: &mut [(Place, Vec<Statement>)]) {
    if let (false, Some((_, statements))) = (words.is_empty(), open.last_mut()) {
        statements.push(Statement { words: std::mem::take(words), block: None });
    }
}

fn close(place: Place, open: &mut Vec<(Place, Vec<Statement>)>, log: &mut Log) {
    if open.len() < 2 {
        let help = "take it out, or open the block before it";
        log.wrong(Code::Syntax, place, "this brace closes nothing", help);
        return;
    }
    let Some((_, block)) = open.pop() else { return };
    if let Some(statement) = open.last_mut().and_then(|(_, statements)| statements.last_mut()) {
        statement.block = Some(block);
    }
}
