//! Under which terms, and from where, other people's code comes in.

use super::Complaint;
use std::collections::BTreeMap;
use toml_edit::{DocumentMut, Item};

/// Licences that ask for no more than their text to be kept.
pub const ALLOWED: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// The only place that code comes from.
pub const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Whether an SPDX expression can be met with allowed licences alone; `/` is an old OR.
///
/// # Errors
/// When it is no expression.
pub fn is_met(expression: &str) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = any(&mut rest)?;
    if rest.is_empty() { Ok(met) } else { Err(format!("`{expression}`: `{}` is left", rest[0])) }
}

fn any(words: &mut &[&str]) -> Result<bool, String> {
    let mut met = all(words)?;
    while let ["OR", rest @ ..] = words {
        *words = rest;
        met |= all(words)?;
    }
    Ok(met)
}

fn all(words: &mut &[&str]) -> Result<bool, String> {
    let mut met = one(words)?;
    while let ["AND", rest @ ..] = words {
        *words = rest;
        met &= one(words)?;
    }
    Ok(met)
}

fn one(words: &mut &[&str]) -> Result<bool, String> {
    match words {
        ["(", rest @ ..] => {
            *words = rest;
            let met = any(words)?;
            let [")", rest @ ..] = words else { return Err("a parenthesis is open".into()) };
            *words = rest;
            Ok(met)
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            Ok(ALLOWED.contains(&format!("{licence} WITH {exception}").as_str()))
        }
        [licence, rest @ ..] if !["OR", "AND", "WITH", ")"].contains(licence) => {
            *words = rest;
            Ok(ALLOWED.contains(licence))
        }
        _ => Err(format!("a licence is missing before `{}`", words.join(" "))),
    }
}

/// Crates whose terms are not met, or unknown; `licences` is what each crate declares.
pub fn terms(licences: &BTreeMap<String, Option<String>>) -> Vec<Complaint> {
    let complaint = |(name, licence): (&String, &Option<String>)| {
        let text = match licence.as_deref().map(is_met) {
            Some(Ok(true)) => return None,
            Some(Ok(false)) => format!("{name}: its licence is not in the list of tests/guards"),
            Some(Err(wrong)) => format!("{name}: its licence cannot be read: {wrong}"),
            None => format!("{name}: it declares no licence"),
        };
        Some(Complaint::new("Cargo.lock", 0, format!("{text}; do without the crate")))
    };
    licences.iter().filter_map(complaint).collect()
}

/// Crates of a `Cargo.lock` that come from anywhere but the registry and this repository.
///
/// # Errors
/// When it is no such file.
pub fn sources(lock: &str) -> Result<Vec<Complaint>, String> {
    let document: DocumentMut = lock.parse().map_err(|wrong| format!("{wrong}"))?;
    let packages = document.get("package").and_then(Item::as_array_of_tables).ok_or("no crates")?;
    let complaint = |package: &toml_edit::Table| {
        let word = |key: &str| package.get(key).and_then(Item::as_str).unwrap_or_default();
        let source = word("source");
        let known = source.is_empty() || source == SOURCE && !word("checksum").is_empty();
        let text = format!("{} comes from `{source}`; take it from crates.io", word("name"));
        (!known).then(|| Complaint::new("Cargo.lock", 0, text))
    };
    Ok(packages.iter().filter_map(complaint).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_weighed() {
        for (expression, met) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("GPL-3.0-only AND MIT", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("MIT OR GPL-2.0 AND GPL-3.0", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0 WITH other-exception", false),
        ] {
            assert_eq!(is_met(expression), Ok(met), "{expression}");
        }
        for expression in ["", "MIT OR", "(MIT", "MIT Apache-2.0", "WITH x"] {
            assert!(is_met(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn unmet_unreadable_and_missing_terms_are_told() {
        let declared = [("a", Some("MIT")), ("b", Some("GPL-3.0-only")), ("c", None)];
        let licences: BTreeMap<String, Option<String>> = declared
            .map(|(name, licence)| (name.to_owned(), licence.map(str::to_owned)))
            .into_iter()
            .collect();
        assert_eq!(terms(&licences).len(), 2);
    }

    #[test]
    fn other_sources_are_told() {
        let lock =
            |source: &str| format!("[[package]]\nname = \"a\"\n{source}\nchecksum = \"1\"\n");
        let found = |source: &str| sources(&lock(source)).map(|found| found.len());
        assert_eq!(found(&format!("source = \"{SOURCE}\"")), Ok(0));
        assert_eq!(found("source = \"git+https://example.org/a\""), Ok(1));
        assert_eq!(found(""), Ok(0));
        assert!(sources("").is_err());
    }
}
