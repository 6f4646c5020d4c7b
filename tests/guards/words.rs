//! Words that have a better replacement.

use super::Complaint;
use crate::repository::File;

/// A word that must not be written.
struct Banned {
    /// The word; it counts when no letter, digit or underscore touches it.
    word: &'static str,
    /// What to write.
    instead: &'static str,
    /// Where it is banned: the beginnings of paths.
    within: &'static [&'static str],
    /// Where it may stand all the same, each with its reason.
    except: &'static [(&'static str, &'static str)],
}

const EVERYWHERE: &[&str] = &[""];
const PURE: &[&str] =
    &["director/crates/core/", "director/crates/engine/", "sim/src/", "sim/crates/"];
/// What stands around the worlds, not in one, may have the machine's clock and processors.
const AROUND: &[(&str, &str)] = &[
    ("sim/src/bench.rs", "measures wall-clock time"),
    ("sim/src/hunt.rs", "hunts for as long as it is told"),
    ("sim/src/hunt/pool.rs", "runs a world on each processor"),
    ("sim/src/power.rs", "measures how long a bug is hunted"),
    ("sim/src/powering.rs", "asks how many processors there are"),
    ("sim/src/hunting.rs", "asks how many processors there are"),
];

/// The words are put together so that this file does not have them.
const BANNED: [Banned; 10] = [
    everywhere(concat!("to", "do!"), "the code, or an error that says what is missing"),
    everywhere(concat!("unimple", "mented!"), "the code, or an error that says what is missing"),
    everywhere(concat!("db", "g!"), "an assertion, or nothing"),
    everywhere(concat!("FIX", "ME"), "the cure, or an issue"),
    everywhere(concat!("XX", "X"), "a sentence that says what is odd, and why"),
    everywhere(concat!("Hash", "Map"), "BTreeMap: the order of the other differs between runs"),
    everywhere(concat!("Hash", "Set"), "BTreeSet: the order of the other differs between runs"),
    pure(concat!("std::", "thread"), "an effect that the shell carries out", AROUND),
    pure(concat!("std::time::", "Instant"), "director_core::time::Instant, given as `now`", AROUND),
    pure(concat!("System", "Time"), "director_core::time::Instant, given as `now`", &[]),
];

/// What no file may name: the places where the project was written.
const WORKPLACE: [&str; 3] =
    [concat!("/wo", "rk/"), concat!("shared/", "reference"), concat!("shared/", "design")];

const fn everywhere(word: &'static str, instead: &'static str) -> Banned {
    Banned { word, instead, within: EVERYWHERE, except: &[] }
}

const fn pure(
    word: &'static str,
    instead: &'static str,
    except: &'static [(&'static str, &'static str)],
) -> Banned {
    Banned { word, instead, within: PURE, except }
}

/// Every banned word in Rust files.
pub fn banned(files: &[File]) -> Vec<Complaint> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.is("rs")) {
        let path = &file.path;
        let here = |banned: &&Banned| {
            banned.within.iter().any(|start| path.starts_with(start))
                && !banned.except.iter().any(|(excepted, _)| excepted == path)
        };
        let here: Vec<&Banned> = BANNED.iter().filter(here).collect();
        for (at, line) in file.text.lines().enumerate() {
            let line = spelled_out(line);
            let found = here.iter().filter(|banned| has_word(&line, banned.word));
            wrong.extend(found.map(|banned| {
                let Banned { word, instead, .. } = banned;
                Complaint::new(path, at + 1, format!("`{word}`: write {instead}"))
            }));
        }
    }
    wrong
}

/// `use std::time::{Duration, Instant};` names what `std::time::Instant` does.
fn spelled_out(line: &str) -> String {
    let Some((before, list)) = line.split_once("::{") else { return line.to_owned() };
    let path = before.rsplit([' ', '(', '{', ',']).next().unwrap_or_default();
    let names = list.split(['{', '}', ',', ';']).map(str::trim).filter(|name| !name.is_empty());
    names.fold(line.to_owned(), |line, name| format!("{line} {path}::{name}"))
}

fn has_word(line: &str, word: &str) -> bool {
    let touches = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(touches) && !after.is_some_and(touches)
    })
}

/// Sleeping threads without a comment on the line, or on the one before, that says why.
pub fn unexplained_sleeps(files: &[File]) -> Vec<Complaint> {
    let sleep = concat!("thread::", "sleep(");
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.is("rs")) {
        let mut before = "";
        for (at, line) in file.text.lines().enumerate() {
            let explained = line.contains("//") || before.trim_start().starts_with("//");
            if line.contains(sleep) && !explained {
                let text = "sleeps without a reason: wait for the event, or say why in a comment";
                wrong.push(Complaint::new(&file.path, at + 1, text));
            }
            before = line;
        }
    }
    wrong
}

/// Lines of any file that name the workplace.
pub fn workplace(files: &[File]) -> Vec<Complaint> {
    let mut wrong = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            let found = WORKPLACE.iter().filter(|place| line.contains(**place));
            wrong.extend(found.map(|place| {
                let text = format!("`{place}` is not part of the project: name what is");
                Complaint::new(&file.path, at + 1, text)
            }));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        banned(&[File::new(path, text)]).len()
    }

    #[test]
    fn every_banned_word_is_found_where_it_is_banned() {
        for Banned { word, within, .. } in &BANNED {
            let text = format!("fn a() {{\n    {word}(x);\n}}\n");
            for start in *within {
                let complaints = banned(&[File::new(&format!("{start}a.rs"), &text)]);
                assert_eq!(complaints.len(), 1, "{word} {start}");
                assert_eq!(complaints[0].line, 2);
            }
            assert_eq!(found("a.md", &text), 0, "{word}");
        }
    }

    #[test]
    fn parts_of_words_are_no_words() {
        let text = format!("struct My{}s;", concat!("Hash", "Map"));
        assert_eq!(found("a.rs", &text), 0);
    }

    #[test]
    fn a_list_of_imports_hides_nothing() {
        let text = format!("use std::time::{{Duration, {}}};", "Instant");
        assert_eq!(found("sim/src/a.rs", &text), 1);
        assert_eq!(found("director/src/a.rs", &text), 0);
        assert_eq!(found("sim/src/bench.rs", &text), 0);
        assert_eq!(found("sim/src/a.rs", "use director_core::time::{Duration, Instant};"), 0);
    }

    #[test]
    fn a_sleep_needs_a_reason() {
        let sleep = format!("    std::{}X);\n", concat!("thread::", "sleep("));
        let complaints = |text: String| unexplained_sleeps(&[File::new("a.rs", &text)]).len();
        assert_eq!(complaints(sleep.clone()), 1);
        assert_eq!(complaints(format!("    // The kernel counts in steps of 2 s.\n{sleep}")), 0);
        assert_eq!(complaints(format!("    // a\n    b();\n{sleep}")), 1);
    }

    #[test]
    fn the_workplace_is_found_in_any_file() {
        for place in WORKPLACE {
            let text = format!("see\n{place}x\n");
            assert_eq!(workplace(&[File::new("a.md", &text)]).len(), 1, "{place}");
        }
        assert_eq!(workplace(&[File::new("a.md", "homework/ and shared")]), []);
    }
}
