//! Packets of the client/server protocol of MySQL: "Connection Phase" and "Text Protocol" in the
//! manual of its source.

use crate::call::malformed;
use director_core::probe::Failure;

const LONG_PASSWORD: u32 = 1;
const LONG_FLAG: u32 = 1 << 2;
const CONNECT_WITH_DB: u32 = 1 << 3;
const PROTOCOL_41: u32 = 1 << 9;
const SSL: u32 = 1 << 11;
const TRANSACTIONS: u32 = 1 << 13;
const SECURE_CONNECTION: u32 = 1 << 15;
const PLUGIN_AUTH: u32 = 1 << 19;

/// utf8mb4_general_ci.
const CHARSET: u8 = 45;
/// Bytes of a packet that we would take.
const LARGEST: u32 = 1 << 20;
const NONCE: usize = 20;

/// What a server says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    capabilities: u32,
    /// What a proof of the password is mixed with.
    pub(super) nonce: Vec<u8>,
    /// How it wants the password to be proved.
    pub(super) plugin: String,
}

impl Greeting {
    pub(super) fn has_tls(&self) -> bool {
        self.capabilities & SSL != 0
    }
}

/// What a server says during the login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Fine,
    Refused(String),
    Switch { name: String, nonce: Vec<u8> },
    More(u8),
}

/// A payload with its length and its number.
pub(super) fn framed(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len().to_le_bytes();
    [&length[..3], &[sequence], payload].concat()
}

pub(super) const fn capabilities(tls: bool, database: bool) -> u32 {
    let always = LONG_PASSWORD | LONG_FLAG | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION;
    let tls = if tls { SSL } else { 0 };
    let database = if database { CONNECT_WITH_DB } else { 0 };
    always | PLUGIN_AUTH | tls | database
}

/// The words of an error, when the packet is one.
pub(super) fn refusal(payload: &[u8]) -> Option<String> {
    let [0xff, low, high, words @ ..] = payload else { return None };
    let code = u16::from_le_bytes([*low, *high]);
    // A state of five characters stands in front, except before the login.
    let words =
        if words.first() == Some(&b'#') { words.get(6..).unwrap_or_default() } else { words };
    Some(format!("error {code} {}", String::from_utf8_lossy(words)))
}

/// A text up to its zero, and what comes behind.
fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((String::from_utf8_lossy(&bytes[..end]).into_owned(), &bytes[end + 1..]))
}

pub(super) fn greeting(payload: &[u8]) -> Result<Greeting, Failure> {
    if let Some(words) = refusal(payload) {
        return Err(crate::call::rejected(&words));
    }
    parse_greeting(payload).ok_or_else(|| malformed("this is no greeting of MySQL"))
}

fn parse_greeting(payload: &[u8]) -> Option<Greeting> {
    let (_version, rest) = text(payload.strip_prefix(&[10])?)?;
    let (fixed, rest) = rest.split_at_checked(31)?;
    let low = u16::from_le_bytes([fixed[13], fixed[14]]);
    let high = u16::from_le_bytes([fixed[18], fixed[19]]);
    let capabilities = u32::from(low) | u32::from(high) << 16;
    let length = usize::from(fixed[20]).saturating_sub(8).max(13);
    let (second, rest) = rest.split_at_checked(length)?;
    let mut nonce = [&fixed[4..12], second].concat();
    nonce.truncate(NONCE);
    // Some servers leave the zero behind the name out.
    let plugin = text(rest).map_or_else(|| String::from_utf8_lossy(rest).into_owned(), |it| it.0);
    (capabilities & PROTOCOL_41 != 0).then_some(Greeting { capabilities, nonce, plugin })
}

/// The part of a login that comes before TLS.
pub(super) fn opening(capabilities: u32) -> Vec<u8> {
    [&capabilities.to_le_bytes()[..], &LARGEST.to_le_bytes(), &[CHARSET], &[0; 23]].concat()
}

pub(super) fn login(
    capabilities: u32,
    user: &[u8],
    proof: &[u8],
    database: Option<&[u8]>,
    plugin: &str,
) -> Vec<u8> {
    let mut payload = opening(capabilities);
    payload.extend(user);
    payload.push(0);
    payload.push(u8::try_from(proof.len()).unwrap_or(0));
    payload.extend(proof);
    if let Some(database) = database {
        payload.extend(database);
        payload.push(0);
    }
    payload.extend(plugin.as_bytes());
    payload.push(0);
    payload
}

