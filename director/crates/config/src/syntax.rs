//! Texts that are not TOML.

use crate::source::Span;
use toml_parser::ParseError;

/// Where the text stops being TOML: the place, what is wrong there, what to do.
///
/// A text without its closing quotation mark swallows what follows it, so that the reader stumbles
/// only later; the text is the better place to point to.
pub(crate) fn broken(text: &str, error: &toml_edit::TomlError) -> (Span, String, String) {
    let span = error.span().unwrap_or(text.len()..text.len());
    if let Some((place, reason, help)) = broken_text(text, span.start) {
        return (place, format!("this is not TOML: {reason}"), help.to_owned());
    }
    let message = format!("this is not TOML: {}", error.message());
    let help = if error.message().contains("duplicate key") {
        "a key or a table can be given only once; a second one needs another name"
    } else {
        "texts stand in quotation marks, lists in [ ], tables in { } or under a [header]"
    };
    (span, message, help.to_owned())
}

/// The first text in quotation marks before `end` that is not well formed: its place, what is
/// wrong with it, what to do.
fn broken_text(text: &str, end: usize) -> Option<(Span, &'static str, &'static str)> {
    let source = toml_parser::Source::new(text);
    let tokens = source.lex().take_while(|token| token.span().start() < end);
    for token in tokens.filter(|token| token.kind().encoding().is_some()) {
        let mut error: Option<ParseError> = None;
        let span = token.span().start()..token.span().end();
        let raw = text.get(span.clone())?;
        let scalar = toml_parser::Raw::new_unchecked(raw, token.kind().encoding(), token.span());
        let _kind = scalar.decode_scalar(&mut (), &mut error);
        let Some(error) = error else { continue };
        let closed = raw.len() >= 2 && raw.chars().next() == raw.chars().next_back();
        if !closed {
            let help = "end it with the quotation mark that begins it, on the same line";
            return Some((span, "a text has no closing quotation mark", help));
        }
        let place = error.unexpected().map_or(span, |place| place.start()..place.end());
        let help = "write a backslash as \\\\ and other special characters as \\uXXXX";
        return Some((place, "a text has an escape or a character that it cannot have", help));
    }
    None
}
