//! A host that tests make up, and files that they import on it.
#![allow(dead_code, reason = "each test uses its part")]

use director_import::{Imported, Input, Interface, Options, Surroundings, import};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The host `d1`: eth0 in 10.0.0.0/24 and 2001:db8::/64, eth1 in 10.1.0.0/24.
pub(crate) struct Host {
    /// Other files.
    pub(crate) files: BTreeMap<PathBuf, String>,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self { files: BTreeMap::new() }
    }
}

impl Surroundings for Host {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.as_bytes().to_vec())
    }

    fn matching(&self, pattern: &str) -> Vec<PathBuf> {
        let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
        let is_star = pattern.contains('*');
        let fits = |path: &&PathBuf| {
            let path = path.to_string_lossy();
            if is_star {
                path.starts_with(before) && path.ends_with(after)
            } else {
                path == pattern
            }
        };
        self.files.keys().filter(fits).cloned().collect()
    }

    fn resolve(&self, name: &str) -> Vec<IpAddr> {
        let known: &[(&str, &str)] = &[
            ("d1", "10.1.0.11"),
            ("www1.example", "10.0.0.21"),
            ("www3.example", "10.0.0.23"),
            ("six.example", "2001:db8::21"),
        ];
        let found = known.iter().filter(|(known, _)| *known == name);
        found.map(|(_, address)| address.parse().expect("an address")).collect()
    }

    fn port(&self, name: &str, protocol: &str) -> Option<u16> {
        match (name, protocol) {
            ("http", "tcp") => Some(80),
            ("smtp", "tcp") => Some(25),
            ("domain", _) => Some(53),
            _ => None,
        }
    }

    fn host_name(&self) -> String {
        "d1".to_owned()
    }

    fn interfaces(&self) -> Vec<Interface> {
        let known =
            [("eth0", "10.0.0.11", 24), ("eth0", "2001:db8::11", 64), ("eth1", "10.1.0.11", 24)];
        let interface = |(name, address, prefix): (&str, &str, u8)| Interface {
            name: name.to_owned(),
            address: address.parse().expect("an address"),
            prefix,
        };
        known.map(interface).to_vec()
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "SITE").then(|| "north".to_owned())
    }
}

/// The files of a folder below `tests/cases`, by name; those in folders of it are beside them.
pub(crate) fn files(case: &Path) -> BTreeMap<String, String> {
    let paths = std::fs::read_dir(case).expect("a folder").map(|it| it.expect("an entry").path());
    let named = paths.filter(|path| path.is_file()).map(|path| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).expect("a text"))
    });
    named.collect()
}

/// What becomes of a case: files that begin with `with-` are for others to include.
pub(crate) fn run(case: &Path) -> (String, Option<Imported>) {
    let mut host = Host::new();
    let mut inputs = Vec::new();
    for (name, text) in files(case) {
        if name.starts_with("with-") {
            host.files.insert(PathBuf::from(name), text);
        } else {
            inputs.push(Input { name, text });
        }
    }
    match import(&inputs, &Options::default(), &host) {
        Ok(imported) => {
            let notes: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
            (format!("{}\n---\n{}", imported.text, notes.join("\n")), Some(imported))
        }
        Err(problems) => {
            let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
            (shown.join("\n"), None)
        }
    }
}

/// The folders below `tests/cases`.
pub(crate) fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(root).expect("a folder").map(|it| it.expect("an entry").path()).collect();
    cases.sort();
    cases
}
