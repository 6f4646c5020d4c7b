//! The model's neighbour table and the kernel's, one deed after the other.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant as Clock};

use anyhow::Context;
use director_core::time::Instant;
use director_sim::neighbours::{Act, Entry, Stage, Table};

use super::case::{ADDRESSES, Case, Deed, Family};
use super::frames::mac;
use super::kernel::{Kernel, Known, reachable_time};
use super::wire::Wire;
use crate::lockstep::Shown;
use crate::wire::sysctl;

/// Times that differ by less are the same: the kernel's clock ticks every 10 ms, and looking at it
/// takes as much.
const NEAR: Duration = Duration::from_millis(40);

/// `locktime` and `delay_first_probe_time`.
const LOCK: Duration = Duration::from_secs(1);
const DELAY: Duration = Duration::from_secs(5);

/// A kernel that is late is looked at so often.
const OFTEN: Duration = Duration::from_millis(100);

/// A moment of the model long before its story.
const BEFORE: Instant = Instant::ZERO;

/// Hosts run for a while before.
const BEGINNING: Duration = Duration::from_secs(3_600);

/// A table in both worlds.
pub(crate) struct Lockstep<'a> {
    kernel: &'a mut Kernel,
    wire: &'a mut Wire,
    begun: Clock,
    family: Family,
    model: Table,
    reachable: Duration,
    /// The last packet's number; its remainder by [`ADDRESSES`] is whose it is.
    packet: u16,
    /// Since when an entry has been used, from when there was one.
    used: BTreeMap<IpAddr, Instant>,
    /// Which reachable times are over: the model sees to it when it needs to know, and not before.
    lapsed: BTreeMap<IpAddr, Instant>,
    /// When the end of a lock is open: the kernel was late to begin it.
    blurred: Vec<(Instant, Instant)>,
    /// What has happened, the last last.
    pub(crate) story: Vec<String>,
    /// What both have done.
    pub(crate) acts: Vec<Act>,
    /// How often they have been looked at.
    pub(crate) looks: u64,
}

impl<'a> Lockstep<'a> {
    /// Empties the kernel's table and begins anew.
    pub(crate) fn begin(
        kernel: &'a mut Kernel,
        wire: &'a mut Wire,
        case: &Case,
    ) -> anyhow::Result<Self> {
        let family = case.family;
        wire.unplug()?;
        wire.heard()?;
        let (version, table) = match family {
            Family::Four => ("ipv4", "arp_cache"),
            Family::Six => ("ipv6", "ndisc_cache"),
        };
        // Whoever says it draws anew (`neigh_proc_base_reachable_time`).
        sysctl(&format!("{version}/neigh/lan/base_reachable_time_ms"), "30000")?;
        let reachable = reachable_time(table, "lan")?;
        let neighbours: Vec<IpAddr> = family.neighbours().collect();
        let model = Table::new(vec![family.own()], vec![family.silent()], &neighbours);
        Ok(Self {
            kernel,
            wire,
            begun: Clock::now(),
            family,
            model: model.context("too many addresses")?,
            reachable,
            packet: 0,
            used: BTreeMap::new(),
            lapsed: BTreeMap::new(),
            blurred: Vec::new(),
            story: vec![format!("{}, reachable for {reachable:?}", family.name())],
            acts: Vec::new(),
            looks: 0,
        })
    }

    fn now(&self) -> Instant {
        Instant::ZERO + BEGINNING + self.begun.elapsed()
    }

    /// Does it in both and compares what came of it.
    pub(crate) fn play(&mut self, deed: Deed) -> anyhow::Result<Shown> {
        match self.settled()? {
            Shown::Same => {}
            other => return Ok(other),
        }
        let (now, family) = (self.now(), self.family);
        self.tell(format!("{deed:?}"));
        let mut acts = Vec::new();
        match deed {
            Deed::Send(address, many) => {
                for _ in 0..many {
                    let number = self.number(address);
                    self.wire.pass(family, address, number)?;
                    acts.extend(self.model.send(family.neighbour(address), number, now));
                }
            }
            Deed::Hear { said, address, mac, aloud } => {
                self.wire.say(family, said, (address, mac), aloud)?;
                acts = self.model.hear(said, family.neighbour(address), mac, now);
            }
            Deed::Confirm(address) => {
                self.wire.confirm(family, address)?;
                self.model.confirm(family.neighbour(address), now);
            }
            Deed::Forget => {
                self.wire.unplug()?;
                self.model.forget();
            }
            Deed::Pause(pause) => return self.pause(pause),
        }
        self.look(acts)
    }

