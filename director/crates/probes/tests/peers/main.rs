//! Every protocol against every bad peer, in memory and on a clock that stands still unless
//! everybody waits. Prints the table.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod any_bytes;
mod dialogues;
mod network;
mod secret;

use dialogues::{Carried, Subject, subjects};
use director_core::config::dialogue::{Tls, Trust};
use director_core::probe::{Failure, Outcome, Probe};
use director_probes::probe;
use network::{Peer, Played};
use std::time::Duration;
use tokio::time::Instant;

const TIMEOUT: Duration = Duration::from_secs(3);

/// What a peer does, and what must come of a check of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Refused,
    Silent,
    Hangs,
    Drips,
    Closes,
    Garbage,
    WrongCertificate,
    ExpiredCertificate,
}

const CASES: [(Case, &str); 8] = [
    (Case::Refused, "refused"),
    (Case::Silent, "silent"),
    (Case::Hangs, "hangs"),
    (Case::Drips, "drips"),
    (Case::Closes, "closes"),
    (Case::Garbage, "garbage"),
    (Case::WrongCertificate, "wrong cert"),
    (Case::ExpiredCertificate, "expired"),
];

impl Case {
    /// The peer that plays it to this subject; `None` where the protocol has no such thing.
    fn peer(self, subject: &Subject) -> Option<Peer> {
        let connected = subject.carried != Carried::Datagrams;
        let secure = subject.carried == Carried::Secret;
        match self {
            Self::Refused => Some(Peer::Refuses),
            Self::Silent => Some(Peer::Silent),
            Self::Hangs => connected.then_some(Peer::Says(Vec::new())),
            Self::Drips => connected.then(|| Peer::Drips(subject.opening.clone())),
            Self::Closes => connected.then(|| {
                let half = subject.opening.len() / 2;
                Peer::Closes(subject.opening[..half].to_vec())
            }),
            Self::Garbage => Some(Peer::Garbage),
            Self::WrongCertificate => secure.then_some(Peer::Shows(secret::wrong())),
            Self::ExpiredCertificate => secure.then_some(Peer::Shows(secret::expired())),
        }
    }

    fn is_right(self, outcome: &Outcome, took: Duration) -> bool {
        let Err(failure) = outcome else { return false };
        let at_once = took < TIMEOUT;
        match (self, failure) {
            (Self::Refused, Failure::Refused) | (Self::Closes, Failure::Closed { .. }) => at_once,
            // Where the end of the connection may be the end of the answer, that is judged.
            (Self::Closes, Failure::Body { .. } | Failure::Malformed { .. }) => at_once,
            (Self::Silent | Self::Hangs | Self::Drips, Failure::TimedOut { .. }) => took == TIMEOUT,
            // Datagrams of strangers are passed over in silence.
            (Self::Garbage, Failure::TimedOut { .. }) => took == TIMEOUT,
            (Self::Garbage, failure) => !matches!(failure, Failure::Local { .. }),
            (Self::WrongCertificate | Self::ExpiredCertificate, Failure::Tls { .. }) => at_once,
            _ => false,
        }
    }
}

/// What the table says of an outcome.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Ok(_) => "UP",
        Err(Failure::Refused) => "refused",
        Err(Failure::TimedOut { .. }) => "timed out",
        Err(Failure::Closed { .. }) => "closed",
        Err(Failure::Malformed { .. }) => "malformed",
        Err(Failure::Rejected { .. }) => "rejected",
        Err(Failure::Tls { .. }) => "no TLS",
        Err(Failure::Body { .. }) => "not found",
        Err(_) => "LOCAL",
    }
}

