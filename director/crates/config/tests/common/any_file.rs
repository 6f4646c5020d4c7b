//! What must hold for any text: used by the property tests and by the fuzz target.

use director_config::parse;

/// Either a configuration or at least one problem, each shown and inside the text.
pub(crate) fn answers(text: &str) {
    let Err(problems) = parse("any.toml", text) else { return };
    assert!(!problems.problems.is_empty(), "no problem, yet no configuration");
    for problem in &problems.problems {
        assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
        assert!(problem.line >= 1 && problem.column >= 1, "{problem:?}");
        assert!(!problem.help.is_empty(), "{problem:?}");
    }
    let starts: Vec<_> = problems.problems.iter().map(|it| it.span.start).collect();
    assert!(starts.is_sorted(), "{starts:?}");
    assert!(!problems.to_string().is_empty() && !problems.coloured().to_string().is_empty());
}