    fn tell(&mut self, what: String) {
        let since = self.begun.elapsed().as_secs_f64();
        self.story.push(format!("{since:9.3} {what}"));
    }

    /// The next number of a packet for this address.
    fn number(&mut self, address: u8) -> u16 {
        let next = self.packet / u16::from(ADDRESSES) + 1;
        self.packet = next * u16::from(ADDRESSES) + u16::from(address);
        self.packet
    }

    fn entries(&self, now: Instant) -> Vec<(IpAddr, Entry)> {
        let entry = |address| (address, self.model.entry(address, now));
        self.family.neighbours().map(entry).collect()
    }

    /// The entries with timers of the kernel's that have not run out.
    fn running(&self) -> Vec<(IpAddr, Entry, Instant)> {
        let known = self.entries(BEFORE).into_iter();
        let running = known.filter_map(|(address, entry)| Some((address, entry, entry.due?)));
        let lapsed = |address, due| self.lapsed.get(&address) == Some(&due);
        running.filter(|(address, _, due)| !lapsed(*address, *due)).collect()
    }

    /// When the next of them may.
    fn next(&self) -> Option<Instant> {
        self.running().into_iter().map(|(.., due)| due).min()
    }

    /// Lets both come to rest: nothing is just running out, and no lock just ends.
    fn settled(&mut self) -> anyhow::Result<Shown> {
        loop {
            let now = self.now();
            let near = |moment: Instant| moment <= now + NEAR && now <= moment + NEAR;
            let running = self.next().is_some_and(|due| due <= now + 2 * NEAR);
            let locks = self.entries(now).into_iter().map(|(_, entry)| entry.locked);
            let ends = locks.into_iter().any(near);
            self.blurred.retain(|(_, end)| *end > now);
            let blurred = self.blurred.iter().any(|(begin, _)| *begin <= now);
            if !running && !(self.family == Family::Four && (ends || blurred)) {
                return Ok(Shown::Same);
            }
            match self.wait(now + NEAR)? {
                Shown::Same => {}
                other => return Ok(other),
            }
        }
    }

    fn pause(&mut self, pause: Duration) -> anyhow::Result<Shown> {
        let end = self.now() + pause;
        while self.now() < end {
            match self.wait(end)? {
                Shown::Same => {}
                other => return Ok(other),
            }
        }
        Ok(Shown::Same)
    }

    /// Waits until then, or until a timer may run out, or a little while one may, and looks.
    fn wait(&mut self, until: Instant) -> anyhow::Result<Shown> {
        let now = self.now();
        let next = self.next().filter(|due| *due <= until + NEAR);
        let lapses = self
            .running()
            .iter()
            .all(|(_, entry, due)| entry.stage == Stage::Reachable || *due > now + OFTEN + NEAR);
        let wait = match next {
            None => until.since(now),
            Some(due) if due > now + NEAR => due.since(now + NEAR),
            // Looking takes a while itself.
            Some(_) if !lapses => Duration::ZERO,
            Some(_) => OFTEN.min(until.since(now)),
        };
        // Time is what is waited for; in the guest it costs nothing.
        std::thread::sleep(wait);
        self.look(Vec::new())
    }

