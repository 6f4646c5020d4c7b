//! The lines of the log.

use director_core::Report;
use director_core::name::NodeName;
use director_core::report::{PeerCause, PeerState};
use director_core::time::Instant;
use director_shell::telemetry::{Format, Writer, subscriber, tell};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex};

/// A log file in memory.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(format: Format, level: tracing::Level, what: impl FnOnce()) -> String {
    let paper = Paper::default();
    let (writer, flush) = Writer::start(paper.clone()).unwrap();
    tracing::subscriber::with_default(subscriber(format, level, writer), what);
    drop(flush);
    let bytes = paper.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn death() -> Report {
    Report::Peer {
        peer: NodeName::new("d1").unwrap(),
        state: PeerState::Dead,
        why: PeerCause::Unanswered { silent_ms: 205, asks: 10 },
    }
}

#[test]
fn a_report_as_json_has_time_level_sentence_and_data() {
    let text = logged(Format::Json, tracing::Level::INFO, || {
        tell(&death(), Instant::from_nanos(81_250_031_337));
    });
    assert_eq!(text.lines().count(), 1);
    let line: Value = serde_json::from_str(&text).unwrap();
    let expected = json!({
        "ts_ns": 81_250_031_337_u64,
        "level": "warn",
        "message": death().to_string(),
        "report": {
            "event": "peer",
            "peer": "d1",
            "state": "dead",
            "why": { "cause": "unanswered", "silent_ms": 205, "asks": 10 },
        },
    });
    assert_eq!(line, expected);
}

#[test]
fn a_message_that_is_no_report_is_json_too() {
    let text = logged(Format::Json, tracing::Level::INFO, || {
        tracing::error!("a \"quoted\"\nthing");
    });
    assert_eq!(text.lines().count(), 1);
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "error");
    assert_eq!(line["message"], "a \"quoted\"\nthing");
    assert!(line["ts_ns"].as_u64().unwrap() > 0);
    assert_eq!(line.get("report"), None);
}

#[test]
fn people_read_time_level_and_sentence() {
    let report = || tell(&death(), Instant::ZERO);
    let text = logged(Format::Human { colour: false }, tracing::Level::INFO, report);
    let (time, rest) = text.split_at("2026-01-01 00:00:00.000".len());
    assert!(time.chars().all(|c| c.is_ascii_digit() || " -:.".contains(c)), "{time}");
    assert_eq!(rest, format!(" WARN  {}\n", death()));
    let coloured = logged(Format::Human { colour: true }, tracing::Level::INFO, report);
    assert!(coloured.contains("\x1b[33mWARN \x1b[0m "), "{coloured:?}");
}

#[test]
fn levels_below_the_chosen_one_are_not_written() {
    let step = Report::StepDone { step: "add address".into() };
    let told = || tell(&step, Instant::ZERO);
    assert_eq!(logged(Format::Json, tracing::Level::INFO, told), "");
    assert_eq!(logged(Format::Json, tracing::Level::DEBUG, told).lines().count(), 1);
}

/// A log that nobody reads until it is opened.
#[derive(Clone, Default)]
struct Clogged(Arc<(Mutex<bool>, Condvar)>);

impl Write for Clogged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (open, opened) = &*self.0;
        let _open = opened.wait_while(open.lock().unwrap(), |open| !*open).unwrap();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_that_nobody_reads_stops_nobody() {
    let pipe = Clogged::default();
    let (writer, flush) = Writer::start(pipe.clone()).unwrap();
    let sink = subscriber(Format::Json, tracing::Level::INFO, writer.clone());
    // Ends only if nobody waits for the reader.
    tracing::subscriber::with_default(sink, || {
        for _ in 0..10_000 {
            tell(&death(), Instant::ZERO);
        }
    });
    assert!(writer.dropped() > 0);
    let (open, opened) = &*pipe.0;
    *open.lock().unwrap() = true;
    opened.notify_all();
    drop(flush);
}
