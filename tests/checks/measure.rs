//! One run: starts the servers and who checks them, waits until all are checked, measures.

mod figures;
mod servers;
mod subject;

pub(crate) use figures::Figures;
pub(crate) use subject::Subject;

use crate::Outcome;
use crate::load::{Load, VICTIMS};
use crate::process::used;
use servers::Servers;
use std::time::{Duration, Instant};
use subject::{Running, Word};

/// Longer than any subject needs to begin.
const BEGINNING: Duration = Duration::from_secs(300);

/// Measures for so long.
pub(crate) fn run(subject: Subject<'_>, load: &Load, length: Duration) -> Outcome<Figures> {
    let mut servers = Servers::start(load)?;
    let mut running = Running::start(subject, load)?;
    let started = Instant::now();
    let all_asked = wait_for_all(&mut servers, &mut running, load)?;
    // What the beginning costs is over when every server has been asked once more.
    running.listen_until(Instant::now() + load.interval + load.interval / 2, |_| {})?;
    let wrong_before = running.wrong;
    servers.order("begin")?;
    let (begun, before) = (Instant::now(), used(running.number())?);
    let found = close_victims(&mut servers, &mut running, load, begun + length)?;
    let sum = servers.order("end")?;
    let (took, after) = (begun.elapsed(), used(running.number())?);
    let [checks, half, most, last] = numbers(&sum)?;
    Ok(Figures {
        title: subject.title(),
        load: load.clone(),
        took,
        user: after.user - before.user,
        system: after.system - before.system,
        resident_kib: after.resident_kib,
        peak_kib: after.peak_kib,
        beginning: all_asked - started,
        checks,
        lateness: [half, most, last].map(Duration::from_micros),
        found,
        wrong: running.wrong - wrong_before,
    })
}

/// When every server has been asked.
fn wait_for_all(servers: &mut Servers, running: &mut Running, load: &Load) -> Outcome<Instant> {
    let limit = Instant::now() + BEGINNING + load.interval;
    loop {
        running.listen_until(Instant::now() + Duration::from_millis(200), |_| {})?;
        let [seen] = numbers(&servers.order("seen")?)?;
        if seen >= u64::from(load.all()) {
            return Ok(Instant::now());
        }
        if Instant::now() > limit {
            return Err(format!("{seen} of {} servers were ever asked", load.all()));
        }
    }
}

/// Closes the victims' ports one after the other, and says how long it took until that was told.
fn close_victims(
    servers: &mut Servers,
    running: &mut Running,
    load: &Load,
    end: Instant,
) -> Outcome<Vec<Option<Duration>>> {
    let victims = Load::victims();
    let pause = end.saturating_duration_since(Instant::now()) / (VICTIMS + 1);
    let mut closed = Vec::new();
    let mut found = vec![None; victims.len()];
    let mut note = |word: Word, closed: &[Instant]| {
        let place = victims.iter().position(|victim| *victim == word.server);
        if let Some((place, since)) = place.and_then(|it| Some((it, closed.get(it)?))) {
            found[place].get_or_insert(word.at.saturating_duration_since(*since));
        }
    };
    for place in 0..victims.len() {
        running.listen_until(Instant::now() + pause, |word| note(word, &closed))?;
        servers.order(&format!("close {place}"))?;
        closed.push(Instant::now());
    }
    let last = Instant::now() + load.bound();
    running.listen_until(end.max(last), |word| note(word, &closed))?;
    Ok(found)
}

fn numbers<const COUNT: usize>(text: &str) -> Outcome<[u64; COUNT]> {
    let numbers: Vec<u64> = text.split(' ').filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().map_err(|_| format!("\"{text}\" is not {COUNT} numbers"))
}
