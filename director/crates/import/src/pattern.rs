//! Regular expressions that stand for one text.

/// The one text that a Perl expression finds, when it has no operators.
///
/// A backslash before a character that is neither letter nor digit stands for that character.
pub(crate) fn literal(expression: &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = expression.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next()? {
                c if c.is_ascii_alphanumeric() => return None,
                c => text.push(c),
            },
            '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' => {
                return None;
            }
            c => text.push(c),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn texts_are_told_from_expressions() {
        assert_eq!(literal("Test Page").as_deref(), Some("Test Page"));
        assert_eq!(literal(r"a\.b\/c").as_deref(), Some("a.b/c"));
        for expression in ["a.b", "^OK", r"\d", "a|b", "x+", r"a\"] {
            assert_eq!(literal(expression), None, "{expression}");
        }
    }
}
