//! What must hold for any file: used by the property tests and by the fuzz target.

use super::support::Host;
use director_import::{Format, Input, Options, import};

/// Takes the first byte for the language and the rest for a file in it.
#[allow(dead_code, reason = "the fuzz target uses it")]
pub(crate) fn read(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let format = Format::ALL[usize::from(*first) % Format::ALL.len()];
    answered(format, &String::from_utf8_lossy(text));
}

/// There is a configuration that is valid, or there are problems, each with a place and what to do.
pub(crate) fn answered(format: Format, text: &str) {
    let input = Input { name: "file".to_owned(), text: text.to_owned() };
    let options = Options { format: Some(format), ..Options::default() };
    match import(&[input], &options, &Host::new()) {
        Ok(imported) => {
            let read = director_config::parse("director.toml", &imported.text);
            assert!(read.is_ok(), "{}", imported.text);
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems.iter().flat_map(|it| &it.problems) {
                assert!(problem.line > 0 && problem.column > 0 && !problem.help.is_empty());
            }
        }
    }
}
