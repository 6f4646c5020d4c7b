//! Texts in columns.

use super::Look;
use unicode_width::UnicodeWidthChar;

/// Columns of a letter; letters that move the cursor have none, and are not shown.
fn width(letter: char) -> usize {
    letter.width().unwrap_or(0)
}

/// A text in at most `room` columns. Who writes into the daemon's messages (an answer of a sick
/// server, say) must not move the cursor or change its colour.
pub(crate) fn fitted(text: &str, room: usize, look: Look) -> String {
    let shown = |letter: char| match letter {
        '\t' | '\n' | '\r' => ' ',
        letter if letter.is_control() => '?',
        letter if !look.unicode && !letter.is_ascii() => ascii(letter),
        letter => letter,
    };
    let letters: Vec<char> = text.chars().map(shown).collect();
    if letters.iter().copied().map(width).sum::<usize>() <= room {
        return letters.into_iter().collect();
    }
    let mut cut = String::new();
    let mut used = 0;
    for letter in letters {
        used += width(letter);
        if used + 1 > room {
            break;
        }
        cut.push(letter);
    }
    if room > 0 {
        cut.push(look.cut());
    }
    cut
}

fn ascii(letter: char) -> char {
    match letter {
        '→' => '>',
        '·' => '|',
        'µ' => 'u',
        '…' => '~',
        _ => '?',
    }
}

/// A text in exactly `room` columns.
pub(crate) fn left(text: &str, room: usize, look: Look) -> String {
    let text = fitted(text, room, look);
    let used: usize = text.chars().map(width).sum();
    text + &" ".repeat(room - used.min(room))
}

/// The same, at the right edge.
pub(crate) fn right(text: &str, room: usize, look: Look) -> String {
    let text = fitted(text, room, look);
    let used: usize = text.chars().map(width).sum();
    " ".repeat(room - used.min(room)) + &text
}

/// One text at the left edge, another at the right.
pub(crate) fn spread(left_text: &str, right_text: &str, room: usize, look: Look) -> String {
    let used: usize = right_text.chars().map(width).sum();
    match room.checked_sub(used + 2) {
        Some(rest) => format!("{}  {right_text}", left(left_text, rest, look)),
        None => left(left_text, room, look),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { colour: false, unicode: false };
    const RICH: Look = Look { colour: true, unicode: true };

    #[test]
    fn what_does_not_fit_is_cut_and_says_so() {
        assert_eq!(fitted("10.0.0.21:80", 12, RICH), "10.0.0.21:80");
        assert_eq!(fitted("10.0.0.21:80", 8, RICH), "10.0.0.…");
        assert_eq!(fitted("10.0.0.21:80", 8, PLAIN), "10.0.0.~");
        assert_eq!(fitted("abc", 0, RICH), "");
        assert_eq!(fitted("漢字漢字", 5, RICH), "漢字…");
        assert_eq!(right("7", 3, RICH), "  7");
        assert_eq!(spread("a", "b", 6, RICH), "a    b");
    }

    #[test]
    fn nothing_that_a_server_says_reaches_the_terminal_as_a_command() {
        assert_eq!(fitted("\x1b[31mred\x07\n", 20, RICH), "?[31mred? ");
        assert_eq!(fitted("5→0 µs", 20, PLAIN), "5>0 us");
    }
}
