//! The directory of one run: what the guest reads and writes, and all that a run leaves on disk.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

use crate::failure::Failure;
use crate::plan::{Plan, Role};
use crate::said;
use crate::stack::Stack;

/// The subdirectories, and what is in them: the agents' records, the directors' logs, standard
/// errors, and what the directors say of their tables at the end.
const PARTS: [&str; 4] = ["records", "logs", "stderr", said::DIRECTORY];

/// Where directors record what happens to them, each under its name; there when they shall.
pub(crate) const INPUTS: &str = "inputs";

/// How the names of temporary run directories begin; eight digits of the process id follow.
const PREFIX: &str = "director-lab-";

/// A run directory; unless it is kept, dropping it removes it.
#[derive(Debug)]
pub(crate) struct RunDirectory {
    path: PathBuf,
    keep: bool,
}

impl RunDirectory {
    /// Makes a temporary one.
    pub(crate) fn temporary() -> Result<Self, Failure> {
        remove_abandoned();
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        // A process of another container may have the same number.
        let nanos =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
        let name = format!("{PREFIX}{:08x}{nanos:08x}{made:04x}", std::process::id());
        Self::make(&std::env::temp_dir().join(name), false)
    }

    /// Makes one that stays; it must not exist yet, or be empty.
    pub(crate) fn kept(path: &Path) -> Result<Self, Failure> {
        if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Failure::Input(format!(
                "--keep {}: the directory is not empty; name another",
                path.display()
            )));
        }
        Self::make(path, true)
    }

    fn make(path: &Path, keep: bool) -> Result<Self, Failure> {
        let failed = |error| {
            Failure::Input(format!("cannot make the run directory {}: {error}", path.display()))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let text = path.to_string_lossy();
        if text.contains([' ', ',', '"']) {
            return Err(Failure::Input(format!(
                "the run directory {text} has a character that a kernel command line cannot \
                 carry; set TMPDIR or --keep to a path without blanks, commas and quotes"
            )));
        }
        let made = Self { path, keep };
        for part in PARTS {
            fs::create_dir(made.path.join(part)).map_err(failed)?;
        }
        Ok(made)
    }

    /// One that somebody else has made and filled.
    pub(crate) fn existing(path: &Path) -> Self {
        Self { path: path.to_owned(), keep: true }
    }

    /// Leaves it as it is, for who uses it from now on.
    pub(crate) fn leave(self) {
        std::mem::forget(self);
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Has the directors record what happens to them.
    pub(crate) fn take_inputs(&self) -> anyhow::Result<()> {
        fs::create_dir(self.path.join(INPUTS)).context("a folder for the directors' records")
    }

    /// Puts in what the guest needs: the plan, and this program.
    pub(crate) fn fill(&self, plan: &Plan) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(plan).context("writing the plan")?;
        fs::write(self.path.join("plan.json"), text).context("writing the plan")?;
        for node in &plan.nodes {
            let Role::Director(role) = &node.role else { continue };
            if role.stack != Stack::Director {
                for file in &role.files {
                    let name = Path::new(&file.path).file_name().unwrap_or_default();
                    let name = format!("{}.{}", node.name, name.to_string_lossy());
                    fs::write(self.path.join(name), &file.text).context("the configuration")?;
                }
            }
        }
        // A copy: the program may be built anew while it runs.
        fs::copy("/proc/self/exe", self.path.join("init")).context("copying this program")?;
        Ok(())
    }
}

/// Removes the directories of runs that were killed.
fn remove_abandoned() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .and_then(|rest| u32::from_str_radix(rest.get(..8)?, 16).ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Another user's cannot be removed, and need not be.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        // What cannot be removed is a temporary directory's everyday fate.
        let _ = if self.keep {
            fs::remove_file(self.path.join("init"))
        } else {
            fs::remove_dir_all(&self.path)
        };
    }
}
