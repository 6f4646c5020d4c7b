//! `include`: one configuration in several files.
//!
//! Files are followed before anything of them is understood, so that a file that is missing is
//! told of by itself and not by all that it would have defined.

use crate::code::Code;
use crate::files::{LONGEST, read};
use crate::found::Found;
use crate::problem::{Problem, Problems};
use crate::source::{Source, Span};
use crate::suggest::{quote, quote_path};
use crate::syntax;
use crate::texts::Texts;
use crate::tree::{Kind, Value, from_document};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The key.
pub(crate) const KEY: &str = "include";

const EXAMPLE: &str = r#"write include = ["conf.d/*.toml"]"#;

/// So deep may files include files.
const DEEPEST: usize = 16;

/// Reads a file and all that it includes.
///
/// # Errors
/// What cannot be read or included, each at its place.
pub(crate) fn follow(path: &Path) -> Result<Texts, Problems> {
    let name = path.display().to_string();
    let text = read(path).map_err(|problem| Problems::new(&name, vec![*problem]))?;
    let mut walk = Walk {
        texts: Texts::one(name.clone(), text.clone()),
        seen: BTreeMap::from([(identity(path), None)]),
        open: Vec::new(),
        bytes: text.len(),
        problems: Vec::new(),
    };
    walk.file(path, None, &text);
    let Walk { texts, problems, .. } = walk;
    if problems.is_empty() { Ok(texts) } else { Err(Problems::new(&name, problems)) }
}

/// One file on every path to it.
fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The files that have been followed so far.
struct Walk {
    texts: Texts,
    /// Every file, with the place that included it.
    seen: BTreeMap<PathBuf, Option<String>>,
    /// The files that are being followed, from the outermost on.
    open: Vec<PathBuf>,
    bytes: usize,
    problems: Vec<Problem>,
}

/// A file of which the includes are followed.
struct Including<'a> {
    path: &'a Path,
    /// Its name; `None` for the one that was asked for.
    name: Option<&'a str>,
    source: Source<'a>,
}

impl Walk {
    fn file(&mut self, path: &Path, name: Option<&str>, text: &str) {
        let source = Source::of(name, text);
        let document = match toml_edit::Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let (span, message, help) = syntax::broken(text, &error);
                self.problems.push(Problem::at(&source, Code::Syntax, &span, message, help));
                return;
            }
        };
        let from = Including { path, name, source };
        let root = from_document(&document, 0);
        let Kind::Table(entries) = &root.kind else { return };
        let Some(entry) = entries.iter().find(|entry| entry.key == KEY) else { return };
        let Kind::List(patterns) = &entry.value.kind else {
            let message = format!("`{KEY}` must be a list, not {}", entry.value.kind.article());
            return self.wrong(&from, Code::WrongType, &entry.value.span, message, EXAMPLE);
        };
        self.open.push(identity(path));
        for pattern in patterns {
            self.pattern(&from, pattern);
        }
        self.open.pop();
    }

    fn pattern(&mut self, from: &Including<'_>, value: &Value<'_>) {
        let span = &value.span;
        let Kind::Text(pattern) = value.kind else {
            let message = format!("`{KEY}` names files, not {}", value.kind.article());
            return self.wrong(from, Code::WrongType, span, message, EXAMPLE);
        };
        if self.open.len() > DEEPEST {
            let message = format!("files include files more than {DEEPEST} deep");
            return self.wrong(from, Code::OutOfRange, span, message, "include them from fewer");
        }
        let paths = match matching(from.path, pattern) {
            Ok(paths) => paths,
            Err(why) => {
                let message = format!("{} is no name of files: {why}", quote(pattern));
                return self.wrong(from, Code::BadText, span, message, EXAMPLE);
            }
        };
        for path in paths {
            self.include(from, span, &path);
        }
    }

    fn include(&mut self, from: &Including<'_>, span: &Span, path: &Path) {
        let (shown, file) = (quote_path(path), identity(path));
        if self.open.contains(&file) {
            let message = format!("{shown} would include itself");
            let help = "leave it out: a file is part of the configuration only once";
            return self.wrong(from, Code::IncludeCycle, span, message, help);
        }
        if let Some(Some(place)) = self.seen.get(&file) {
            let message = format!("{shown} is already included at {place}");
            let help = "leave it out here, or there";
            return self.wrong(from, Code::IncludedTwice, span, message, help);
        }
        let place = from.source.place(span);
        let includer = from.name.unwrap_or(self.texts.file());
        self.seen.insert(file, Some(format!("{includer}:{}:{}", place.line, place.column)));
        let name = path.display().to_string();
        let text = match read(path) {
            Ok(text) => text,
            Err(problem) if problem.source_line.is_some() => {
                self.problems.push(Problem { file: Some(name), ..*problem });
                return;
            }
            Err(problem) => {
                let message = format!("{shown}: {}", problem.message);
                return self.wrong(from, problem.code, span, message, &problem.help);
            }
        };
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > LONGEST {
            let message = format!("with {shown} the configuration is longer than 16 MiB");
            let help = "include only files of the configuration";
            return self.wrong(from, Code::Unreadable, span, message, help);
        }
        self.texts.add(name.clone(), text.clone());
        self.file(path, Some(&name), &text);
    }

    fn wrong(
        &mut self,
        from: &Including<'_>,
        code: Code,
        span: &Span,
        message: String,
        help: &str,
    ) {
        let problem = Problem::at(&from.source, code, span, message, help.to_owned());
        self.problems.push(problem);
    }
}

