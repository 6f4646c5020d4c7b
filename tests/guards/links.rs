//! Markdown documents that nobody finds, and links that lead nowhere.

use super::Complaint;
use crate::repository::{File, resolve};
use std::collections::{BTreeMap, BTreeSet};

/// Where every reader begins.
const ENTRANCE: &str = "README.md";

/// Documents that no path of links leads to from README.md, and links to files that are not there.
///
/// `exists` is asked for a path from the root. A link to a folder is one to its README.md.
pub fn check(files: &[File], exists: impl Fn(&str) -> bool) -> Vec<Complaint> {
    let documents: BTreeMap<&str, &File> =
        files.iter().filter(|file| file.is("md")).map(|file| (file.path.as_str(), file)).collect();
    let mut wrong = Vec::new();
    let mut leads: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, file) in &documents {
        for (line, target) in links(&file.text) {
            match resolve(path, &target) {
                Some(to) if exists(&to) => {
                    let readme = format!("{}/{ENTRANCE}", to.trim_end_matches('/'));
                    leads.entry(path).or_default().extend([to, readme]);
                }
                _ => wrong.push(Complaint::new(path, line, format!("`{target}` leads nowhere"))),
            }
        }
    }
    let found = reached(&leads);
    let lost = documents.keys().filter(|path| !found.contains(**path));
    wrong.extend(lost.map(|path| {
        let text = "no link leads here from README.md; add one where its reader comes by";
        Complaint::new(path, 0, text)
    }));
    wrong
}

fn reached(leads: &BTreeMap<&str, BTreeSet<String>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![ENTRANCE.to_owned()];
    while let Some(path) = open.pop() {
        if found.insert(path.clone()) {
            open.extend(leads.get(path.as_str()).into_iter().flatten().cloned());
        }
    }
    found
}

/// The relative links of a document with their lines; those in code are text, not links.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for piece in line.split("](").skip(1) {
            let Some((target, _)) = piece.split_once(')') else { continue };
            let target = target.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains(':') {
                found.push((at + 1, target.to_owned()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files.iter().map(|(path, text)| File::new(path, text)).collect();
        let exists = |path: &str| {
            files.iter().any(|file| file.path == path || file.path.starts_with(&format!("{path}/")))
        };
        check(&files, exists).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn documents_that_are_linked_are_right() {
        let files = [
            ("README.md", "[a](docs/a.md#part) [web](https://example.org)\n```\n[x](y.md)\n```\n"),
            ("docs/a.md", "[up](../README.md) [s](../scenarios/)"),
            ("scenarios/README.md", ""),
        ];
        assert_eq!(complaints(&files), Vec::<String>::new());
    }

    #[test]
    fn a_lost_document_and_a_dead_link_are_found() {
        let found = complaints(&[("README.md", "\n[a](b.md)"), ("docs/a.md", "[b](a.md)")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("README.md:2: `b.md` leads nowhere"), "{found:?}");
        assert!(found[1].starts_with("docs/a.md: no link leads here"), "{found:?}");
        let found = complaints(&[("README.md", "[a](../../x.md)")]);
        assert_eq!(found, ["README.md:1: `../../x.md` leads nowhere"]);
    }
}
