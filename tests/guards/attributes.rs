//! What the manifests and attributes of every crate must say.

use super::Complaint;
use crate::repository::File;
use toml_edit::DocumentMut;

/// Manifests of crates that do not take the workspace's lints.
pub fn lints_not_inherited(files: &[File]) -> Vec<Complaint> {
    let manifest = |file: &&File| file.path.ends_with("Cargo.toml");
    files.iter().filter(manifest).filter_map(lints_of).collect()
}

fn lints_of(file: &File) -> Option<Complaint> {
    let document = match file.text.parse::<DocumentMut>() {
        Ok(document) => document,
        Err(wrong) => return Some(Complaint::new(&file.path, 0, format!("is no TOML: {wrong}"))),
    };
    let crate_of_its_own = document.contains_key("package");
    let inherited = document.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
    let wrong = crate_of_its_own && inherited != Some(true);
    wrong.then(|| Complaint::new(&file.path, 0, "write `[lints]` and `workspace = true`"))
}

/// `allow` and `expect` attributes without `reason = "…"`.
pub fn without_reason(files: &[File]) -> Vec<Complaint> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.is("rs")) {
        for kind in ["allow(", "expect("] {
            for opening in ["#[", "#!["] {
                let attribute = format!("{opening}{kind}");
                let places = file.text.match_indices(&attribute).map(|(at, _)| at);
                let unreasoned = places.filter(|at| {
                    let rest = &file.text[*at..];
                    // In a comment or a string it is no attribute.
                    let line = file.text[..*at].rsplit('\n').next().unwrap_or_default();
                    let attribute = rest.split_once(")]").map_or(rest, |(before, _)| before);
                    line.trim().is_empty() && !attribute.contains("reason = \"")
                });
                wrong.extend(unreasoned.map(|at| {
                    let line = file.text[..at].matches('\n').count() + 1;
                    Complaint::new(&file.path, line, "add `, reason = \"…\"` to the attribute")
                }));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_must_take_the_lints() {
        let complaints = |text: &str| lints_not_inherited(&[File::new("a/Cargo.toml", text)]).len();
        assert_eq!(complaints("[package]\nname = \"a\"\n"), 1);
        assert_eq!(complaints("[package]\nname = \"a\"\n[lints]\nworkspace = false\n"), 1);
        assert_eq!(complaints("[package]\nname = \"a\"\n[lints]\nworkspace = true\n"), 0);
        assert_eq!(complaints("[workspace]\n"), 0);
        assert_eq!(complaints("[package\n"), 1);
    }

    #[test]
    fn an_exception_must_have_a_reason() {
        let complaints = |text: &str| without_reason(&[File::new("a.rs", text)]);
        assert_eq!(complaints("fn a() {}\n    #[allow(dead_code)]\n")[0].line, 2);
        assert_eq!(complaints("#![expect(\n    dead_code,\n    unused\n)]\n").len(), 1);
        assert_eq!(complaints("#[expect(\n    dead_code,\n    reason = \"a\"\n)]\n"), []);
        assert_eq!(complaints("/// never `#[allow(dead_code)]`\n"), []);
    }
}