    /// Sees what the kernel has done; the model does what time brings and has done `acts`.
    fn look(&mut self, mut acts: Vec<Act>) -> anyhow::Result<Shown> {
        self.model.set_reachable_time(self.reachable);
        let (mut heard, known) = self.observed()?;
        self.looks += 1;
        let now = self.now();
        for (address, entry, due) in self.running() {
            let there = known.get(&address).map_or(Stage::Absent, |(stage, _)| *stage);
            let asked = heard.iter().any(|act| matches!(act, Act::Asks(of, _) if *of == address));
            if due > now + NEAR {
                continue;
            }
            if there == entry.stage && !asked {
                if now > due + self.slack(entry.stage) {
                    return Ok(Shown::Different(format!("{address}: {entry:?} is over")));
                }
                continue;
            }
            if entry.stage == Stage::Reachable {
                if self.used.get(&address).is_some_and(|used| *used + DELAY + NEAR >= due)
                    && there == Stage::Delay
                {
                    return Ok(Shown::Open);
                }
                self.lapsed.insert(address, due);
                self.blurred.push((due + LOCK, now + LOCK + NEAR));
                // The model counts nanoseconds, and is over it then.
                std::thread::sleep(due.since(now) + Duration::from_millis(1));
                continue;
            }
            let vouched = entry.vouched;
            if entry.stage == Stage::Delay && vouched <= now + NEAR && now <= vouched + NEAR {
                return Ok(Shown::Open);
            }
            acts.extend(self.model.expire(address, now));
            self.model.set_reachable_time(self.reachable);
        }
        heard.sort_by_key(order);
        acts.sort_by_key(order);
        if heard != acts {
            return Ok(Shown::Different(format!("the kernel did {heard:?}, the model {acts:?}")));
        }
        if !acts.is_empty() {
            self.tell(format!("    {acts:?}"));
        }
        self.note(&acts, now);
        self.acts.append(&mut acts);
        Ok(self.compare(&known))
    }

    /// Since when addresses have been used.
    fn note(&mut self, acts: &[Act], now: Instant) {
        for act in acts {
            if let Act::Sends(number, _) = act {
                let address = u8::try_from(number % u16::from(ADDRESSES)).unwrap_or(0);
                self.used.entry(self.family.neighbour(address)).or_insert(now);
            }
        }
    }

    /// By how much later than it should the kernel may notice: a wheel's slots are the wider, the
    /// further off they are (`kernel/time/timer.c`, with 100 ticks a second).
    fn slack(&self, stage: Stage) -> Duration {
        let slot = match stage {
            Stage::Reachable if self.reachable >= Duration::from_millis(40_000) => 5_120,
            Stage::Reachable => 640,
            _ => 80,
        };
        Duration::from_millis(slot) + NEAR
    }

    /// What the kernel has done, and what it has then, when it comes to rest.
    fn observed(&mut self) -> anyhow::Result<(Vec<Act>, Known)> {
        let mut heard = self.wire.heard()?;
        loop {
            let known = self.kernel.known()?;
            let more = self.wire.heard()?;
            let rests = more.is_empty() && self.kernel.known()? == known;
            heard.extend(more);
            if rests {
                // Of the host's other addresses it asks as well.
                let family = self.family;
                heard.retain(|act| match act {
                    Act::Asks(address, _) => family.neighbours().any(|one| one == *address),
                    _ => true,
                });
                return Ok((heard, known));
            }
        }
    }

    fn compare(&mut self, known: &Known) -> Shown {
        let now = self.now();
        for (address, entry) in self.entries(now) {
            let (stage, owner) = match known.get(&address) {
                Some((stage, owner)) => (*stage, owner.as_deref()),
                None => (Stage::Absent, None),
            };
            if stage == Stage::Absent {
                self.used.remove(&address);
            }
            // Its timer is late, which `look` has seen to.
            let late = stage == Stage::Reachable
                && self
                    .running()
                    .iter()
                    .any(|(of, entry, _)| *of == address && entry.stage == stage);
            let expected = entry.owner.map(mac);
            if stage != entry.stage && !late || owner != expected.as_ref().map(|mac| &mac[..]) {
                let what = format!("{address} is {stage:?} with {owner:?}, in the model {entry:?}");
                return Shown::Different(what);
            }
        }
        Shown::Same
    }
}

/// Of what is done at once for several addresses, the order is not of interest; that of packets for
/// one is.
fn order(act: &Act) -> (u8, Option<IpAddr>, u16) {
    match act {
        Act::Asks(address, _) => (0, Some(*address), 0),
        Act::Answers(address, ..) => (1, Some(*address), 0),
        Act::Sends(number, _) => (2, None, number % u16::from(ADDRESSES)),
        Act::Refuses(number) => (3, None, number % u16::from(ADDRESSES)),
    }
}