pub(super) fn answer(payload: &[u8]) -> Result<Answer, Failure> {
    if let Some(words) = refusal(payload) {
        return Ok(Answer::Refused(words));
    }
    match payload {
        [0, ..] => Ok(Answer::Fine),
        [1, step, ..] => Ok(Answer::More(*step)),
        [0xfe, rest @ ..] => {
            let (name, nonce) = text(rest).ok_or_else(|| malformed("a login without a name"))?;
            let nonce = nonce.strip_suffix(&[0]).unwrap_or(nonce).to_vec();
            Ok(Answer::Switch { name, nonce })
        }
        _ => Err(malformed("this is no step of a login")),
    }
}

/// What a server adds to a step of a login.
pub(super) fn more(payload: &[u8]) -> Result<&[u8], Failure> {
    if let Some(words) = refusal(payload) {
        return Err(crate::call::rejected(&words));
    }
    payload.strip_prefix(&[1]).ok_or_else(|| malformed("this is no step of a login"))
}

/// How many columns the answer to a query has; otherwise what the server refuses, if it does.
pub(super) fn columns(payload: &[u8]) -> Result<Result<u16, Option<String>>, Failure> {
    if let Some(words) = refusal(payload) {
        return Ok(Err(Some(words)));
    }
    match *payload {
        [0, ..] => Ok(Err(None)),
        [count @ 1..=250] => Ok(Ok(u16::from(count))),
        [0xfc, low, high] => Ok(Ok(u16::from_le_bytes([low, high]))),
        _ => Err(malformed("the answer to the query is none")),
    }
}

/// Whether it ends the columns, or the rows.
pub(super) fn is_end(payload: &[u8]) -> bool {
    payload.first() == Some(&0xfe) && payload.len() < 9
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(plugin: &[u8]) -> Vec<u8> {
        let capabilities = capabilities(true, false).to_le_bytes();
        let parts: [&[u8]; 10] = [
            &[10],
            b"8.0.0\0",
            &[7, 0, 0, 0],
            b"12345678\0",
            &capabilities[..2],
            &[CHARSET, 2, 0],
            &capabilities[2..],
            &[21],
            &[0; 10],
            b"abcdefghijkl\0",
        ];
        [&parts.concat()[..], plugin].concat()
    }

    #[test]
    fn a_greeting_is_read() {
        for plugin in [&b"caching_sha2_password\0"[..], b"caching_sha2_password"] {
            let greeting = greeting(&said(plugin)).unwrap();
            assert_eq!(greeting.nonce, b"12345678abcdefghijkl");
            assert_eq!(greeting.plugin, "caching_sha2_password");
            assert!(greeting.has_tls());
        }
        let refused = greeting(b"\xff\x6a\x04Host is not allowed");
        let answer = "error 1130 Host is not allowed".to_owned();
        assert_eq!(refused, Err(Failure::Rejected { answer }));
    }

    #[test]
    fn errors_lose_their_state() {
        let words = refusal(b"\xff\x15\x04#28000Access denied").unwrap();
        assert_eq!(words, "error 1045 Access denied");
    }

    #[test]
    fn columns_are_counted() {
        assert_eq!(columns(&[3]).unwrap(), Ok(3));
        assert_eq!(columns(&[0xfc, 0, 1]).unwrap(), Ok(256));
        assert_eq!(columns(&[0, 0, 0]).unwrap(), Err(None));
        assert!(columns(&[0xfb, b'/']).is_err(), "nobody gets a file of this host");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            at in 0..60_usize,
            byte in any::<u8>(),
        ) {
            for start in [&[][..], &[10], &[0xfe], &[0xff]] {
                let bytes = [start, &bytes].concat();
                let _answered = greeting(&bytes);
                let _answered = answer(&bytes);
                let _answered = columns(&bytes);
                let _answered = more(&bytes);
                is_end(&bytes);
            }
            let mut slip = said(b"mysql_native_password\0");
            slip[at] = byte;
            slip.truncate(90);
            let _answered = greeting(&slip);
        }
    }
}
