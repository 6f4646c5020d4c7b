//! How long lines, files and functions are.

use crate::repository::File;
use std::collections::BTreeMap;

/// Characters in a line.
pub const COLUMNS: usize = 100;
/// Lines in a file.
pub const FILE_LINES: usize = 500;
/// Lines of a function, from its `fn` to its brace.
pub const FUNCTION_LINES: usize = 70;

/// Rust files with lines over [`COLUMNS`]: how many.
pub fn long_lines(files: &[File]) -> BTreeMap<String, usize> {
    let long = |text: &str| text.lines().filter(|line| line.chars().count() > COLUMNS).count();
    measured(files, |file| vec![(file.path.clone(), long(&file.text))], 0)
}

/// Rust files over [`FILE_LINES`]: how many lines.
pub fn long_files(files: &[File]) -> BTreeMap<String, usize> {
    measured(files, |file| vec![(file.path.clone(), file.text.lines().count())], FILE_LINES)
}

/// Functions over [`FUNCTION_LINES`], as `file::function`: how many lines.
pub fn long_functions(files: &[File]) -> BTreeMap<String, usize> {
    let all = |file: &File| {
        let name = |(name, lines): (&str, usize)| (format!("{}::{name}", file.path), lines);
        functions(&file.text).into_iter().map(name).collect()
    };
    measured(files, all, FUNCTION_LINES)
}

fn measured(
    files: &[File],
    measure: impl Fn(&File) -> Vec<(String, usize)>,
    limit: usize,
) -> BTreeMap<String, usize> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (name, size) in files.iter().filter(|file| file.is("rs")).flat_map(measure) {
        if size > limit {
            // Two functions of one name in a file: the longer one counts.
            let kept = found.entry(name).or_default();
            *kept = size.max(*kept);
        }
    }
    found
}

/// The functions that have a body, with their lines.
///
/// It leans on rustfmt: the closing brace stands below the `fn`, as far to the right.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate().filter_map(|(at, line)| Some((at, name(line)?)));
    starts
        .filter_map(|(at, name)| {
            let indent = lines[at].len() - lines[at].trim_start().len();
            let brace = format!("{}}}", " ".repeat(indent));
            let head = lines[at..].iter().position(|line| ends_head(line))?;
            if lines[at + head].ends_with(['}', ';']) {
                return Some((name, head + 1));
            }
            let body = lines[at..].iter().position(|line| *line == brace)?;
            Some((name, body + 1))
        })
        .collect()
}

fn ends_head(line: &str) -> bool {
    line.ends_with(['{', '}', ';'])
}

/// The function's name if one starts on this line.
fn name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let before = |word: &str| {
        word.starts_with("pub")
            || word.ends_with(')')
            || ["const", "async", "unsafe", "extern", "\"C\""].contains(&word)
    };
    let mut word = words.next()?;
    while before(word) {
        word = words.next()?;
    }
    if word != "fn" {
        return None;
    }
    let end = |c: char| !(c.is_alphanumeric() || c == '_');
    words.next()?.split(end).next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(head: &str, body: usize) -> String {
        format!("impl X {{\n    {head} {{\n{}    }}\n}}\n", "        step();\n".repeat(body))
    }

    #[test]
    fn long_lines_are_counted_in_characters() {
        let text = format!("{}\n{}\n", "ä".repeat(100), "a".repeat(101));
        let found = long_lines(&[File::new("a.rs", &text), File::new("a.md", &text)]);
        assert_eq!(found, BTreeMap::from([("a.rs".to_owned(), 1)]));
    }

    #[test]
    fn a_file_of_501_lines_is_found() {
        let files = [File::new("a.rs", &"\n".repeat(500)), File::new("b.rs", &"\n".repeat(501))];
        assert_eq!(long_files(&files), BTreeMap::from([("b.rs".to_owned(), 501)]));
    }

    #[test]
    fn a_function_of_71_lines_is_found_whatever_stands_before_it() {
        for head in [
            "fn a()",
            "pub fn a<T>(x: T) -> T",
            "pub(crate) async fn a()",
            "pub(in crate::x) const unsafe fn a()",
            "fn a(\n        x: u8,\n    )",
        ] {
            let extra = head.lines().count() - 1;
            let fits = File::new("a.rs", &function(head, 68 - extra));
            let long = File::new("a.rs", &function(head, 69 - extra));
            assert_eq!(long_functions(&[fits]), BTreeMap::new(), "{head}");
            let expected = BTreeMap::from([("a.rs::a".to_owned(), 71)]);
            assert_eq!(long_functions(&[long]), expected, "{head}");
        }
    }

    #[test]
    fn declarations_and_one_liners_have_no_body_to_measure() {
        let text = "trait T {\n    fn a();\n    fn b() {}\n}\nfn c() {\n}\n";
        assert_eq!(functions(text), [("a", 1), ("b", 1), ("c", 2)]);
    }
}
