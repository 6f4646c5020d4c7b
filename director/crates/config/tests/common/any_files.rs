//! What must hold for any texts of several files: used by the property tests and by a fuzz target.

use director_config::{Texts, parse_all};

/// Either a configuration or problems, each inside the text of its file.
pub(crate) fn all_answer(texts: &Texts) {
    let Err(problems) = parse_all(texts) else { return };
    assert!(!problems.problems.is_empty(), "no problem, yet no configuration");
    for problem in &problems.problems {
        let file = problems.file_of(problem);
        let (_, text) = texts.iter().find(|(name, _)| *name == file).expect("one of the files");
        assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
        let line = text.split('\n').nth(problem.line - 1).expect("a line of that file");
        let shown = problem.source_line.as_deref();
        assert_eq!(shown, Some(line.strip_suffix('\r').unwrap_or(line)), "{problem:?}");
        assert!(problem.column >= 1 && !problem.help.is_empty(), "{problem:?}");
    }
    assert!(!problems.to_string().is_empty());
}
