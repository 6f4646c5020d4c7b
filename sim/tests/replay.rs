//! `director-sim replay`: what directors of the world would have recorded, done once more.

#![allow(clippy::unwrap_used, reason = "a test that cannot read what it made has failed")]

mod common;

use common::Case;
use director_sim::explain::{Excerpt, explain};
use director_sim::replay::{Part, Replayed, replay};
use proptest::prelude::*;
use scenario::Exit;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

const WHOLE: Part = Part { from: Duration::ZERO, until: Duration::MAX, all: false };

/// A pair to which much happens: every kind of input that this world has for it.
fn records(seed: u64) -> BTreeMap<String, String> {
    let timeline = &[
        "6s kill d1",
        "8s start d1",
        "10s cut lan d1<->d2",
        "11s heal all",
        "12s power-off d1",
        "13s power-off s1",
        "15s power-on d1",
        "17s stop d2",
    ];
    let excerpt =
        Excerpt { from: Duration::ZERO, until: Duration::MAX, nodes: Vec::new(), all: false };
    let case = Case { timeline, length: 25, ..Case::default() };
    explain(&case.scenario(), seed, &excerpt).unwrap().records
}

/// One record, made once.
fn record() -> &'static str {
    static RECORD: OnceLock<String> = OnceLock::new();
    RECORD.get_or_init(|| records(1).remove("d2-1").unwrap())
}

fn replayed(text: &str, part: Part) -> Replayed {
    replay(text.as_bytes(), "d2.record", part).unwrap_or_else(|wrong| panic!("{wrong}"))
}

#[test]
fn every_life_of_every_director_comes_out_as_it_was() {
    for seed in 1..6 {
        let records = records(seed);
        assert!(records.len() >= 4, "{:?}", records.keys());
        for (name, text) in records {
            let Replayed { text, exit } = replayed(&text, WHOLE);
            assert_eq!(exit, Exit::Held, "{name} of seed {seed}: {text}");
            assert!(text.contains("every output is what it was"), "{text}");
        }
    }
}

#[test]
fn an_orderly_stop_ends_a_record_and_a_crash_does_not() {
    let records = records(1);
    let said = |name: &str| replayed(&records[name], WHOLE).text;
    assert!(said("d2-1").ends_with("the record ends: the director ended\n"), "{}", said("d2-1"));
    let killed = "without a last line: the director was killed, or still runs\n";
    assert!(said("d1-1").ends_with(killed), "{}", said("d1-1"));
}

#[test]
fn a_takeover_is_told_from_its_cause_to_its_end() {
    let text = replayed(record(), WHOLE).text;
    let story = [
        "the record of d2, director ",
        "its process begins",
        "→ peer d1 is suspect",
        "→ asks d1 over hb",
        "→ peer d1 is dead",
        "→ asks the kernel for pass",
        "taking to active",
        "→ announces 10.0.0.100/24 on lan",
    ];
    let mut rest = &*text;
    for part in story {
        let at = rest.find(part).unwrap_or_else(|| panic!("no `{part}` in\n{rest}"));
        rest = &rest[at..];
    }
    assert!(!text.contains("heartbeat is due"), "{text}");
}

