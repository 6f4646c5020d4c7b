//! Alerts from the failed check to the recipient: in order, tried again, limited. The director is
//! moved by hand; the mails are carried by the real courier to a server that the test plays.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod director;
mod server;

use director::Directed;
use server::{Attempt, MailServer};
use std::time::Duration;

/// By then the director owns its address, and the next check is that of the first server.
const SETTLED: Duration = Duration::from_millis(10_500);

/// What was said of a mail, without what every mail says.
fn what(attempt: &Attempt) -> String {
    let subject = attempt.header("Subject").unwrap_or_default();
    subject.rsplit(": ").next().unwrap_or_default().to_owned()
}

fn seconds(attempts: &[Duration]) -> Vec<u64> {
    attempts.iter().map(Duration::as_secs).collect()
}

#[test]
fn alerts_come_in_order_are_retried_and_limited_and_what_was_suppressed_is_told() {
    // The first recipient is greylisted twice, as many mail servers do with strangers.
    let server = MailServer::start(&["450 try later", "450 try later"]);
    let mut d1 = Directed::start(server.port, 4);
    d1.run(SETTLED);
    assert_eq!(server.attempts(0), [], "nothing is wrong");
    let began = d1.fail(&[1, 2, 3]);
    d1.run(Duration::from_secs(30));
    let attempts = server.attempts(4);
    let subjects: Vec<String> = attempts.iter().map(what).collect();
    let [first, second] = [1, 2].map(|it| format!("server 10.0.0.2{it}:80 is down"));
    // Refused before the text, twice; then the same, and only then the next.
    let refused: Vec<bool> = attempts.iter().map(|it| it.text.is_empty()).collect();
    assert_eq!(refused, [true, true, false, false]);
    assert_eq!(subjects[2..], [first, second]);
    // The pauses double from a second, and nobody overtakes.
    let at: Vec<Duration> = d1.attempts.iter().map(|at| at.since(began)).collect();
    assert_eq!(seconds(&at), [0, 1, 3, 3]);
    let ids: Vec<_> = attempts[2..].iter().map(|it| it.header("Message-ID").unwrap()).collect();
    assert_ne!(ids[0], ids[1]);

    // Two a minute: the third was suppressed. When the limit lets one through, it says so, and what
    // is wrong by then.
    d1.fail(&[4]);
    d1.run(Duration::from_secs(60));
    let attempts = server.attempts(5);
    assert_eq!(attempts.len(), 5);
    let last = &attempts[4];
    assert!(last.text.contains("2 alerts were suppressed before this one."), "{last:#?}");
    assert!(last.header("Subject").unwrap().contains("4 troubles last"), "{last:#?}");
    for number in 1..=4 {
        assert!(last.text.contains(&format!("10.0.0.2{number}:80")), "{last:#?}");
    }
    let summary = d1.attempts[4].since(began);
    assert_eq!(summary.as_secs(), 60, "as soon as the limit lets it through");
}

#[test]
fn a_mail_server_that_is_silent_holds_up_its_own_channel_and_nothing_else() {
    let server = MailServer::silent();
    let mut d1 = Directed::start(server.port, 2);
    d1.run(SETTLED);
    d1.fail(&[1]);
    d1.run(Duration::from_secs(5));
    assert!(d1.attempts.len() >= 2, "it is tried again: {:?}", d1.attempts);
    let view = d1.alerts();
    assert_eq!((view.sent, view.lost, view.waiting), (0, 0, 1));
    let why = view.failure.unwrap();
    assert!(why.contains("time") || why.contains("took"), "{why}");
    // The checks went on meanwhile, and what they find is waiting in its turn.
    d1.fail(&[2]);
    d1.run(Duration::from_secs(5));
    assert_eq!(d1.alerts().waiting, 2);
    assert_eq!(d1.weights(), [0, 0]);
}
