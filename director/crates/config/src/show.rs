//! Problems as people read them.

use crate::problem::{Problem, Problems};
use std::fmt;

/// Beyond this many characters of a line, only the part around the problem is shown.
const SHOWN: usize = 120;

/// Whether to use the terminal's colours.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    Plain,
    Coloured,
}

impl Mark {
    const fn codes(self, kind: Kind) -> [&'static str; 4] {
        match (self, kind) {
            (Self::Plain, _) => ["", "", "", ""],
            (Self::Coloured, Kind::Error) => ["\x1b[1;31m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"],
            (Self::Coloured, Kind::Warning) => ["\x1b[1;33m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"],
        }
    }
}

/// How much it matters.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Error,
    Warning,
}

/// Something at a place of a file, as it is shown.
pub(crate) struct Shown<'a> {
    pub(crate) kind: Kind,
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) help: &'a str,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) width: usize,
    pub(crate) source_line: Option<&'a str>,
}

/// Problems with the colours of a terminal.
struct Coloured<'a>(&'a Problems);

impl Problems {
    /// The problems with the colours of a terminal (ECMA-48 SGR).
    pub fn coloured(&self) -> impl fmt::Display {
        Coloured(self)
    }

    fn show(&self, out: &mut fmt::Formatter<'_>, mark: Mark) -> fmt::Result {
        for problem in &self.problems {
            writeln!(out, "{}", shown(problem).text(self.file_of(problem), mark))?;
        }
        let mut files: Vec<&str> = self.problems.iter().map(|it| self.file_of(it)).collect();
        files.dedup();
        let whose = match files.as_slice() {
            [] | [_] => printable(files.first().unwrap_or(&self.file.as_str())),
            several => format!("{} files", several.len()),
        };
        match self.problems.len() {
            1 => writeln!(out, "1 problem in {whose}"),
            count => writeln!(out, "{count} problems in {whose}"),
        }
    }
}

fn shown(problem: &Problem) -> Shown<'_> {
    Shown {
        kind: Kind::Error,
        code: problem.code.as_str(),
        message: &problem.message,
        help: &problem.help,
        line: problem.line,
        column: problem.column,
        width: problem.width(),
        source_line: problem.source_line.as_deref(),
    }
}

impl Shown<'_> {
    /// Lines for people, the last one ended.
    pub(crate) fn text(&self, file: &str, mark: Mark) -> String {
        let [red, blue, bold, end] = mark.codes(self.kind);
        let Self { code, message, help, line, column, .. } = self;
        let kind = match self.kind {
            Kind::Error => "error",
            Kind::Warning => "warning",
        };
        let gutter = " ".repeat(line.to_string().len());
        let mut lines = vec![
            format!("{red}{kind}[{code}]{end}{bold}: {message}{end}"),
            format!("{gutter}{blue}-->{end} {}:{line}:{column}", printable(file)),
        ];
        if let Some(text) = self.source_line {
            let (shown, before, width) = window(text, column - 1, self.width);
            lines.push(format!("{gutter} {blue}|{end}"));
            lines.push(format!("{blue}{line} |{end} {}", shown.trim_end()));
            lines.push(format!("{gutter} {blue}|{end} {before}{red}{}{end}", "^".repeat(width)));
        }
        lines.push(format!("{gutter} {blue}={end} help: {help}"));
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// The part of a line to show, what stands before its marker, and the width of the marker.
fn window(text: &str, start: usize, width: usize) -> (String, String, usize) {
    let characters: Vec<char> = printable(text).chars().collect();
    let (from, to) = if characters.len() <= SHOWN {
        (0, characters.len())
    } else {
        let from = start.saturating_sub(SHOWN / 2);
        (from, (from + SHOWN).min(characters.len()))
    };
    let cut = if from > 0 { "… " } else { "" };
    let shown: String = characters.iter().take(to).skip(from).collect();
    let tail = if to < characters.len() { " …" } else { "" };
    let blank = |c: &char| if *c == '\t' { '\t' } else { ' ' };
    let before: String = cut
        .chars()
        .map(|_| ' ')
        .chain(characters.iter().take(start).skip(from).map(blank))
        .collect();
    let room = to.saturating_sub(start).max(1);
    (format!("{cut}{shown}{tail}"), before, width.min(room))
}

/// The text without characters that would act on a terminal; as many characters as before.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(formatter, Mark::Plain)
    }
}

impl fmt::Display for Coloured<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(formatter, Mark::Coloured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::source::Source;

    fn problems(text: &str, span: std::ops::Range<usize>) -> Problems {
        let source = Source::of(None, text);
        let message = "it is wrong".to_owned();
        let problem = Problem::at(&source, Code::Syntax, &span, message, "mend it".to_owned());
        Problems::new("a.toml", vec![problem])
    }

    #[test]
    fn a_marker_stands_under_what_is_wrong() {
        insta::assert_snapshot!(problems("a = 1\n\tbä = 2\n", 7..10), @r"
        error[syntax]: it is wrong
         --> a.toml:2:2
          |
        2 | 	bä = 2
          | 	^^
          = help: mend it

        1 problem in a.toml
        ");
    }

    #[test]
    fn a_long_line_is_cut_around_the_problem() {
        let text = format!("{}wrong{}", "x".repeat(500), "y".repeat(500));
        let shown = problems(&text, 500..505).to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[3].starts_with("1 | … xxx") && lines[3].ends_with("yyy …"));
        let marker = lines[4].find('^').unwrap();
        let wrong = lines[3].chars().position(|c| c == 'w').unwrap();
        assert_eq!((marker, lines[4].len()), (wrong, wrong + 5));
    }

    #[test]
    fn nothing_in_a_file_acts_on_the_terminal() {
        let shown = problems("a = \x1b[31m", 4..5).to_string();
        assert!(!shown.contains('\x1b') && shown.contains("a = \u{fffd}[31m"));
        assert!(problems("a", 0..1).coloured().to_string().contains("\x1b[1;31merror[syntax]"));
    }
}
