//! The sample files that Debian's packages install, where they are installed.

mod support;

use director_import::{Format, Input, Options, import};
use std::path::{Path, PathBuf};

/// Where the packages put their samples, and how a file's name begins.
const SAMPLES: [(&str, &str, Format); 4] = [
    ("/usr/share/doc/keepalived/samples", "keepalived.conf", Format::Keepalived),
    ("/etc/keepalived", "keepalived.conf.sample", Format::Keepalived),
    ("/usr/share/doc/ldirectord/examples", "ldirectord.cf", Format::Ldirectord),
    ("/etc/ha.d", "ldirectord.cf", Format::Ldirectord),
];

fn files(folder: &str, begin: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(begin) && !name.ends_with(".gz")
    };
    entries.map(|entry| entry.path()).filter(|path| named(path)).collect()
}

#[test]
fn samples_of_the_packages_are_imported() {
    let mut read = 0;
    for (folder, begin, format) in SAMPLES {
        let found = files(folder, begin);
        if found.is_empty() {
            println!("skipped: no {begin} in {folder}: its package is not installed");
        }
        for path in found {
            let text = std::fs::read_to_string(&path).expect("a text");
            let is_said = |line: &str| !line.trim().is_empty() && !line.trim().starts_with('#');
            let is_empty = !text.lines().any(is_said);
            let input = Input { name: path.display().to_string(), text };
            let options = Options { format: Some(format), ..Options::default() };
            let imported = import(&[input], &options, &support::Host::new());
            let imported = imported.unwrap_or_else(|problems| panic!("{}", problems[0]));
            let config = director_config::parse("director.toml", &imported.text);
            assert!(config.is_ok(), "{}", imported.text);
            let silent = imported.notes.is_empty() && !imported.text.contains("[services");
            assert!(is_empty || !silent, "{}: nothing was read", path.display());
            read += 1;
        }
    }
    println!("{read} samples");
}
