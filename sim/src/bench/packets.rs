//! What a packet costs a director that must not believe it, beside one that it believes.

use super::{CONFIG, processor_time};
use crate::build::Refusal;
use director_core::beat::{Beat, LinkId};
use director_core::input::Input;
use director_core::name::{ClusterName, NodeName};
use director_core::observed::Snapshot;
use director_core::plan::Ledger;
use director_core::random::Stream;
use director_core::time::Instant;
use director_core::wire::heartbeat::{Key, may_own, open, seal};
use director_core::{Director, Effect};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

/// Packets of a kind.
const COUNT: usize = 20_000;
/// How often all kinds are measured in turn; the least of each counts.
const TURNS: usize = 5;
/// A packet that is not believed may cost so many times what one costs that is.
const LIMIT: f64 = 1.5;
/// Time enough for two directors to meet.
const MEETING: Duration = Duration::from_secs(20);

/// One director, and what its peer says.
struct Listener {
    director: Director,
    cluster: ClusterName,
    key: Key,
    now: Instant,
    /// The peer's last beat.
    last: Beat,
}

/// The table, and whether each kind is within the limit.
///
/// # Errors
/// None in practice: the configuration is part of the program.
pub(super) fn report() -> Result<(String, bool), Refusal> {
    let mut listener = Listener::new()?;
    let kinds = kinds(&listener);
    let mut least = vec![Duration::MAX; kinds.len()];
    for turn in 0..TURNS {
        for ((_, packets), least) in kinds.iter().zip(&mut least) {
            let share = packets.chunks(COUNT).nth(turn).unwrap_or(packets);
            *least = listener.time(share).min(*least);
        }
    }
    let bytes = kinds.first().and_then(|(_, packets)| packets.first()).map_or(0, Vec::len);
    let believed = least.first().copied().unwrap_or_default().as_secs_f64();
    let mut good = true;
    let mut out = format!("packets of {bytes} bytes      ns/packet  of a believed one\n");
    for ((name, _), took) in kinds.iter().zip(&least) {
        let ratio = took.as_secs_f64() / believed;
        good &= ratio <= LIMIT;
        let _ = writeln!(out, "{name:<25} {:>11} {ratio:>18.2}", took.as_nanos());
    }
    let _ = writeln!(out, "limit {LIMIT}");
    Ok((out, good))
}

/// Packets of each kind, by what is wrong with them; those that are believed first.
fn kinds(listener: &Listener) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let (cluster, key) = (listener.cluster.clone(), listener.key.clone());
    let mut noise = Stream::named(1, "noise");
    let sealed = |beat: &Beat| seal(beat, &cluster, &key);
    let one = sealed(&listener.last);
    let many = |packet: &Vec<u8>| vec![packet.clone(); COUNT];
    // None twice: each turn has its own.
    let numbers = (1_u64..).map(|more| listener.last.sequence + more).take(TURNS * COUNT);
    let fresh = numbers.map(|sequence| Beat { sequence, ..listener.last.clone() });
    let believed: Vec<Vec<u8>> = fresh.map(|beat| sealed(&beat)).collect();
    let other_key = seal(&listener.last, &cluster, &Key::new(b"another"));
    let other_cluster = ClusterName::new("another").unwrap_or_else(|_| cluster.clone());
    let other_cluster = seal(&listener.last, &other_cluster, &key);
    let mut turned = one.clone();
    if let Some(byte) = turned.last_mut() {
        *byte ^= 1;
    }
    let short = one.get(..one.len() - 1).unwrap_or_default().to_vec();
    let random: Vec<u8> = one.iter().map(|_| noise.next_u64().to_le_bytes()[0]).collect();
    vec![
        ("believed", believed),
        ("seen before", many(&one)),
        ("under another key", many(&other_key)),
        ("with a bit turned over", many(&turned)),
        ("cut short", many(&short)),
        ("of another cluster", many(&other_cluster)),
        ("random", many(&random)),
    ]
}

impl Listener {
    fn new() -> Result<Self, Refusal> {
        let wrong = |text: &dyn ToString| Refusal::Invalid(text.to_string());
        let config = director_config::parse("bench", CONFIG).map_err(|it| wrong(&it))?;
        let config = Arc::new(config);
        let now = Instant::from_nanos(1_000_000_000);
        let director = |name: &str, seed| {
            let name = NodeName::new(name).map_err(|it| wrong(&it))?;
            let (found, left) = (Snapshot::default(), Ledger::default());
            Ok(Director::inheriting(Arc::clone(&config), name, seed, &found, &left, now))
        };
        let (mut one, mut other): (Director, Director) = (director("d1", 1)?, director("d2", 2)?);
        let (mut now, end, mut last) = (now, now + MEETING, None);
        while now < end {
            deliver(&mut one, &mut other, now, &mut None);
            deliver(&mut other, &mut one, now, &mut last);
            let due = [&one, &other].map(|it| it.next_deadline().map_or(end, |next| next.at));
            now = due.into_iter().fold(end, Instant::min).max(now);
            one.handle(Input::Deadline, now);
            other.handle(Input::Deadline, now);
        }
        let last = last.ok_or_else(|| wrong(&"the directors did not meet"))?;
        let (cluster, key) = (config.cluster.name.clone(), Key::new(b"secret"));
        Ok(Self { director: one, cluster, key, now, last })
    }

    /// What the director does with each packet, as the daemon hands it over; the mean of all.
    fn time(&mut self, packets: &[Vec<u8>]) -> Duration {
        let begun = processor_time();
        for bytes in packets {
            let link = LinkId(0);
            let input = match open(bytes, &self.cluster, &self.key) {
                Ok(beat) => Input::Beat { link, beat },
                Err(why) => {
                    let (from, owns) = (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 12)), may_own(bytes));
                    Input::Rejected { link, from, why, owns }
                }
            };
            self.director.handle(input, self.now);
            while self.director.next_report().is_some() {}
            while self.director.next_effect().is_some() {}
        }
        let count = u32::try_from(packets.len()).unwrap_or(u32::MAX).max(1);
        processor_time().saturating_sub(begun) / count
    }
}

/// Brings what one says to the other.
fn deliver(from: &mut Director, to: &mut Director, now: Instant, last: &mut Option<Beat>) {
    while from.next_report().is_some() {}
    while let Some(effect) = from.next_effect() {
        if let Effect::Send { link, beat, .. } = effect {
            *last = Some(beat.clone());
            to.handle(Input::Beat { link, beat }, now);
        }
    }
}
