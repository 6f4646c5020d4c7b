//! `authkeys`: the secret that the directors share.

use super::table::AUTHKEYS;
use super::words;
use crate::draft::Draft;
use crate::log::Log;
use crate::place::{At, Place};
use director_config::Code;
use std::collections::BTreeMap;

const SECTION: &str = "authkeys";

/// Reads the file into the draft: the key that `auth` selects.
pub(crate) fn read(name: &str, text: &str, draft: &mut Draft, log: &mut Log) {
    let file = log.file(name, text);
    let mut selected: Option<At<String>> = None;
    let mut keys: BTreeMap<String, (At<String>, Option<At<String>>)> = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let words = words(file, at + 1, line, char::is_whitespace);
        match words.as_slice() {
            [] => {}
            [auth, number, ..] if auth.value == "auth" => selected = Some(number.clone()),
            [number, method, rest @ ..] if is_number(&number.value) => {
                keys.insert(number.value.clone(), (method.clone(), rest.first().cloned()));
            }
            [first, ..] => {
                let message = "this is neither `auth N` nor `N METHOD KEY`";
                log.wrong(Code::Syntax, first.place, message, "see the comments of the sample");
            }
        }
    }
    let Some(selected) = selected else {
        let place = Place { file, line: 0, column: 0 };
        log.wrong(Code::MissingKey, place, "there is no `auth`", "write auth 1, and a line for 1");
        return;
    };
    for (number, (method, _)) in keys.iter().filter(|(number, _)| **number != selected.value) {
        let text = format!("key {number} is not the one that is used for sending");
        log.left_out(method.place, "another key", text);
    }
    match keys.remove(&selected.value) {
        None => {
            let message = format!("there is no key {}", selected.value);
            log.wrong(Code::MissingKey, selected.place, message, "write a line for it");
        }
        Some((method, key)) => match (method.value.as_str(), key) {
            ("crc", _) => AUTHKEYS.note(SECTION, "crc", method.place, log),
            ("md5" | "sha1", Some(key)) => {
                AUTHKEYS.note(SECTION, &method.value, method.place, log);
                draft.cluster.secret = Some(key);
            }
            ("md5" | "sha1", None) => {
                log.wrong(Code::MissingKey, method.place, "there is no key", "write it after it");
            }
            (other, _) => {
                let message = format!("Heartbeat has no method `{other}`");
                log.wrong(Code::UnknownValue, method.place, message, "write crc, md5 or sha1");
            }
        },
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<u8>().is_ok_and(|number| number <= 15)
}