/// The files that a pattern in the file `of` means, in the order of their names. One without
/// wildcards means its file, also when that is missing.
fn matching(of: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    if pattern.is_empty() || pattern.contains('\0') {
        return Err("it is empty or has a zero byte".to_owned());
    }
    let folder = of.parent().unwrap_or_else(|| Path::new(""));
    if !pattern.contains(['*', '?', '[']) {
        return Ok(vec![folder.join(pattern)]);
    }
    // What the folder is called is no pattern.
    let folder = glob::Pattern::escape(&folder.display().to_string());
    let whole = Path::new(&folder).join(pattern).display().to_string();
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        // What editors leave behind is hidden, and no part of the configuration.
        require_literal_leading_dot: true,
    };
    let found = glob::glob_with(&whole, options).map_err(|error| error.msg.to_owned())?;
    let paths: Result<Vec<PathBuf>, glob::GlobError> = found.collect();
    let mut paths = paths.map_err(|error| error.to_string())?;
    paths.sort();
    Ok(paths)
}

/// Reports the `include` of a text that is read by itself.
pub(crate) fn refuse(root: &Value<'_>, found: &mut Found<'_>) {
    let Kind::Table(entries) = &root.kind else { return };
    for entry in entries.iter().filter(|entry| entry.key == KEY) {
        let message = "this text is read by itself: nothing can be included in it";
        let help = "put what is included into it";
        found.add(Code::NoInclude, &entry.key_span, message, help);
    }
}

/// The outermost tables of all texts as one: what has names is put together, and everything is
/// defined once.
pub(crate) fn merge<'a>(roots: Vec<Value<'a>>, named: &[&str], found: &mut Found<'_>) -> Value<'a> {
    let mut all: Vec<crate::tree::Entry<'a>> = Vec::new();
    for root in roots {
        let Kind::Table(entries) = root.kind else { continue };
        for entry in entries {
            let earlier = all.iter_mut().find(|it| it.key == entry.key && it.key != KEY);
            let Some(earlier) = earlier else {
                all.push(entry);
                continue;
            };
            match (&mut earlier.value.kind, entry.value.kind) {
                (Kind::Table(known), Kind::Table(more)) if named.contains(&entry.key) => {
                    add_named(entry.key, known, more, found);
                }
                _ => {
                    let place = found.spoken(&earlier.key_span);
                    let message = format!("[{}] stands already in {place}", quote_key(entry.key));
                    let help = "put all of it into one of the files";
                    found.add(Code::DuplicateName, &entry.key_span, message, help);
                }
            }
        }
    }
    Value { span: 0..0, kind: Kind::Table(all) }
}

fn add_named<'a>(
    table: &str,
    known: &mut Vec<crate::tree::Entry<'a>>,
    more: Vec<crate::tree::Entry<'a>>,
    found: &mut Found<'_>,
) {
    for entry in more {
        if let Some(earlier) = known.iter().find(|it| it.key == entry.key) {
            let (name, place) = (quote_key(entry.key), found.spoken(&earlier.key_span));
            let message = format!("[{table}.{name}] stands already in {place}");
            let help = "give one of them another name, or put all of it into one of the files";
            found.add(Code::DuplicateName, &entry.key_span, message, help);
        } else {
            known.push(entry);
        }
    }
}

fn quote_key(key: &str) -> String {
    quote(key).trim_matches('`').to_owned()
}