#[tokio::test(start_paused = true)]
async fn no_bad_peer_passes_any_check_or_keeps_one_beyond_its_time() {
    let mut wrong = Vec::new();
    let titles: String = CASES.iter().map(|(_, title)| format!(" {title:<10} |")).collect();
    println!("{:<16} |{titles}", "check");
    for subject in subjects() {
        let mut row = format!("{:<16} |", subject.title);
        for (case, title) in CASES {
            let Some(peer) = case.peer(&subject) else {
                row += &format!(" {:<10} |", "·");
                continue;
            };
            let (outcome, took) = carried_out(&subject, peer).await;
            row += &format!(" {:<10} |", word(&outcome));
            if !case.is_right(&outcome, took) {
                wrong.push(format!("{} {title}: {outcome:?} after {took:?}", subject.title));
            }
        }
        println!("{row}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn carried_out(subject: &Subject, peer: Peer) -> (Outcome, Duration) {
    let network = Played::new(peer);
    let target = "192.0.2.21:4711".parse().unwrap();
    let check = Probe { target, way: None, dialogue: subject.dialogue.clone(), timeout: TIMEOUT };
    let start = Instant::now();
    let outcome = probe(&network, &check).await;
    (outcome, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn certificates_are_judged_as_they_should_be() {
    let tls = |trust| Tls { trust, name: Some(secret::NAME.into()), ..Tls::default() };
    let other = Tls { name: Some("other.example".into()), ..tls(Trust::System) };
    let mut wrong_pin = secret::pin(&secret::good());
    wrong_pin[0] ^= 1;
    let cases = [
        ("good", tls(Trust::System), secret::good(), true),
        ("other name", other, secret::good(), false),
        ("unknown root", tls(Trust::System), secret::wrong(), false),
        ("expired", tls(Trust::System), secret::expired(), false),
        ("pinned", tls(Trust::Pin(secret::pin(&secret::wrong()))), secret::wrong(), true),
        (
            "pinned, expired",
            tls(Trust::Pin(secret::pin(&secret::expired()))),
            secret::expired(),
            true,
        ),
        ("other pin", tls(Trust::Pin(wrong_pin)), secret::good(), false),
        ("anybody", tls(Trust::Anybody), secret::wrong(), true),
    ];
    for (title, tls, shown, good) in cases {
        let subject = dialogues::secret_talk(tls);
        let (outcome, took) = carried_out(&subject, Peer::Shows(shown)).await;
        assert!(took < TIMEOUT, "{title}: {took:?}");
        match (&outcome, good) {
            (Ok(_), true) | (Err(Failure::Tls { .. }), false) => {}
            _ => panic!("{title}: {outcome:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_near_is_told_in_days() {
    for (left, days, told) in [(10, 14, true), (10, 10, true), (20, 14, false), (20, 365, true)] {
        let tls = Tls { name: Some(secret::NAME.into()), expiry_days: days, ..Tls::default() };
        let subject = dialogues::secret_talk(tls);
        let shown = secret::ending_in(left);
        let (outcome, _) = carried_out(&subject, Peer::Shows(shown)).await;
        let passed = outcome.unwrap();
        assert_eq!(
            passed.certificate_days,
            told.then_some(left),
            "{left} days left, told within {days}"
        );
    }
}

/// ldirectord's defect D9: there, these are up with nothing listening.
#[tokio::test(start_paused = true)]
async fn d9_a_server_without_a_listener_is_never_up() {
    let subjects = subjects();
    let named = ["pop3", "pop3 tls", "ftp", "tcp", "imap"];
    for subject in subjects.iter().filter(|subject| named.contains(&subject.title)) {
        let (outcome, _) = carried_out(subject, Peer::Refuses).await;
        assert_eq!(outcome, Err(Failure::Refused), "{}", subject.title);
    }
}

/// ldirectord's defect D10: there, a database that hangs stops every check.
#[tokio::test(start_paused = true)]
async fn d10_a_database_that_hangs_is_late_on_time() {
    let subjects = subjects();
    let named = ["mysql", "postgresql", "oracle"];
    for subject in subjects.iter().filter(|subject| named.contains(&subject.title)) {
        // At any byte of what it says.
        for said in 0..subject.opening.len() {
            let opening = subject.opening[..said].to_vec();
            let (outcome, took) = carried_out(subject, Peer::Says(opening)).await;
            assert!(matches!(outcome, Err(Failure::TimedOut { .. })), "{outcome:?}");
            assert_eq!(took, TIMEOUT, "{} after {said} bytes", subject.title);
        }
    }
}

/// ldirectord's defect D11: there, an answer that is none changes nothing.
#[tokio::test(start_paused = true)]
async fn d11_a_page_that_never_comes_is_a_failure() {
    let subjects = subjects();
    for subject in subjects.iter().filter(|subject| subject.title.starts_with("http")) {
        let (outcome, _) = carried_out(subject, Peer::Closes(Vec::new())).await;
        assert!(matches!(outcome, Err(Failure::Closed { .. })), "{outcome:?}");
    }
}
