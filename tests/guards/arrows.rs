//! Which crate may depend on which.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What each crate may depend on, of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum May {
    /// These.
    Only(BTreeSet<String>),
    /// Any.
    Everything,
}

/// A crate of ours and its dependencies by name, without duplicates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Package {
    /// What it needs to be built.
    pub normal: BTreeSet<String>,
    /// What only its tests need.
    pub dev: BTreeSet<String>,
}

/// The heading over the table.
const HEADING: &str = "## Arrows";
/// What the purest crate may have besides.
const CORE_MAY: [&str; 3] = ["hmac", "serde", "sha2"];
/// The two sides of the wall.
const WALL: [(&str, &str); 2] =
    [("director-linux", "director-sim"), ("director-sim", "director-linux")];
/// What the production binary must never contain.
const NOT_SHIPPED: [&str; 3] = ["director-sim", "scenario", "netns-harness"];

/// Reads the table `| crate | may depend on |` below the heading `## Arrows`.
///
/// # Errors
/// When there is none, or a row is not `crate | names in backticks, or the word everything`.
pub fn table(markdown: &str) -> Result<BTreeMap<String, May>, String> {
    let rows: Vec<&str> = markdown
        .lines()
        .skip_while(|line| *line != HEADING)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with('|'))
        .collect();
    let [head, _, rows @ ..] = &rows[..] else {
        return Err(format!("there is no table below `{HEADING}`"));
    };
    if cells(head) != ["crate", "may depend on"] {
        return Err(format!("the table's head is `{head}`; write `| crate | may depend on |`"));
    }
    rows.iter().map(|row| row_of(row)).collect()
}

fn cells(row: &str) -> Vec<&str> {
    row.trim().trim_matches('|').split('|').map(str::trim).collect()
}

fn row_of(row: &str) -> Result<(String, May), String> {
    let wrong = || format!("`{row}`: write a crate, then crates, each in backticks");
    let [name, may] = cells(row)[..] else { return Err(wrong()) };
    let quoted = |text: &str| {
        text.strip_prefix('`').and_then(|text| text.strip_suffix('`')).map(str::to_owned)
    };
    let name = quoted(name).ok_or_else(wrong)?;
    if may == "everything" {
        return Ok((name, May::Everything));
    }
    let names = may.split(',').map(str::trim).filter(|one| !one.is_empty());
    let only: Option<BTreeSet<String>> = names.map(quoted).collect();
    Ok((name, May::Only(only.ok_or_else(wrong)?)))
}

/// Reads the output of `cargo metadata --no-deps`.
///
/// # Errors
/// When it is not that.
pub fn packages(metadata: &str) -> Result<BTreeMap<String, Package>, String> {
    let document: Value = serde_json::from_str(metadata).map_err(|wrong| wrong.to_string())?;
    let list = document["packages"].as_array().ok_or("no `packages`")?;
    let mut found = BTreeMap::new();
    for entry in list {
        let name = entry["name"].as_str().ok_or("a package without name")?;
        let mut package = Package::default();
        for dependency in entry["dependencies"].as_array().ok_or("no `dependencies`")? {
            let to = dependency["name"].as_str().ok_or("a dependency without name")?.to_owned();
            if dependency["kind"] == "dev" {
                package.dev.insert(to);
            } else {
                package.normal.insert(to);
            }
        }
        found.insert(name.to_owned(), package);
    }
    Ok(found)
}

/// Every arrow that must not be, every crate that the table forgets, every row without a crate.
pub fn check(packages: &BTreeMap<String, Package>, may: &BTreeMap<String, May>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, package) in packages {
        match may.get(name) {
            None => wrong.push(format!("{name} has no row in the table of ARCHITECTURE.md")),
            Some(May::Everything) => {}
            Some(May::Only(only)) => {
                let ours = package.normal.iter().filter(|to| packages.contains_key(*to));
                wrong.extend(ours.filter(|to| !only.contains(*to)).map(|to| {
                    format!("{name} depends on {to}; the table of ARCHITECTURE.md forbids it")
                }));
            }
        }
    }
    for (name, may) in may {
        let named = match may {
            May::Only(only) => only.iter().collect(),
            May::Everything => Vec::new(),
        };
        let unknown = std::iter::once(name).chain(named);
        let unknown = unknown.filter(|name| !packages.contains_key(*name));
        wrong.extend(unknown.map(|name| format!("the table names {name}, which is no crate here")));
    }
    wrong.extend(pure_core(packages));
    wrong.extend(wall(packages));
    wrong
}

