//! Files that take real servers out: names in a directory, each an address with or without port.

use director_core::Input;
use director_core::standing::Subject;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// Between two looks at the directory.
const PAUSE: Duration = Duration::from_secs(2);

/// Tells of the servers that the directory names, whenever they have changed, until nobody
/// listens.
pub async fn watch(directory: PathBuf, changes: mpsc::Sender<Input>) {
    let mut known = BTreeSet::new();
    let mut trouble = None;
    loop {
        let looked = directory.clone();
        // Reading a directory may take long; the heartbeat goes on meanwhile.
        let found = tokio::task::spawn_blocking(move || read(&looked)).await;
        let found = found.unwrap_or_else(|error| Err(io::Error::other(error)));
        match found {
            Ok((servers, strange)) => {
                let words = (!strange.is_empty()).then(|| {
                    let names = strange.join(", ");
                    format!("maintenance files that name no server, and do nothing: {names}")
                });
                tell(&mut trouble, words);
                if servers != known {
                    known.clone_from(&servers);
                    if changes.send(Input::MaintenanceFiles(servers)).await.is_err() {
                        return;
                    }
                }
            }
            // Whatever cannot be read says nothing: what is known stays.
            Err(error) => {
                let shown = directory.display();
                tell(&mut trouble, Some(format!("maintenance directory {shown}: {error}")));
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Says a trouble once.
fn tell(trouble: &mut Option<String>, words: Option<String>) {
    if let Some(words) = words.as_ref().filter(|words| trouble.as_ref() != Some(words)) {
        tracing::warn!("{words}");
    }
    *trouble = words;
}

/// The servers that a directory names, and the names that are none. One that is not there has no
/// files.
fn read(directory: &Path) -> io::Result<(BTreeSet<Subject>, Vec<String>)> {
    let (mut servers, mut strange) = (BTreeSet::new(), Vec::new());
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((servers, strange)),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        match name.parse() {
            Ok(server) => drop(servers.insert(server)),
            Err(_) => strange.push(name),
        }
    }
    strange.sort();
    Ok((servers, strange))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_servers_or_strange() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["10.0.0.21", "10.0.0.22:80", "[2001:db8::1]:443", "web1.example", "notes~"] {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        let (servers, strange) = read(folder.path()).expect("readable");
        let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.21", "10.0.0.22:80", "[2001:db8::1]:443"]);
        assert_eq!(strange, ["notes~", "web1.example"]);
        let absent = read(&folder.path().join("absent")).expect("no files");
        assert!(absent.0.is_empty() && absent.1.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (sender, mut changes) = mpsc::channel(1);
        let watching = tokio::spawn(watch(folder.path().to_owned(), sender));
        for (name, present) in [("10.0.0.21", true), ("10.0.0.21", false)] {
            let file = folder.path().join(name);
            if present {
                std::fs::write(&file, "").expect("a file");
            } else {
                std::fs::remove_file(&file).expect("a file");
            }
            let Some(Input::MaintenanceFiles(servers)) = changes.recv().await else { panic!() };
            assert_eq!(servers.len(), usize::from(present));
        }
        watching.abort();
    }
}
