//! The file that remembers what was changed, for as long as the changes last: until it is undone,
//! or the host starts anew.

use crate::output::Failure;
use director_core::realserver::Record;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Version of the file.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    version: u32,
    changed: Record,
}

/// Where the record is kept.
pub(super) struct RecordFile(PathBuf);

impl RecordFile {
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn failed(&self, what: &str, error: impl std::fmt::Display) -> Failure {
        Failure::machine(format_args!("the record {} {what}: {error}", self.0.display()))
    }

    /// The record; an empty one when there is no file.
    pub(super) fn read(&self) -> Result<Record, Failure> {
        let text = match fs::read(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
            text => text.map_err(|error| self.failed("cannot be read", error))?,
        };
        let document: Document = serde_json::from_slice(&text)
            .map_err(|error| self.failed("is none; move it away and undo by hand", error))?;
        if document.version == VERSION {
            Ok(document.changed)
        } else {
            let other = format!("it has version {}, not {VERSION}", document.version);
            Err(self.failed("is of another release", other))
        }
    }

    /// Writes it whole or not at all.
    pub(super) fn write(&self, record: &Record) -> Result<(), Failure> {
        if record.is_empty() {
            return Ok(());
        }
        let failed = |error: io::Error| self.failed("cannot be written", error);
        let document = Document { version: VERSION, changed: record.clone() };
        let text = serde_json::to_vec_pretty(&document).map_err(|error| failed(error.into()))?;
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let new = self.0.with_extension("new");
        fs::write(&new, text).and_then(|()| fs::rename(&new, &self.0)).map_err(failed)
    }

    /// Forgets it.
    pub(super) fn remove(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("cannot be removed", error))
            }
            _ => Ok(()),
        }
    }
}
