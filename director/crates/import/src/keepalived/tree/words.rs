//! The words of a line: quotation marks keep blanks, a backslash between them is read as in C.

use super::Token;
use crate::keepalived::expand::Line;
use crate::log::Log;
use crate::place::{At, Place};
use director_config::Code;
use std::iter::Peekable;
use std::str::Chars;

/// Adds the tokens of a line.
pub(super) fn words(line: &Line, tokens: &mut Vec<Token>, log: &mut Log) {
    let mut characters = line.text.chars().peekable();
    let mut word: Option<String> = None;
    let place = line.place;
    while let Some(c) = characters.next() {
        match c {
            '"' | '\'' => {
                let word = word.get_or_insert_with(String::new);
                if !quoted(c, word, &mut characters) {
                    let message = "a quotation mark is not closed on its line";
                    log.wrong(Code::Syntax, place, message, "write it at the end of the text");
                }
            }
            // A name that nothing stands for keeps its braces.
            '$' if characters.peek() == Some(&'{') => {
                let word = word.get_or_insert_with(String::new);
                word.push(c);
                for c in characters.by_ref() {
                    word.push(c);
                    if c == '}' {
                        break;
                    }
                }
            }
            '{' | '}' => {
                end(&mut word, place, tokens);
                tokens.push(if c == '{' { Token::Open(place) } else { Token::Close(place) });
            }
            c if c.is_whitespace() => end(&mut word, place, tokens),
            c => word.get_or_insert_with(String::new).push(c),
        }
    }
    end(&mut word, place, tokens);
}

fn end(word: &mut Option<String>, place: Place, tokens: &mut Vec<Token>) {
    tokens.extend(word.take().map(|word| Token::Word(At::new(word, place))));
}

/// Takes the text to the mark that closes it; `false` when there is none.
fn quoted(mark: char, word: &mut String, characters: &mut Peekable<Chars<'_>>) -> bool {
    while let Some(c) = characters.next() {
        match c {
            c if c == mark => return true,
            '\\' => escape(word, characters),
            c => word.push(c),
        }
    }
    false
}

fn escape(word: &mut String, characters: &mut Peekable<Chars<'_>>) {
    let Some(c) = characters.next() else { return };
    let number = |digits: String, radix| {
        let value = u32::from_str_radix(&digits, radix).ok();
        value.and_then(char::from_u32).unwrap_or('\u{fffd}')
    };
    let made = match c {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'E' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '0'..='7' => {
            let mut digits = c.to_string();
            while digits.len() < 3 {
                let Some(c) = characters.next_if(|c| c.is_digit(8)) else { break };
                digits.push(c);
            }
            number(digits, 8)
        }
        'x' => {
            let mut digits = String::new();
            while digits.len() < 6 {
                let Some(c) = characters.next_if(char::is_ascii_hexdigit) else { break };
                digits.push(c);
            }
            number(digits, 16)
        }
        'c' => characters.next().map_or('c', |c| {
            let control = u32::from(c) & 0x1f;
            char::from_u32(control).unwrap_or(c)
        }),
        c => c,
    };
    word.push(made);
}
