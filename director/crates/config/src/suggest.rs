//! What somebody may have meant.

/// The word among `known` that `given` is most like, if one is alike enough.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let limit = (given.chars().count() / 3).max(1);
    let distance = |word: &str| strsim::damerau_levenshtein(&given, &word.to_lowercase());
    // A word many times as long cannot be near; measuring it would take time.
    let near = |word: &&str| word.len() <= 4 * (given.len() + 1) && given.len() < 100;
    let measured = known.into_iter().filter(near).map(|word| (distance(word), word));
    measured.filter(|(far, _)| *far <= limit).min().map(|(_, word)| word)
}

/// `did you mean X?`, or else another sentence.
pub(crate) fn help(given: &str, known: &[&str], otherwise: impl FnOnce() -> String) -> String {
    match nearest(given, known.iter().copied()) {
        Some(word) => format!("did you mean {}?", quote(word)),
        None => otherwise(),
    }
}

/// `a`, `b` and `c`.
pub(crate) fn all_of(words: &[&str]) -> String {
    listed(words, "and")
}

/// `a`, `b` or `c`.
pub(crate) fn one_of(words: &[&str]) -> String {
    listed(words, "or")
}

fn listed(words: &[&str], last: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((end, first)) => format!("{} {last} {end}", first.join(", ")),
    }
}

/// Text of a file inside a sentence: marked, on one line, not endless.
pub(crate) fn quote(text: &str) -> String {
    const LIMIT: usize = 60;
    let escaped = visible(text.chars().take(LIMIT));
    if text.is_empty() {
        return "`\"\"`".to_owned();
    }
    if text.chars().nth(LIMIT).is_some() {
        format!("`{escaped}…`")
    } else {
        format!("`{escaped}`")
    }
}

/// The name of a file inside a sentence: marked, on one line, whole.
pub(crate) fn quote_path(path: &std::path::Path) -> String {
    format!("`{}`", visible(path.display().to_string().chars()))
}

fn visible(characters: impl Iterator<Item = char>) -> String {
    let escape = |c: char| match c {
        '"' | '\'' => c.to_string(),
        _ => c.escape_debug().to_string(),
    };
    characters.map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_does_not() {
        let known = ["keepalive", "deadtime", "port"];
        assert_eq!(nearest("keepalve", known), Some("keepalive"));
        assert_eq!(nearest("Deadtime", known), Some("deadtime"));
        assert_eq!(nearest("prot", known), Some("port"));
        assert_eq!(nearest("weight", known), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), known), None);
    }

    #[test]
    fn lists_read_as_sentences_do() {
        assert_eq!(all_of(&["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(one_of(&["a", "b"]), "`a` or `b`");
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(all_of(&[]), "nothing");
        assert_eq!(quote("a\n\"b\""), "`a\\n\"b\"`");
    }
}
