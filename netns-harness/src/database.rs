//! The PostgreSQL that real servers run: where it is, and what a director needs to ask it.

use std::fs;
use std::path::{Path, PathBuf};

use scenario::{Node, NodeKind, Protocol};

use crate::doctor::Missing;
use crate::translate::ConfigText;

/// Where Debian's packages have each version's programs.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Where a director finds the password of the user `check`, for `password-file` of a check.
const PASSWORD_FILE: &str = "/etc/director/check.password";
/// No secret here.
pub(crate) const PASSWORD: &str = "not a secret of anybody's";

/// Where one of its programs is, of the newest version.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let folders = fs::read_dir(VERSIONS).ok()?.flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut found: Vec<(u32, PathBuf)> =
        folders.filter_map(|folder| Some((version(&folder.path())?, folder.path()))).collect();
    found.sort();
    let programs = found.into_iter().rev().map(|(_, folder)| folder.join("bin").join(program));
    programs.into_iter().find(|path| path.is_file())
}

/// Whether a node is a server of this kind.
pub(crate) fn is_on(node: &Node) -> bool {
    let NodeKind::Server { serve, .. } = &node.kind else { return false };
    serve.iter().any(|serve| serve.protocol == Protocol::Postgresql)
}

/// What keeps this machine from running it, if something does.
pub(crate) fn missing() -> Option<Missing> {
    find("postgres").is_none().then(|| Missing {
        what: "PostgreSQL".to_owned(),
        cure: "apt-get install postgresql".to_owned(),
    })
}

/// The password as a file of a director's.
pub(crate) fn password() -> ConfigText {
    let text = format!("{PASSWORD}\n");
    ConfigText { path: PASSWORD_FILE.to_owned(), text, secret: true }
}
