//! The defects of ldirectord, each by its name: that ours does not have it, and where that can be
//! shown on this machine, that ldirectord has.
//!
//! `docs/migrate-from-ldirectord.md` has them as a table; a test here reads it.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod bench;
mod stage;
mod theirs;

use bench::{Bench, FALLBACK, probe};
use director_core::Report;
use director_core::config::dialogue::{Ftp, Http, Ldap, Login, Mailbox, Program, Secret, Sql};
use director_core::config::{Dialogue, Weight};
use director_core::probe::{Failure, Phase};
use director_core::report::Health;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// A port of the loopback on which nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// One that accepts connections and never says a word.
fn mute() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn ldap() -> Dialogue {
    Dialogue::Ldap(Ldap { tls: None, login: None, base: None, expect: None }.into())
}

fn sql() -> Sql {
    let password = Secret::Variable("PATH".to_owned());
    let login = Login { user: "check".to_owned(), password };
    Sql { tls: None, login, database: None, query: None, rows: 1, server_key: None }
}

#[test]
fn d01_a_failure_counts_once_however_many_services_share_the_server() {
    let mut bench = Bench::new(3, "tcp", "10.0.0.100");
    bench.pass();
    for failures in 1..=3 {
        bench.answer(Err(Failure::Refused));
        let weight = if failures < 3 { Weight(10) } else { Weight::ZERO };
        assert_eq!(bench.weights(), [Some(weight); 3], "after {failures} failed checks");
    }
    assert_eq!(bench.asked, 4, "one check for all three");
}

#[test]
fn d02_what_somebody_took_from_the_table_comes_back() {
    let mut bench = Bench::new(1, "tcp", "10.0.0.100");
    bench.pass();
    bench.take_away();
    bench.resync();
    assert_eq!(bench.weights(), [Some(Weight(10))]);
    bench.set_weight(Weight(3));
    bench.resync();
    assert_eq!(bench.weights(), [Some(Weight(10))]);
}

#[test]
fn d03_a_dead_server_to_which_somebody_gave_weight_loses_it() {
    let mut bench = Bench::new(1, "tcp", "10.0.0.100");
    bench.pass();
    (0..3).for_each(|_| bench.answer(Err(Failure::Refused)));
    bench.set_weight(Weight(10));
    bench.resync();
    assert_eq!(bench.weights(), [Some(Weight::ZERO)]);
}

#[test]
fn d04_a_service_of_a_firewall_mark_gets_its_fallback() {
    let mut bench = Bench::new(1, "mark", "10.0.0.100");
    bench.pass();
    assert!(!bench.has(FALLBACK));
    (0..3).for_each(|_| bench.answer(Err(Failure::Refused)));
    assert!(bench.has(FALLBACK));
}

#[test]
fn d05_one_process_knows_what_every_check_found_also_at_a_reload_and_a_stop() {
    let mut bench = Bench::new(3, "tcp", "10.0.0.100");
    bench.pass();
    (0..3).for_each(|_| bench.answer(Err(Failure::Refused)));
    assert_eq!(bench.states(), [Health::Down; 3]);
    bench.steps.clear();
    bench.reload();
    assert_eq!((bench.states(), bench.steps.len()), (vec![Health::Down; 3], 0));
    bench.stop();
    assert!(bench.kernel.state.services.is_empty(), "{:?}", bench.kernel.state.services);
}

#[test]
fn d06_a_reload_never_gives_a_dead_server_weight() {
    let mut bench = Bench::new(2, "tcp", "10.0.0.100");
    bench.pass();
    (0..3).for_each(|_| bench.answer(Err(Failure::Refused)));
    bench.steps.clear();
    for _ in 0..5 {
        bench.reload();
        assert_eq!(bench.weights(), [Some(Weight::ZERO); 2]);
    }
    assert_eq!(bench.steps, [""; 0], "not for a moment");
}

#[test]
fn d07_after_a_reload_with_an_error_checks_still_have_their_effect() {
    let mut bench = Bench::new(1, "tcp", "10.0.0.100");
    bench.pass();
    // The error stands before the services, where it costs ldirectord its list of servers.
    let problems = bench.reload_text(&format!("mistake = 1\n{}", bench.text())).unwrap_err();
    assert!(problems.contains("mistake"), "{problems}");
    (0..3).for_each(|_| bench.answer(Err(Failure::Refused)));
    assert_eq!(bench.weights(), [Some(Weight::ZERO)]);
}

