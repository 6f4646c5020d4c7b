//! Where built kernels are kept, and under which name.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use super::{CONFIG, PACKAGE, PATCH, SOURCE};
use crate::failure::Failure;

/// The place of the kernel that belongs to this program.
#[derive(Debug, Clone)]
pub(crate) struct Cached {
    /// The cache directory.
    pub(crate) root: PathBuf,
    /// `kernel-<hash>` inside it.
    pub(crate) directory: PathBuf,
    /// The kernel itself, whether it has been built or not.
    pub(crate) kernel: PathBuf,
}

impl Cached {
    /// Whether the kernel has been built.
    pub(crate) fn is_built(&self) -> bool {
        self.kernel.is_file()
    }
}

/// Finds the place of the kernel for this program's configuration and the installed source.
///
/// Without the source package, a kernel that this program built before is still found by the
/// version noted beside it, so that a cache can be carried to a machine without the source.
pub(crate) fn lookup() -> Result<Cached, Failure> {
    let root = cache_root()?;
    let version = match source_version() {
        Some(version) => version,
        None => noted_version(&root).ok_or_else(|| {
            Failure::Unable(format!(
                "the kernel source {SOURCE} is not installed and no kernel is cached in {}; \
                 apt-get install {PACKAGE} flex bison bc",
                root.display()
            ))
        })?,
    };
    let directory = root.join(format!("kernel-{}", fingerprint(&version)));
    let kernel = directory.join("linux");
    Ok(Cached { root, directory, kernel })
}

/// The version of the source package, as `dpkg` knows it.
pub(super) fn source_version() -> Option<String> {
    if !Path::new(SOURCE).is_file() {
        return None;
    }
    let output =
        Command::new("dpkg-query").args(["-W", "-f", "${Version}", PACKAGE]).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !version.is_empty()).then_some(version)
}

/// The hash over everything that decides what the built kernel is.
fn fingerprint(version: &str) -> String {
    let mut hash = Sha256::new();
    for part in [CONFIG, PATCH, version] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The version of a cached kernel that matches this program's configuration and patch.
fn noted_version(root: &Path) -> Option<String> {
    let mut found: Vec<String> = std::fs::read_dir(root)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let version = std::fs::read_to_string(entry.path().join("version")).ok()?;
            let name = format!("kernel-{}", fingerprint(version.trim()));
            (entry.file_name().to_str() == Some(&name)).then(|| version.trim().to_owned())
        })
        .collect();
    found.sort();
    found.pop()
}

fn cache_root() -> Result<PathBuf, Failure> {
    let named = std::env::var_os("DIRECTOR_LAB_CACHE").filter(|value| !value.is_empty());
    let root = match (named, std::env::var_os("HOME")) {
        (Some(path), _) => PathBuf::from(path),
        (None, Some(home)) => PathBuf::from(home).join(".cache/director-lab"),
        (None, None) => {
            return Err(Failure::Input("neither DIRECTOR_LAB_CACHE nor HOME is set".into()));
        }
    };
    std::path::absolute(&root)
        .map_err(|error| Failure::Input(format!("cache {}: {error}", root.display())))
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn another_source_version_is_another_kernel() {
        assert_eq!(fingerprint("6.12.1").len(), 12);
        assert_ne!(fingerprint("6.12.1"), fingerprint("6.12.2"));
    }
}
