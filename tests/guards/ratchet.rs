//! Limits that old sins may exceed, each by what is written down, and by less every time.

use std::collections::BTreeMap;
use toml_edit::{DocumentMut, Item};

/// For each rule, what is allowed to whom.
pub type Allowed = BTreeMap<String, BTreeMap<String, usize>>;

/// Reads the ratchet: one table per rule, one `"name" = size` per exception.
///
/// # Errors
/// When it is not that.
pub fn read(text: &str) -> Result<Allowed, String> {
    let document: DocumentMut = text.parse().map_err(|wrong| format!("{wrong}"))?;
    let mut allowed = Allowed::new();
    for (rule, table) in document.iter() {
        let table = table.as_table().ok_or_else(|| format!("`{rule}` is not a table"))?;
        let size = |item: &Item| usize::try_from(item.as_integer()?).ok();
        let entry = |(name, item): (&str, &Item)| {
            let size = size(item).ok_or_else(|| format!("{rule}: `{name}` is not a size"))?;
            Ok((name.to_owned(), size))
        };
        let entries: Result<_, String> = table.iter().map(entry).collect();
        allowed.insert(rule.to_owned(), entries?);
    }
    Ok(allowed)
}

/// Compares what exceeds a rule's limit with what may.
pub fn compare(
    rule: &str,
    limit: usize,
    found: &BTreeMap<String, usize>,
    allowed: &Allowed,
) -> Vec<String> {
    let none = BTreeMap::new();
    let allowed = allowed.get(rule).unwrap_or(&none);
    let mut wrong = Vec::new();
    for (name, size) in found {
        match allowed.get(name) {
            None => wrong.push(format!("{name}: {rule} {size}, at most {limit}; make it shorter")),
            Some(may) if size > may => {
                wrong.push(format!("{name}: {rule} {size}, it had {may}; it may only shrink"));
            }
            Some(may) if size < may => wrong.push(format!(
                "{name}: {rule} {size}, better than {may}: lower its entry in tests/ratchet.toml"
            )),
            Some(_) => {}
        }
    }
    let gone = allowed.keys().filter(|name| !found.contains_key(*name));
    wrong.extend(gone.map(|name| {
        format!("{name}: {rule} is within {limit} now: delete its entry in tests/ratchet.toml")
    }));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(found: &[(&str, usize)]) -> Vec<String> {
        let allowed = read("[lines]\n\"a.rs\" = 600\n").expect("a ratchet");
        let found = found.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect();
        compare("lines", 500, &found, &allowed)
    }

    #[test]
    fn what_is_written_down_may_stay() {
        assert_eq!(complaints(&[("a.rs", 600)]), Vec::<String>::new());
    }

    #[test]
    fn growth_shrinkage_newcomers_and_the_cured_are_all_told() {
        let cases: [(&[(&str, usize)], &str); 4] = [
            (&[("a.rs", 601)], "may only shrink"),
            (&[("a.rs", 550)], "a.rs: lines 550, better than 600: lower its entry"),
            (&[("a.rs", 600), ("b.rs", 501)], "b.rs: lines 501, at most 500"),
            (&[], "delete its entry"),
        ];
        for (found, expected) in cases {
            let told = complaints(found);
            assert!(told.len() == 1 && told[0].contains(expected), "{expected}: {told:?}");
        }
    }

    #[test]
    fn a_ratchet_that_is_none_is_refused() {
        assert!(read("lines = 7").is_err());
        assert!(read("[lines]\n\"a.rs\" = -1").is_err());
        assert!(read("[lines").is_err());
    }
}