#[test]
fn d08_a_failed_ldap_bind_counts_once() {
    let mut bench = Bench::new(1, "tcp", "10.0.0.100");
    bench.pass();
    for failures in 1..=3 {
        let outcome = probe(nobody(), ldap(), Duration::from_secs(10));
        assert_eq!(outcome, Err(Failure::Refused));
        bench.answer(outcome);
        let weight = if failures < 3 { Weight(10) } else { Weight::ZERO };
        assert_eq!(bench.weights(), [Some(weight)], "after {failures} failed binds");
    }
}

#[test]
fn d09_nothing_is_up_that_did_not_answer() {
    let limit = Duration::from_secs(10);
    let pop = || Dialogue::Pop3(Mailbox { tls: None, login: None }.into());
    let ftp = || Dialogue::Ftp(Ftp { tls: None, login: None, file: None, expect: None }.into());
    for dialogue in [pop(), ftp(), Dialogue::Tcp] {
        let word = dialogue.word();
        assert_eq!(probe(nobody(), dialogue, limit), Err(Failure::Refused), "{word}");
    }
    let script = r#"kill -KILL $$"#;
    let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    let user = if is_root() { "root".to_owned() } else { own_name() };
    let killed = probe(nobody(), Dialogue::Program(Program { command, user }.into()), limit);
    assert!(matches!(&killed, Err(Failure::Ended { how }) if how.contains("signal")), "{killed:?}");
}

fn own_name() -> String {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn is_root() -> bool {
    own_name() == "root"
}

#[test]
fn d10_a_database_that_hangs_is_dead_on_time_and_delays_nobody() {
    let limit = Duration::from_millis(500);
    for dialogue in [Dialogue::Mysql(sql().into()), Dialogue::Postgresql(sql().into())] {
        let (_listener, hangs) = mute();
        let (_other, answers) = mute();
        let began = Instant::now();
        let (slow, quick) = bench::both((hangs, dialogue), (answers, Dialogue::Tcp), limit);
        assert!(matches!(slow, (_, Err(Failure::TimedOut { .. }))), "{slow:?}");
        assert!(quick.1.is_ok());
        assert!(quick.0 < slow.0, "the other has ended before it");
        assert!(began.elapsed() >= limit, "and it had all of its time");
    }
}

#[test]
fn d11_a_web_server_that_answers_nothing_at_all_has_failed() {
    let (listener, address) = mute();
    let server = std::thread::spawn(move || drop(listener.accept().unwrap()));
    let page = Dialogue::Http(Http::get("/").into());
    let outcome = probe(address, page, Duration::from_secs(10));
    server.join().unwrap();
    assert_eq!(outcome, Err(Failure::Closed { phase: Phase::Answer }));
    let mut bench = Bench::new(1, "tcp", "10.0.0.100");
    bench.pass();
    (0..3).for_each(|_| bench.answer(outcome.clone()));
    assert_eq!(bench.states(), [Health::Down]);
}

#[test]
fn d12_every_kind_of_check_tells_of_its_failures() {
    for check in ["ping", "program", "http"] {
        let mut bench = Bench::new(1, check, "10.0.0.100");
        bench.pass();
        bench.answer(Err(Failure::Refused));
        let told = |report: &&Report| matches!(report, Report::CheckFailed { failures: 1, .. });
        assert_eq!(bench.reports.iter().filter(told).count(), 1, "{check}: the stream of events");
        let checks = bench.explained();
        assert_eq!(checks, ["passed", "connection refused"], "{check}: director explain");
    }
}

#[test]
fn every_defect_is_in_the_page_with_the_tests_that_are_there() {
    let page = include_str!("../../docs/migrate-from-ldirectord.md");
    let own = concat!(include_str!("main.rs"), include_str!("theirs.rs"));
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| D")).collect();
    assert_eq!(rows.len(), 12);
    for (number, row) in rows.iter().enumerate() {
        let number = number + 1;
        assert!(row.starts_with(&format!("| D{number} |")), "{row}");
        assert!(row.contains(&format!("`d{number:02}_")), "{row}");
        let names = row.split('`').filter(|part| part.starts_with("d0") || part.starts_with("d1"));
        for name in names.chain(row.split('`').filter(|part| part.starts_with("the_real_"))) {
            assert!(own.contains(&format!("fn {name}(")), "{name} is not a test");
        }
    }
}
