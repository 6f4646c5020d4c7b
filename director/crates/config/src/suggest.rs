//! What somebody may have meant.

/// The word among `known` that `given` is most like, if one is alike enough.
pub(crate) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let given = given.to_lowercase();
    let limit = (given.chars().count() / 3).max(1);
    let distance = |word: &str| strsim::damerau_levenshtein(&given, &word.to_lowercase());
    // A word many times as long cannot be near; measuring it would take time.
    let near = |word: &&str| word.len() <= 4 * (given.len() + 1) && given.len() < 100;
    let measured = known.into_iter().filter(near).map(|word| (distance(word), word));
    measured.filter(|(far, _)| *far <= limit).min().map(|(_, word)| word)
}

/// `did you mean X?`, or else a sentence with all that is known.
pub(crate) fn help<'a>(given: &str, known: &[&'a str], all: &str) -> String {
    match nearest(given, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("{all} {}", listed(known)),
    }
}

/// `a`, `b` and `c`.
pub(crate) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

/// Text of a file inside a sentence: marked, on one line, not endless.
pub(crate) fn quote(text: &str) -> String {
    const LIMIT: usize = 60;
    let escaped: String = text.chars().take(LIMIT).flat_map(char::escape_debug).collect();
    let escaped = escaped.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().nth(LIMIT).is_some() {
        format!("`{escaped}…`")
    } else {
        format!("`{escaped}`")
    }
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
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(listed(&["a"]), "`a`");
        assert_eq!(listed(&[]), "nothing");
        assert_eq!(quote("a\n\"b\""), "`a\\n\"b\"`");
    }
}
