//! Configurations of ldirectord, Heartbeat, keepalived and `ipvsadm`, as one `director.toml`.
//!
//! [`import`] reads files of several languages, each by its own program's rules of what a line is,
//! and gives the text of a `director.toml` whose comments say where each line comes from, with
//! everything that is not carried over or behaves otherwise. The text is one that
//! [`director_config::parse`] takes: what the grammar does not take is left out with its reason.

mod complete;
mod directive;
mod document;
mod draft;
mod format;
mod heartbeat;
mod ipvsadm;
mod keepalived;
mod ldirectord;
mod log;
mod pattern;
mod place;
mod settle;
mod sheet;
mod surroundings;
mod write;

pub use directive::{Directive, Language};
pub use document::tables;
pub use format::Format;
pub use log::{Fate, Note};
pub use surroundings::{Interface, Options, Surroundings};

use director_config::{Code, Problems};
use draft::{Check, Dialogue, Draft, Key};
use log::Log;
use place::Place;
use std::time::Duration;

/// Every language that is read, with all of its directives.
pub const LANGUAGES: [Language; 7] = [
    ldirectord::table::LANGUAGE,
    heartbeat::table::HA_CF,
    heartbeat::table::HARESOURCES,
    heartbeat::table::AUTHKEYS,
    keepalived::table::general::LANGUAGE,
    keepalived::table::services::LANGUAGE,
    ipvsadm::table::LANGUAGE,
];

/// A file to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name, as messages and comments give it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What became of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The text of a `director.toml`.
    pub text: String,
    /// What is not carried over or behaves otherwise, by file and line.
    pub notes: Vec<Note>,
    /// The secret that the directors shared, for the key file.
    pub secret: Option<String>,
}

impl Imported {
    /// Whether something of the files is not in the text.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.notes.iter().any(|note| note.fate == Fate::LeftOut)
    }
}

/// Makes one `director.toml` of the files.
///
/// # Errors
/// Everything that is wrong with the files: what the program that they are for does not take, too.
pub fn import(
    inputs: &[Input],
    options: &Options,
    around: &dyn Surroundings,
) -> Result<Imported, Vec<Problems>> {
    let mut log = Log::default();
    let mut draft = Draft::default();
    let mut files: Vec<(Format, &Input)> = Vec::new();
    for input in inputs {
        match options.format.or_else(|| Format::guess(&input.name, &input.text)) {
            Some(format) => files.push((format, input)),
            None => {
                let file = log.file(&input.name, &input.text);
                let message = "neither its name nor its text says what language this is";
                let names = Format::ALL.map(Format::as_str).join(", ");
                let help = format!("say it with --from and one of {names}");
                log.wrong(Code::Unreadable, Place { file, line: 0, column: 0 }, message, help);
            }
        }
    }
    // Nodes before who prefers what.
    files.sort_by_key(|(format, _)| *format);
    let keepalived: Vec<(&str, &str)> = files
        .iter()
        .filter(|(format, _)| *format == Format::Keepalived)
        .map(|(_, input)| (input.name.as_str(), input.text.as_str()))
        .collect();
    keepalived::read(&keepalived, options, &mut draft, around, &mut log);
    for (format, input) in files {
        read(format, input, &mut draft, around, &mut log);
    }
    if log.is_wrong() {
        return Err(log.into_problems());
    }
    let names = inputs.iter().map(|input| input.name.as_str());
    let head = head(&names.collect::<Vec<_>>().join(", "));
    checks(&mut draft);
    complete::complete(&mut draft, options, around, &mut log);
    let items = write::items(&draft, &options.key_file);
    match settle::settle(&head, items, &mut log) {
        Some(text) => {
            let secret = draft.cluster.secret.map(|secret| secret.value);
            Ok(Imported { text, notes: log.into_notes(), secret })
        }
        None => Err(log.into_problems()),
    }
}

fn head(names: &str) -> String {
    let names: String = names.chars().filter(|c| !c.is_control()).collect();
    format!("# Imported from {names}.\n# A comment at the end of a line says where it comes from.")
}

fn read(
    format: Format,
    input: &Input,
    draft: &mut Draft,
    around: &dyn Surroundings,
    log: &mut Log,
) {
    let Input { name, text } = input;
    match format {
        Format::Ldirectord => ldirectord::read(name, text, draft, around, log),
        Format::HaCf => heartbeat::ha_cf(name, text, draft, around, log),
        Format::Haresources => heartbeat::haresources(name, text, draft, log),
        Format::Authkeys => heartbeat::authkeys(name, text, draft, log),
        // Read before, all files at once.
        Format::Keepalived => {}
        Format::Ipvsadm => ipvsadm::read(name, text, draft, log),
    }
}

/// A service of which no file says how it is checked gets one.
fn checks(draft: &mut Draft) {
    for service in &mut draft.services {
        let kind = match service.key.value {
            Key::Tcp(_) | Key::Sctp(_) => "tcp",
            Key::Udp(_) | Key::FwMark(_) | Key::FwMark6(_) => "ping",
        };
        service.check.get_or_insert(Check {
            place: service.place,
            dialogue: Dialogue::of(kind),
            port: None,
            interval: Duration::from_secs(2),
            timeout: Duration::from_secs(1),
            fall: 3,
            rise: 2,
        });
    }
}
