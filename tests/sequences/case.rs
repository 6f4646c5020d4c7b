//! What happens to a pair of directors: a seed's sequence of events.

use crate::configuration;
use director_core::random::Stream;
use std::fmt;
use std::time::Duration;

/// Real servers that a configuration may name.
pub(crate) const SERVERS: u64 = 4;

/// One sequence.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    /// The configuration that the directors start with.
    pub(crate) first: String,
    /// Events, each after so much time.
    pub(crate) events: Vec<(Duration, Event)>,
}

/// Something that happens. A director is 0 or 1.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The file is another one, and the directors that run are told.
    Reload { text: String },
    /// The process dies when it has carried out so many more operations on its kernel.
    Crash { who: usize, after: u64 },
    /// The machine loses power.
    PowerOff { who: usize },
    /// An orderly stop begins.
    Stop { who: usize },
    /// The process starts, if it does not run.
    Start { who: usize },
    /// The operator has the group handed over.
    Handover { who: usize },
    /// A real server begins, or ceases, to fail its checks.
    Sick { server: u64, sick: bool },
    /// The kernel refuses the next operations.
    Refuse { who: usize, operations: u64 },
    /// The kernel cannot be asked the next times.
    Mute { who: usize, times: u64 },
    /// Somebody else changes the kernel.
    Drift { who: usize, what: Drift },
}

/// What somebody else changes; a choice is among what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drift {
    /// `ipvsadm -d`.
    RemoveServer { choice: u64 },
    /// `ipvsadm -e -w`.
    Weigh { choice: u64, weight: u16 },
    /// `ipvsadm -D`.
    RemoveService { choice: u64 },
    /// `ipvsadm -C`.
    Clear,
    /// `ip addr del`.
    RemoveAddress { choice: u64 },
    /// `sysctl -w`.
    Set { choice: u64, value: i64 },
    /// `ipvsadm --stop-daemon`.
    StopSync { choice: u64 },
    /// `nft delete table`.
    RemoveMarks,
    /// A service that no configuration names.
    AddService { number: u16 },
    /// A server that no configuration names, in a service that is there.
    AddServer { choice: u64, number: u8 },
    /// An address that no configuration names.
    AddAddress { number: u8 },
}

impl Case {
    /// The case of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut stream = Stream::named(seed, "sequence");
        let first = configuration::random(&mut stream);
        let count = 4 + stream.below(12);
        let events = (0..count).map(|_| (pause(&mut stream), event(&mut stream))).collect();
        Self { seed, first, events }
    }

    /// How many of its events are of each kind that is counted.
    pub(crate) fn tally(&self, into: &mut Tally) {
        for (_, event) in &self.events {
            match event {
                Event::Reload { .. } => into.reloads += 1,
                Event::Crash { .. } => into.crashes += 1,
                Event::Drift { .. } => into.drifts += 1,
                Event::Refuse { .. } | Event::Mute { .. } => into.errors += 1,
                Event::PowerOff { .. } | Event::Stop { .. } | Event::Handover { .. } => {
                    into.takeovers += 1;
                }
                Event::Start { .. } | Event::Sick { .. } => {}
            }
        }
    }
}

/// Events by kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    reloads: u64,
    crashes: u64,
    drifts: u64,
    errors: u64,
    takeovers: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reloads, crashes, drifts, errors, takeovers } = self;
        write!(
            formatter,
            "{reloads} reloads, {crashes} crashes, {drifts} drifts, {errors} kernel errors, \
             {takeovers} takeovers"
        )
    }
}

/// Often within what is still under way, sometimes long after it.
fn pause(stream: &mut Stream) -> Duration {
    let longest = [2, 40, 1_500, 12_000][usize::try_from(stream.below(4)).unwrap_or(0)];
    Duration::from_micros(stream.below(longest * 1_000))
}

fn event(stream: &mut Stream) -> Event {
    let who = usize::try_from(stream.below(2)).unwrap_or(0);
    match stream.below(24) {
        0..=4 => Event::Reload { text: configuration::random(stream) },
        5..=8 => Event::Crash { who, after: stream.below(12) },
        9 => Event::PowerOff { who },
        10 => Event::Stop { who },
        11..=13 => Event::Start { who },
        14 => Event::Handover { who },
        15 | 16 => Event::Sick { server: stream.below(SERVERS), sick: stream.below(2) == 0 },
        17 => Event::Refuse { who, operations: 1 + stream.below(6) },
        18 => Event::Mute { who, times: 1 + stream.below(3) },
        _ => Event::Drift { who, what: drift(stream) },
    }
}

fn drift(stream: &mut Stream) -> Drift {
    let choice = stream.next_u64();
    match stream.below(12) {
        0 => Drift::RemoveServer { choice },
        1 | 2 => Drift::Weigh { choice, weight: small(stream, 30).into() },
        3 => Drift::RemoveService { choice },
        4 => Drift::Clear,
        5 => Drift::RemoveAddress { choice },
        6 => Drift::Set { choice, value: i64::from(small(stream, 2)) },
        7 => Drift::StopSync { choice },
        8 => Drift::RemoveMarks,
        9 => Drift::AddService { number: small(stream, 4).into() },
        10 => Drift::AddServer { choice, number: small(stream, 4) },
        _ => Drift::AddAddress { number: small(stream, 4) },
    }
}

fn small(stream: &mut Stream, below: u64) -> u8 {
    u8::try_from(stream.below(below)).unwrap_or(u8::MAX)
}
