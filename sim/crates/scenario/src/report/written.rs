//! Reports in files, beside the one that is printed.

use super::{Run, html, json, junit};
use std::path::Path;

/// Which files are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The page for a browser.
    pub html: Option<&'a Path>,
    /// The document of [`json`].
    pub json: Option<&'a Path>,
    /// The document of [`junit`].
    pub junit: Option<&'a Path>,
}

impl Wanted<'_> {
    /// Whether any is.
    #[must_use]
    pub fn any(&self) -> bool {
        self.html.is_some() || self.json.is_some() || self.junit.is_some()
    }

    /// Writes them; the page has this title.
    ///
    /// # Errors
    /// A file cannot be written: which, and why.
    pub fn write(&self, title: &str, runs: &[Run]) -> Result<(), String> {
        let wrong = |error| format!("the report has no JSON: {error}");
        if let Some(path) = self.html {
            put(path, &html(title, &[], runs).map_err(wrong)?)?;
        }
        if let Some(path) = self.json {
            put(path, &json(runs).map_err(wrong)?)?;
        }
        self.junit.map_or(Ok(()), |path| put(path, &junit(runs)))
    }
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text)
        .map_err(|error| format!("cannot write the report to {}: {error}", path.display()))
}
