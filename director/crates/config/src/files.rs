//! What is outside the text: the file itself, the key file, the host.

use crate::code::Code;
use crate::document::parse_all;
use crate::include::follow;
use crate::place::Places;
use crate::problem::{Problem, Problems};
use crate::secrets;
use crate::source::Source;
use crate::suggest::{all_of, nearest, quote, quote_path};
use crate::texts::Texts;
use director_core::config::Config;
use director_core::name::NodeName;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// No configuration is longer: 16 MiB.
pub(crate) const LONGEST: usize = 16 << 20;

/// Reads a `director.toml` with the files that it includes, and gives the configuration and what
/// it was read from.
///
/// # Errors
/// When a file cannot be read, included, or is not UTF-8, and every problem of the texts.
pub fn load(path: &Path) -> Result<(Config, Texts), Problems> {
    let texts = follow(path)?;
    let config = parse_all(&texts)?;
    Ok((config, texts))
}

pub(crate) fn read(path: &Path) -> Result<String, Box<Problem>> {
    let unreadable = |error: std::io::Error| {
        let help = match error.kind() {
            ErrorKind::NotFound => "check the name, or write the file",
            ErrorKind::PermissionDenied => "run as a user who may read it",
            _ => "name a file that can be read",
        };
        let message = format!("the file cannot be read: {error}");
        Box::new(Problem::of_file(Code::Unreadable, message, help.to_owned()))
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > LONGEST {
        let message = "the file is longer than 16 MiB".to_owned();
        let help = "name a director.toml".to_owned();
        return Err(Box::new(Problem::of_file(Code::Unreadable, message, help)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let text = String::from_utf8_lossy(&bytes);
        let message = format!("byte {valid} of the file is not UTF-8 text");
        let help = "save the file in the encoding UTF-8".to_owned();
        let (source, place) = (Source::of(None, &text), valid..valid + 1);
        Box::new(Problem::at(&source, Code::NotUtf8, &place, message, help))
    })
}

/// Where the key file is: a relative path begins at the folder of the configuration file.
#[must_use]
pub fn key_path(config: &Config, file_name: &str) -> PathBuf {
    let folder = Path::new(file_name).parent().unwrap_or_else(|| Path::new(""));
    folder.join(&config.cluster.key_file)
}

/// What is wrong with the files that the configuration names, at their places in its texts.
///
/// The key file must be there, not be empty, and not be readable by others; so must the files with
/// the secrets of checks.
#[must_use]
pub fn check_files(config: &Config, texts: &Texts) -> Vec<Problem> {
    let path = key_path(config, texts.file());
    let shown = quote_path(&path);
    let found = match std::fs::metadata(&path) {
        Err(error) => Some((
            Code::KeyFileMissing,
            format!("the key file {shown} cannot be read: {error}"),
            "make one and copy it to every director: \
             (umask 077; head -c 32 /dev/urandom | base64 > FILE)",
        )),
        Ok(metadata) if !metadata.is_file() => Some((
            Code::KeyFileMissing,
            format!("the key file {shown} is not a file"),
            "name a file with a secret in it",
        )),
        Ok(metadata) if metadata.len() == 0 => Some((
            Code::KeyFileEmpty,
            format!("the key file {shown} is empty"),
            "put a secret in it, the same on every director",
        )),
        Ok(metadata) if others_may_read(&metadata) => Some((
            Code::KeyFileOpen,
            format!("others than its owner and group may read the key file {shown}"),
            "take the permission away: chmod o-rwx FILE",
        )),
        Ok(_) => None,
    };
    let source = Source::new(texts);
    let problem = |(code, message, help): (Code, String, &str)| {
        let span = Places::new(texts).find(&["cluster", "key-file"]);
        Problem::at(&source, code, &span, message, help.to_owned())
    };
    let mut problems: Vec<Problem> = found.map(problem).into_iter().collect();
    problems.extend(secrets::problems(config, texts));
    problems
}

pub(crate) fn others_may_read(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o007 != 0
}

/// The node `name` of the configuration: the one that runs on this host.
///
/// # Errors
/// One problem when there is none, with the nodes that there are.
pub fn check_node(config: &Config, name: &str, texts: &Texts) -> Result<NodeName, Problems> {
    let node = NodeName::new(name).ok().filter(|node| config.nodes.contains_key(node));
    node.ok_or_else(|| {
        let known: Vec<&str> = config.nodes.keys().map(NodeName::as_str).collect();
        let message = format!("there is no node {}; there are {}", quote(name), all_of(&known));
        let example = nearest(name, known.iter().copied()).or(known.first().copied());
        let help = format!(
            "say which one this host is, with --node {}, or describe it under [nodes.{name}]",
            example.unwrap_or("NAME")
        );
        let places = Places::new(texts);
        let span = places.first(|document| document.as_table().key("nodes")?.span());
        let problem = Problem::at(&Source::new(texts), Code::UnknownNode, &span, message, help);
        Problems::new(texts.file(), vec![problem])
    })
}
