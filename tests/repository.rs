//! The files of this repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold what is built, not what is written.
const BUILT: [&str; 3] = [".git", "scratch", "node_modules"];

/// A file with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// From the repository's root, with `/` between its parts.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

impl File {
    /// A file for a test.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether the name ends so.
    pub fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// One file, by its path from the root.
///
/// # Panics
/// When it cannot be read.
pub fn read(path: &str) -> File {
    let text = fs::read_to_string(root().join(path));
    File { path: path.to_owned(), text: text.unwrap_or_else(|error| panic!("{path}: {error}")) }
}

/// Every text file, in the order of their paths; bytes that are not UTF-8 are no text.
///
/// # Panics
/// When a directory cannot be read.
pub fn files() -> Vec<File> {
    let mut paths = Vec::new();
    collect(&root(), "", &mut paths);
    paths.sort();
    let text =
        |path: String| Some(File { text: fs::read_to_string(root().join(&path)).ok()?, path });
    paths.into_iter().filter_map(text).collect()
}

/// Every file of that extension.
///
/// # Panics
/// When a directory cannot be read.
pub fn files_of(extension: &str) -> Vec<File> {
    files().into_iter().filter(|file| file.is(extension)).collect()
}

fn collect(directory: &Path, prefix: &str, into: &mut Vec<String>) {
    let entries =
        fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        let path = format!("{prefix}{name}");
        if kind.is_file() {
            // In a second working tree `.git` is a file.
            if !BUILT.contains(&&*name) {
                into.push(path);
            }
        } else if kind.is_dir() && !BUILT.contains(&&*name) && !name.starts_with("target") {
            collect(&entry.path(), &format!("{path}/"), into);
        }
    }
}

/// A path that stands in the file `from`, from the root; none when it leaves the repository.
pub fn resolve(from: &str, target: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