#[test]
fn a_part_is_shown_and_all_is_compared() {
    let whole = replayed(record(), WHOLE).text;
    let (from, until) = (Duration::from_secs(5), Duration::from_secs(6));
    let part = replayed(record(), Part { from, until, all: true }).text;
    assert!(part.contains("timer: a heartbeat is due") && !part.contains("process begins"));
    let inputs = |text: &str| {
        let line = text.lines().find(|line| line.contains(" inputs in ")).unwrap().to_owned();
        line.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    assert!(inputs(&part) == inputs(&whole) && inputs(&whole) > 200, "{part}");
}

/// The lines, each with the check that it must have.
fn sealed(lines: &[String]) -> String {
    let mut check = 0xcbf2_9ce4_8422_2325_u64;
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        if place == 0 {
            text = format!("{line}\n");
            continue;
        }
        for byte in line.bytes() {
            check = (check ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        text.push_str(&format!("{line} {:08x}\n", (check >> 32) ^ (check & 0xffff_ffff)));
    }
    text
}

fn bare(text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let check = |(place, line): (usize, &str)| match place {
        0 => line.to_owned(),
        _ => line.rsplit_once(' ').unwrap().0.to_owned(),
    };
    lines.map(check).collect()
}

#[test]
fn the_first_difference_is_shown_with_its_input() {
    let mut lines = bare(record());
    assert_eq!(sealed(&lines), record(), "the seal of the test is that of the record");
    // A director that did something else at the tenth beat, and was not heard for a while.
    let is_beat = |line: &String| line.contains(" beat ");
    let beats = lines.iter().enumerate().filter(|(_, line)| is_beat(line));
    let tenth = beats.map(|(place, _)| place).nth(10).unwrap();
    let outputs = lines[tenth].rsplit_once(' ').unwrap().0.to_owned();
    lines[tenth] = format!("{outputs} 7+1:00000000");
    let Replayed { text, exit } = replayed(&sealed(&lines), WHOLE);
    assert_eq!(exit, Exit::Differs);
    assert_eq!(exit.status(), 4);
    let line = format!(", line {}: heartbeat ", tenth + 1);
    assert!(text.contains("DIFFERS at 0.") && text.contains(&line), "{text}");
    assert!(text.contains("recorded: 7 effects, 1 report, digest 00000000"), "{text}");
    assert!(!text.contains("every output is what it was"), "{text}");
}

#[test]
fn a_director_that_was_told_otherwise_decides_otherwise() {
    let mut lines = bare(record());
    // A second in which it heard nothing.
    lines.retain(|line| !(line.starts_with("4.") && line.contains(" beat ")));
    let Replayed { text, exit } = replayed(&sealed(&lines), WHOLE);
    assert_eq!(exit, Exit::Differs, "{text}");
}

#[test]
fn what_is_no_record_is_refused_with_its_line() {
    let wrong = |text: &str| replay(text.as_bytes(), "x.record", WHOLE).unwrap_err().0;
    assert!(wrong("").starts_with("x.record:1: the record is cut off"), "{}", wrong(""));
    let strange = sealed(&bare(record())).replacen("\"node\":\"d2\"", "\"node\":\"d9\"", 1);
    assert!(wrong(&sealed(&bare(&strange))).starts_with("x.record:3: there is no node d9"));
    let mut lines = bare(record());
    lines[7] = "0.1 noise - 0+0:00000000".to_owned();
    let said = wrong(&sealed(&lines));
    assert!(said.starts_with("x.record:8: `0.1` is no time"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Wherever a crash cuts it off, what was written before replays.
    #[test]
    fn a_record_that_is_cut_off_replays_so_far(place in any::<prop::sample::Index>()) {
        let head = record().lines().take(5).map(|line| line.len() + 1).sum::<usize>();
        let end = head + place.index(record().len() - head);
        let Replayed { text, exit } = replayed(&record()[..end], WHOLE);
        prop_assert_eq!(exit, Exit::Held, "{}", text);
        prop_assert!(text.contains("the record stops"), "{}", text);
    }

    /// Whatever byte is another one, the line is named.
    #[test]
    fn a_garbled_record_is_refused(place in any::<prop::sample::Index>(), byte in b' '..b'~') {
        let mut bytes = record().as_bytes().to_vec();
        let at = place.index(bytes.len() - 1);
        prop_assume!(bytes[at] != byte && bytes[at] != b'\n');
        let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        bytes[at] = byte;
        let wrong = replay(&bytes[..], "x.record", WHOLE).unwrap_err().0;
        let named = format!("x.record:{line}: ");
        prop_assert!(wrong.starts_with(&named), "{} of line {}", wrong, line);
    }
}
