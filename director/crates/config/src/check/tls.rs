//! `tls = true` or `tls = { … }` of a check.

use super::content::word;
use super::login::path;
use crate::code::Code;
use crate::found::Found;
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::{Kind, Value};
use crate::value::{boolean, number, text};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use director_core::config::dialogue::{Start, Tls, Trust};

pub(crate) const KEYS: Keys =
    Keys { known: &["starttls", "name", "roots", "pin", "verify", "expiry-days"] };
const EXAMPLE: &str = r#"tls = true, or tls = { name = "www.example.org" }"#;

/// Whether the protocol has a command that starts TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Starttls {
    Has,
    HasNot,
    /// TLS cannot begin without it.
    Only,
}

/// `tls`; `None` when wrong, `Some(None)` when there is none.
pub(super) fn tls(
    starttls: Starttls,
    section: &Section<'_, '_>,
    found: &mut Found<'_>,
) -> Option<Option<Tls>> {
    let read = |_: &str, value: &Value<'_>, found: &mut Found<'_>| match value.kind {
        Kind::Boolean(false) => Some(None),
        Kind::Boolean(true) => {
            let start = if starttls == Starttls::Only { Start::Asked } else { Start::Connected };
            Some(Some(Tls { start, ..Tls::default() }))
        }
        _ => table(starttls, value, found).map(Some),
    };
    section.read("tls", found, read).or(None)
}

fn table(starttls: Starttls, value: &Value<'_>, found: &mut Found<'_>) -> Option<Tls> {
    let section = Section::open("`tls`".to_owned(), value, &KEYS, EXAMPLE, found)?;
    let asked = section.read("starttls", found, boolean).at_or_absent()?;
    let start = match (starttls, asked.as_ref().map(|at| at.value)) {
        (Starttls::Only, Some(false)) | (Starttls::HasNot, Some(true)) => {
            let span = asked.map_or_else(|| value.span.clone(), |at| at.span);
            let message = "the protocol of this check does not begin TLS so";
            found.add(Code::NoEffect, &span, message, "leave the key out");
            return None;
        }
        (Starttls::Only, _) | (_, Some(true)) => Start::Asked,
        _ => Start::Connected,
    };
    let name = section.read("name", found, word).given_or_absent();
    let trust = trust(&section, found);
    let days = number::<u16>(0..=3650);
    let expiry_days = section.read("expiry-days", found, days).or(Tls::EXPIRY_DAYS);
    Some(Tls { start, name: name?, trust: trust?, expiry_days: expiry_days? })
}

fn trust(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Trust> {
    let mut written = ["roots", "pin", "verify"].into_iter().filter_map(|key| section.entry(key));
    let (first, second) = (written.next(), written.next());
    if let (Some(first), Some(second)) = (first, second) {
        let message = format!("{} stands beside {}", quote(second.key), quote(first.key));
        found.add(Code::NoEffect, &second.key_span, message, "keep one of them");
        return None;
    }
    let roots = section.read("roots", found, path).given_or_absent()?;
    let pin = section.read("pin", found, pin).given_or_absent()?;
    let verify = section.read("verify", found, boolean).or(true)?;
    Some(match (roots, pin, verify) {
        (Some(roots), ..) => Trust::Roots(roots),
        (_, Some(pin), _) => Trust::Pin(pin),
        (_, _, false) => Trust::Anybody,
        (_, _, true) => Trust::System,
    })
}

/// `sha256//` and the Base64 of 32 bytes, as curl writes the pin of a public key.
fn pin(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<[u8; 32]> {
    let written = text(key, value, found)?;
    let digits = written.strip_prefix("sha256//");
    let bytes = digits.and_then(|digits| BASE64_STANDARD.decode(digits).ok());
    let pin = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    if pin.is_none() {
        let message = format!("{} is not the pin of a public key", quote(written));
        let help = "write sha256// and the Base64 of the SHA-256 of the public key (DER)";
        found.add(Code::BadText, &value.span, message, help);
    }
    pin
}
