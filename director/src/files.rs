//! The configuration from its files, whole or not at all.

use director_config::{Code, Problem, Problems, check_files, check_node, key_path, load};
use director_core::config::Config;
use director_core::name::NodeName;
use director_core::wire::heartbeat::Key;
use director_shell::{Settings, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A valid configuration and who this node is in it.
pub(crate) struct Loaded {
    pub(crate) config: Config,
    pub(crate) node: NodeName,
    text: String,
}

/// Reads the configuration and finds the node in it: the one that was named, or this host.
///
/// # Errors
/// Every problem of the text, or that the node is not in it.
pub(crate) fn configuration(path: &Path, node: Option<&str>) -> Result<Loaded, Problems> {
    let (config, text) = load(path)?;
    let name = node.map_or_else(|| host_name(&config), str::to_owned);
    let node = check_node(&config, &name, &path.display().to_string(), &text)?;
    Ok(Loaded { config, node, text })
}

/// The host name as it is configured: whole, or up to its first dot.
fn host_name(config: &Config) -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    let short = name.split('.').next().unwrap_or_default();
    let known = |name: &str| config.nodes.keys().any(|node| node.as_str() == name);
    if !known(&name) && known(short) { short.to_owned() } else { name.into_owned() }
}

/// The configuration with the secret of its key file.
///
/// # Errors
/// Every problem of the text, that the node is not in it, or what is wrong with the key file.
pub(crate) fn settings(path: &Path, node: Option<&str>) -> Result<(Settings, NodeName), Problems> {
    let Loaded { config, node, text } = configuration(path, node)?;
    let file = path.display().to_string();
    let problems = check_files(&config, &file, &text);
    if !problems.is_empty() {
        return Err(Problems::new(&file, problems));
    }
    let key_file = key_path(&config, &file);
    let key =
        read_key(&key_file).map_err(|message| Problems::new(&file, vec![key_problem(message)]))?;
    Ok((Settings { config: Arc::new(config), key }, node))
}

/// White space at the end is not part of the secret: editors and `echo` leave a line end there.
fn read_key(path: &Path) -> Result<Key, String> {
    let failed = |error| format!("the key file {} cannot be read: {error}", path.display());
    let secret = std::fs::read(path).map_err(failed)?;
    match secret.trim_ascii_end() {
        [] => Err(format!("the key file {} has nothing but white space", path.display())),
        secret => Ok(Key::new(secret)),
    }
}

fn key_problem(message: String) -> Problem {
    Problem {
        code: Code::KeyFileMissing,
        line: 1,
        column: 1,
        message,
        help: "run as a user who may read it, and put a secret in it".to_owned(),
        span: 0..0,
        source_line: None,
    }
}

/// The files, for a reload.
pub(crate) struct Files {
    pub(crate) path: PathBuf,
    pub(crate) node: NodeName,
}

impl Source for Files {
    fn load(&mut self) -> Result<Settings, Vec<String>> {
        let loaded = settings(&self.path, Some(self.node.as_str()));
        loaded.map(|(settings, _)| settings).map_err(|problems| {
            let file = &problems.file;
            let line = |problem: &Problem| {
                let Problem { line, column, message, help, .. } = problem;
                format!("{file}:{line}:{column}: {message}; {help}")
            };
            problems.problems.iter().map(line).collect()
        })
    }
}
