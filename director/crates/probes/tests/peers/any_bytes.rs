//! Whatever a peer says, in whatever pieces: the check of it ends within its time, and never passes
//! for noise alone. Every protocol's parsers are reached from here, behind what a healthy server
//! says first.

use super::{TIMEOUT, carried_out};
use crate::dialogues::{Carried, Subject, subjects};
use crate::network::Peer;
use director_core::config::Dialogue;
use director_core::probe::{Failure, Outcome};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::collections::BTreeSet;

/// Speeches for each subject. A handshake of TLS costs far more than a line of text.
const PLAIN_CASES: u32 = 48;
const SECRET_CASES: u32 = 6;

/// Beginnings that lead further into one protocol or another than noise does.
const WORDS: [&[u8]; 26] = [
    b"\r\n",
    b"\n",
    b" ",
    b"250 fine\r\n",
    b"250-AUTH PLAIN LOGIN\r\n",
    b"334 \r\n",
    b"235 \r\n",
    b"230 \r\n",
    b"229 (|||21|)\r\n",
    b"227 (127,0,0,1,0,21)\r\n",
    b"+OK \r\n",
    b"a2 OK \r\n",
    b"$4\r\n",
    b"*1\r\n",
    b"VERSION ",
    b"HTTP/1.1 200 \r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n",
    b"Location: /\r\n",
    b"SIP/2.0 200 OK\r\n",
    b"\0\0\0\x01\x05",
    b"\0\0\x04\0\0\0\0\0\x01",
    b"\x30\x84\0\0\0\x0a\x02\x01\x01\x61",
    b"R\0\0\0\x08\0\0\0\0",
    b"\x07\0\0\x02\0\0\0\x02\0\0\0",
    b"\x16\x03\x03\0\x05",
];

/// The subjects that a protocol must have here. A new one does not compile until it has its line.
fn titles(dialogue: &Dialogue) -> &'static [&'static str] {
    match dialogue {
        Dialogue::Tcp | Dialogue::Talk(_) => &["tcp", "tcp tls"],
        Dialogue::Udp(_) => &["udp"],
        Dialogue::Http(_) => &["http", "http tls", "http 2", "http 2 tls"],
        Dialogue::Grpc(_) => &["grpc", "grpc tls"],
        Dialogue::Dns(_) => &["dns", "dns tcp", "dns tls"],
        Dialogue::Smtp(_) => &["smtp", "smtp tls"],
        Dialogue::Imap(_) => &["imap", "imap tls"],
        Dialogue::Pop3(_) => &["pop3", "pop3 tls"],
        Dialogue::Ftp(_) => &["ftp", "ftp tls"],
        Dialogue::Nntp(_) => &["nntp", "nntp tls"],
        Dialogue::Ldap(_) => &["ldap", "ldap tls"],
        Dialogue::Mysql(_) => &["mysql"],
        Dialogue::Postgresql(_) => &["postgresql"],
        Dialogue::Redis(_) => &["redis", "redis tls"],
        Dialogue::Memcached(_) => &["memcached", "memcached tls"],
        Dialogue::Oracle(_) => &["oracle"],
        Dialogue::Radius(_) => &["radius"],
        Dialogue::Sip(_) => &["sip", "sip tcp", "sip tls"],
        Dialogue::Ping => &["ping"],
        Dialogue::Agent(_) => &["agent"],
        // Nothing of theirs comes from a peer.
        Dialogue::Program(_) | Dialogue::File(_) | Dialogue::On | Dialogue::Off => &[],
    }
}

/// Every type of check that has a peer.
const WITH_PEERS: [&str; 20] = [
    "agent",
    "dns",
    "ftp",
    "grpc",
    "http",
    "imap",
    "ldap",
    "memcached",
    "mysql",
    "nntp",
    "oracle",
    "ping",
    "pop3",
    "postgresql",
    "radius",
    "redis",
    "sip",
    "smtp",
    "tcp",
    "udp",
];

#[test]
fn every_protocol_that_has_a_peer_is_fed_with_bytes() {
    let subjects = subjects();
    let here: BTreeSet<&str> = subjects.iter().map(|subject| subject.title).collect();
    let words: BTreeSet<&str> = subjects.iter().map(|subject| subject.dialogue.word()).collect();
    assert_eq!(words, BTreeSet::from(WITH_PEERS));
    for subject in &subjects {
        for title in titles(&subject.dialogue) {
            assert!(here.contains(title), "{title} is not among the subjects");
        }
        assert!(titles(&subject.dialogue).contains(&subject.title), "{}", subject.title);
    }
}

/// What a peer says, and the bytes between two ends of a piece.
type Speech = (Vec<u8>, usize);

fn noise() -> impl Strategy<Value = Speech> {
    (vec(any::<u8>(), 0..300), 1..80_usize)
}

/// What a healthy server says first, up to any byte, perhaps with a slip in it, and then words of
/// all protocols among noise.
fn speech(opening: Vec<u8>) -> impl Strategy<Value = Speech> {
    let piece = prop_oneof![
        3 => prop::sample::select(&WORDS[..]).prop_map(<[u8]>::to_vec),
        2 => vec(any::<u8>(), 0..40),
        1 => "[ -~]{0,30}".prop_map(String::into_bytes),
    ];
    let length = opening.len();
    let slip = prop::option::weighted(0.3, (0..length.max(1), any::<u8>()));
    (0..=length, slip, vec(piece, 0..12), 1..80_usize).prop_map(
        move |(kept, slip, pieces, step)| {
            let mut bytes = opening[..kept].to_vec();
            if let Some((at, byte)) = slip
                && let Some(place) = bytes.get_mut(at)
            {
                *place = byte;
            }
            bytes.extend(pieces.concat());
            (bytes, step)
        },
    )
}

fn hear(subject: &Subject, (bytes, step): Speech) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let peer = Peer::Babbles { bytes, step };
    let (outcome, took) = runtime.block_on(carried_out(subject, peer));
    assert!(took <= TIMEOUT, "{took:?}");
    outcome
}

fn play(
    subject: &Subject,
    cases: u32,
    speeches: &impl Strategy<Value = Speech>,
    is_right: impl Fn(&Outcome) -> bool,
) -> Result<(), String> {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let said = TestRunner::new(config).run(speeches, |speech| {
        let outcome = hear(subject, speech);
        if is_right(&outcome) {
            return Ok(());
        }
        Err(TestCaseError::fail(format!("{outcome:?}")))
    });
    said.map_err(|wrong| format!("{}: {wrong}", subject.title))
}

#[test]
fn whatever_a_peer_says_the_check_ends_in_time_and_noise_never_passes() {
    let mut wrong = Vec::new();
    for subject in subjects() {
        let cases = match subject.carried {
            Carried::Secret => SECRET_CASES,
            Carried::Plain | Carried::Datagrams => PLAIN_CASES,
        };
        // What comes from a peer is never taken for an inability of our own.
        let theirs = |outcome: &Outcome| !matches!(outcome, Err(Failure::Local { .. }));
        let failed = |outcome: &Outcome| outcome.is_err() && theirs(outcome);
        let opening = subject.opening.clone();
        wrong.extend(play(&subject, cases, &speech(opening), theirs).err());
        wrong.extend(play(&subject, cases, &noise(), failed).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