fn pure_core(packages: &BTreeMap<String, Package>) -> Vec<String> {
    let core = packages.get("director-core").map(|core| &core.normal);
    let foreign = core.into_iter().flatten().filter(|to| !CORE_MAY.contains(&to.as_str()));
    foreign
        .map(|to| format!("director-core depends on {to}; it may have {}", CORE_MAY.join(", ")))
        .collect()
}

/// The wall holds for whatever is reached, and for tests too, except from `e2e`.
fn wall(packages: &BTreeMap<String, Package>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (side, other) in WALL {
        if reached(packages, side, true).contains(other) {
            wrong.push(format!("{side} reaches {other}; only e2e sees both sides of the wall"));
        }
    }
    let shipped = reached(packages, "director", false);
    wrong.extend(
        NOT_SHIPPED
            .iter()
            .filter(|name| shipped.contains(**name))
            .map(|name| format!("director reaches {name}; production has no simulator in it")),
    );
    let users = packages.iter().filter(|(_, one)| one.normal.contains("e2e"));
    wrong.extend(users.map(|(name, _)| format!("{name} depends on e2e; nothing may")));
    wrong
}

/// Everything that is reached from a crate; its own test dependencies count when asked for.
fn reached(packages: &BTreeMap<String, Package>, from: &str, tests: bool) -> BTreeSet<String> {
    let Some(start) = packages.get(from) else { return BTreeSet::new() };
    let own_tests = start.dev.iter().filter(|_| tests);
    let mut open: Vec<&String> = start.normal.iter().chain(own_tests).collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if seen.insert(name.clone()) {
            open.extend(packages.get(name).into_iter().flat_map(|package| &package.normal));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# A\n\n## Arrows\n\nText.\n\n| crate | may depend on |\n| --- | --- |\n\
        | `director-core` | |\n| `director-linux` | `director-core` |\n\
        | `director-sim` | `director-core` |\n| `director` | `director-linux` |\n\
        | `e2e` | everything |\n\n## Next\n\n| `x` | `y` |\n";

    fn workspace(changes: &[(&str, &[&str], &[&str])]) -> BTreeMap<String, Package> {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let usual: [(&str, &[&str], &[&str]); 5] = [
            ("director-core", &["sha2"], &["proptest"]),
            ("director-linux", &["director-core", "tokio"], &[]),
            ("director-sim", &["director-core"], &[]),
            ("director", &["director-linux"], &[]),
            ("e2e", &[], &["director-sim", "director-linux"]),
        ];
        let entry = |(name, normal, dev): &(&str, &[&str], &[&str])| {
            ((*name).to_owned(), Package { normal: set(normal), dev: set(dev) })
        };
        usual.iter().chain(changes).map(entry).collect()
    }

    fn complaints(changes: &[(&str, &[&str], &[&str])]) -> String {
        check(&workspace(changes), &table(TABLE).expect("a table")).join("\n")
    }

    #[test]
    fn a_workspace_as_the_table_says_is_right() {
        assert_eq!(complaints(&[]), "");
    }

    #[test]
    fn every_wrong_arrow_is_found() {
        let cases: [(&str, &[&str], &[&str], &str); 7] = [
            ("director-core", &["director-sim"], &[], "director-core depends on director-sim"),
            ("director-core", &["tokio"], &[], "director-core depends on tokio"),
            ("director-sim", &["director-linux"], &[], "director-sim reaches director-linux"),
            ("director-linux", &[], &["director-sim"], "director-linux reaches director-sim"),
            ("director", &["director-sim"], &[], "director reaches director-sim"),
            ("director", &["e2e"], &[], "director depends on e2e"),
            ("stranger", &[], &[], "stranger has no row"),
        ];
        for (name, normal, dev, expected) in cases {
            let found = complaints(&[(name, normal, dev)]);
            assert!(found.contains(expected), "{expected}: {found}");
        }
    }

    #[test]
    fn a_row_without_a_crate_is_found() {
        let text = TABLE.replace("| `director` | `director-linux` |", "| `director` | `linux` |");
        let found = check(&workspace(&[]), &table(&text).expect("a table")).join("\n");
        assert!(found.contains("the table names linux"), "{found}");
    }

    #[test]
    fn a_table_that_is_none_is_refused() {
        assert!(table("# A\n").is_err());
        assert!(table(&TABLE.replace("may depend on", "uses")).is_err());
        assert!(table(&TABLE.replace("`director-sim`", "director-sim")).is_err());
    }

    #[test]
    fn metadata_is_read() {
        let text = r#"{"packages":[{"name":"a","dependencies":[
            {"name":"b","kind":null},{"name":"c","kind":"dev"},{"name":"d","kind":"build"}]}]}"#;
        let found = packages(text).expect("metadata");
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(found["a"], Package { normal: set(&["b", "d"]), dev: set(&["c"]) });
        assert!(packages("{}").is_err());
    }
}
