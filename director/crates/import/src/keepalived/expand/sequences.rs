//! `~SEQ(…)` and `~LST(…)`: the rest of a line, once for each value.

use super::definitions::Definition;
use super::{Expander, Here};
use director_config::Code;

/// No sequence has more values.
const MOST_VALUES: usize = 100_000;
/// No pattern has more alternatives.
const MOST_PATTERNS: usize = 1_000;

/// What is set for one repetition: names and values.
type Setting = Vec<(String, String)>;

impl Expander<'_> {
    pub(super) fn sequence(&mut self, line: &str, here: Here<'_>) {
        // Definitions may stand in the brackets, too, but not those that it sets itself.
        let split = line.split_once('(').and_then(|(kind, rest)| {
            let (inner, rest) = closing(rest)?;
            Some((kind.trim(), inner.to_owned(), rest.to_owned()))
        });
        let settings = split.as_ref().and_then(|(kind, inner, _)| {
            let inner = self.replaced(inner, here);
            match *kind {
                "~SEQ" => numbers(&inner, false),
                "~SEQx" => numbers(&inner, true),
                "~LST" => list(&inner),
                _ => None,
            }
        });
        let (Some((_, _, rest)), Some(settings)) = (split, settings) else {
            let message = "this is neither ~SEQ(NAME, START, STEP, END) nor ~LST(NAME, VALUE, …)";
            let help = "write ~SEQ(N, 1, 3) and what is to be repeated behind it";
            self.log.wrong(Code::Syntax, here.place, message, help);
            return;
        };
        for setting in settings {
            for (name, value) in setting {
                self.definitions.set(&name, Definition { lines: vec![value] });
            }
            if self.is_full {
                return;
            }
            self.line(&rest, here);
        }
    }
}

/// What stands before the bracket that closes, and what behind it.
fn closing(text: &str) -> Option<(&str, &str)> {
    let end = text.find(')')?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// `NAME, [START, [STEP,]] END`.
fn numbers(inner: &str, is_hexadecimal: bool) -> Option<Vec<Setting>> {
    let mut parts = inner.split(',').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let numbers: Option<Vec<i64>> = parts.map(number).collect();
    let (start, step, end) = match *numbers?.as_slice() {
        [end] => (if end >= 0 { 1 } else { -1 }, None, end),
        [start, end] => (start, None, end),
        [start, step, end] => (start, Some(step), end),
        _ => return None,
    };
    let step = step.unwrap_or(if end >= start { 1 } else { -1 });
    if step == 0 {
        return None;
    }
    let mut settings = Vec::new();
    let mut at = start;
    while (step > 0 && at <= end) || (step < 0 && at >= end) {
        let value = if is_hexadecimal { format!("{at:x}") } else { at.to_string() };
        settings.push(vec![(name.to_owned(), value)]);
        if settings.len() > MOST_VALUES {
            return None;
        }
        at = at.checked_add(step)?;
    }
    Some(settings)
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `NAME, VALUE, …` or `{NAME, NAME}, {VALUE, VALUE}, …`.
fn list(inner: &str) -> Option<Vec<Setting>> {
    let mut parts = split_outside(inner).into_iter();
    let names = tuple(&parts.next()?);
    let setting = |part: String| {
        let values = tuple(&part);
        (values.len() == names.len()).then(|| names.iter().cloned().zip(values).collect())
    };
    let settings: Option<Vec<Setting>> = parts.map(setting).collect();
    settings.filter(|it| !it.is_empty() && names.iter().all(|name| !name.is_empty()))
}

fn tuple(part: &str) -> Vec<String> {
    let part = part.trim();
    match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(inner) => inner.split(',').map(|it| it.trim().to_owned()).collect(),
        None => vec![part.to_owned()],
    }
}

/// Parts between commas that stand in no braces.
fn split_outside(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().into_iter().for_each(|part| part.push(c));
    }
    parts
}

/// A pattern's alternatives in braces, each written out: `{a,b}/c` is `a/c` and `b/c`.
pub(super) fn braces(pattern: &str) -> Vec<String> {
    let mut open = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(pattern) = open.pop() {
        if done.len() + open.len() > MOST_PATTERNS {
            break;
        }
        let inner = pattern.rfind('{').and_then(|start| {
            let length = pattern.get(start..)?.find('}')?;
            Some((start, start + length))
        });
        let Some((start, end)) = inner else {
            done.push(pattern);
            continue;
        };
        let alternatives: Vec<&str> = pattern[start + 1..end].split(',').collect();
        let (before, after) = (&pattern[..start], &pattern[end + 1..]);
        open.extend(alternatives.iter().rev().map(|it| format!("{before}{it}{after}")));
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_have_their_numbers() {
        let values = |inner, is_hexadecimal| -> Vec<String> {
            let settings = numbers(inner, is_hexadecimal).unwrap_or_default();
            settings.into_iter().flatten().map(|(_, value)| value).collect()
        };
        assert_eq!(values("A, 3", false), ["1", "2", "3"]);
        assert_eq!(values("A, 0, 2", false), ["0", "1", "2"]);
        assert_eq!(values("A, 5, -2, 1", false), ["5", "3", "1"]);
        assert_eq!(values("A, 0x90, 0x10, 0xb0", true), ["90", "a0", "b0"]);
        for wrong in ["A", "A, 1, 0, 3", "A, x", ", 3", "A, 0, 999999999999"] {
            assert!(numbers(wrong, false).is_none(), "{wrong}");
        }
    }

    #[test]
    fn lists_set_one_name_or_several() {
        let set = list("{A, B}, {1, 2}, {3, 4}").expect("a list");
        assert_eq!(set[1], [("A".to_owned(), "3".to_owned()), ("B".to_owned(), "4".to_owned())]);
        assert_eq!(list("A, x, y").map(|set| set.len()), Some(2));
        assert_eq!(list("{A, B}, {1}"), None);
        assert_eq!(list("A"), None);
    }

    #[test]
    fn braces_are_written_out() {
        assert_eq!(braces("a{b,c{d,e}}f"), ["abf", "acdf", "abf", "acef"]);
        assert_eq!(braces("plain*"), ["plain*"]);
    }
}
