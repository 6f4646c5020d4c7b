//! The model and the kernel, one deed after the other.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant as Clock};

use anyhow::Context;
use director_core::config::{Forward, ServiceKey, SyncRole, Weight};
use director_core::desired::DesiredServer;
use director_core::time::Instant;
use director_engine::ports::IpvsTable;
use director_linux::LinuxKernel;
use director_sim::ipvs::{Event, Ipvs, Pending, Share, Timer, Verdict};

use crate::case::{Case, Deed, Family};
use crate::frames::Fate;
use crate::sync::{self, Talk};
use crate::wire::{Wire, sysctl};

/// A tick of the kernel's clock, and some more: what it does "at once" is done after it.
const TICK: Duration = Duration::from_millis(25);

/// No wait is longer than this without a look at what runs out meanwhile.
const PIECE: Duration = Duration::from_secs(3);

/// A table in both worlds.
pub(crate) struct Lockstep<'a> {
    kernel: &'a mut LinuxKernel,
    wire: &'a mut Wire,
    begun: Clock,
    family: Family,
    key: ServiceKey,
    model: Ipvs,
    /// What the model calls the service.
    service: SocketAddrV4,
    timers: Vec<Timer>,
    /// Where the last segment of each client went.
    reached: BTreeMap<SocketAddr, (SocketAddr, Forward)>,
    /// What has happened, the last last.
    pub(crate) story: Vec<String>,
    pub(crate) dice: Dice,
    pub(crate) decisions: u64,
    /// Segments of real servers that were given the service's address.
    pub(crate) answers: u64,
    /// How the real servers of the table are reached.
    present: BTreeMap<SocketAddr, Forward>,
    pub(crate) talk: Talk,
}

/// How often a scheduler that throws dice named the likeliest destination, and how often it should.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dice {
    pub(crate) throws: u64,
    pub(crate) named: u64,
    pub(crate) expected: f64,
    pub(crate) variance: f64,
}

/// What a step showed.
#[derive(Debug)]
pub(crate) enum Shown {
    /// The same in both.
    Same,
    /// The order of two of the kernel's timers is open, or what its ticks decide, and with it what
    /// follows.
    Open,
    /// Where the two part.
    Different(String),
}

impl<'a> Lockstep<'a> {
    /// Makes the table anew in both.
    pub(crate) fn begin(
        kernel: &'a mut LinuxKernel,
        wire: &'a mut Wire,
        case: &Case,
    ) -> anyhow::Result<Self> {
        for key in kernel.services().context("reading the table")?.into_keys() {
            kernel.remove_service(key).context("emptying the table")?;
        }
        sync::silence(kernel)?;
        // Connections of the table before must not be found by this one's clients.
        forget_connections()?;
        let on = |on: bool| if on { "1" } else { "0" };
        sysctl("ipv4/vs/expire_nodest_conn", on(case.settings.expire_nodest_conn))?;
        sysctl("ipv4/vs/expire_quiescent_template", on(case.settings.expire_quiescent_template))?;
        let key = ServiceKey::Tcp(case.family.service());
        kernel.add_service(key, case.service).context("adding the service")?;
        let mut model = Ipvs::of_addresses(case.family.addresses()).context("addresses")?;
        let service = model.number(case.family.service()).context("the service's address")?;
        model.settings = case.settings;
        model.add_service(service, case.service);
        model.when = case.when.unwrap_or(model.when);
        sync::tell_when(model.when)?;
        wire.told()?;
        Ok(Self {
            kernel,
            wire,
            begun: Clock::now(),
            family: case.family,
            key,
            model,
            service,
            timers: Vec::new(),
            reached: BTreeMap::new(),
            story: vec![format!("{} {:?} {:?}", case.service, case.settings, case.when)],
            dice: Dice::default(),
            decisions: 0,
            answers: 0,
            present: BTreeMap::new(),
            talk: Talk::default(),
        })
    }

    /// Does it in both and compares what came of it.
    pub(crate) fn play(&mut self, deed: Deed) -> anyhow::Result<Shown> {
        let Some(now) = self.settled() else { return Ok(Shown::Open) };
        self.talk.time_passed(&mut self.model, now);
        self.story.push(format!("{:9.3} {deed:?}", now.since(Instant::ZERO).as_secs_f64()));
        let (key, service) = (self.key, self.service);
        let server = |number| self.family.server(number);
        match deed {
            Deed::Segment(client, event) => {
                let fate = self.wire.send(self.family, client, event)?;
                if let Some(difference) = self.judge(client, event, fate, now)? {
                    return Ok(Shown::Different(difference));
                }
                self.talk.packet_came(&mut self.model, now);
            }
            Deed::Answer(client, event) => {
                if let Some(difference) = self.answer(client, event, now)? {
                    return Ok(Shown::Different(difference));
                }
            }
            Deed::Pause(pause) => {
                if !self.pause(pause) {
                    return Ok(Shown::Open);
                }
            }
            Deed::Add(number, share) => {
                self.present.insert(server(number), share.forward);
                self.kernel.add_server(key, server(number), desired(share))?;
                self.model.add_server(service, server(number), share, now);
            }
            Deed::Edit(number, share) => {
                self.present.insert(server(number), share.forward);
                self.kernel.edit_server(key, server(number), desired(share))?;
                self.model.edit_server(service, server(number), share);
            }
            Deed::Remove(number) => {
                self.present.remove(&server(number));
                self.kernel.remove_server(key, server(number))?;
                self.model.remove_server(service, server(number), now);
            }
            Deed::Service(settings) => {
                self.kernel.edit_service(key, settings)?;
                self.model.edit_service(service, settings);
            }
            Deed::Sync(role) => {
                let both = (&mut *self.kernel, &mut *self.wire, &mut self.model);
                let parted = self.talk.become_role(role, both, &self.present, now)?;
                if let Some(difference) = parted {
                    return Ok(Shown::Different(difference));
                }
            }
            Deed::Hear(told) if self.talk.role() == Some(SyncRole::Backup) => {
                self.wire.put(&sync::message(&told))?;
                self.timers.extend(self.model.hear(&told, now));
            }
            Deed::Hear(_) => {}
        }
        let Some(now) = self.settled() else { return Ok(Shown::Open) };
        if self.model.take_doubt() {
            return Ok(Shown::Open);
        }
        if let Some(difference) = self.talk.look(self.wire, &mut self.model, now)? {
            return Ok(Shown::Different(difference));
        }
        self.compare_counts()
    }

    /// Lets both come to rest: the kernel's clock ticks, and no timer is just running out. `None`
    /// when the order in which two of its timers ran is open.
    fn settled(&mut self) -> Option<Instant> {
        // Time is what is waited for; in the guest it costs nothing.
        std::thread::sleep(TICK);
        loop {
            let now = Instant::ZERO + self.begun.elapsed();
            if self.is_open(now) {
                return None;
            }
            let until = self.model.pending().filter_map(|pending| {
                let surely = surely(&pending);
                (pending.due <= now + TICK && surely > now).then_some(surely)
            });
            let until = until.max();
            self.run_timers(now);
            match until {
                None => return Some(now),
                // The same.
                Some(until) => std::thread::sleep(until.since(now)),
            }
        }
    }

    /// Whether a template and a connection under it run out so near to each other that either may
    /// have been first: the template lives on when it was.
    fn is_open(&self, now: Instant) -> bool {
        let templates = self.model.pending().filter(|pending| pending.is_template);
        templates.into_iter().any(|template| {
            let under = self.model.pending().filter(|one| !one.is_template);
            under.filter(|one| one.template == template.template).any(|one| {
                let begun = one.due <= now + TICK || template.due <= now + TICK;
                begun && one.due <= surely(&template) && template.due <= surely(&one)
            })
        })
    }

    /// Waits in pieces, so that nothing runs out unseen.
    fn pause(&mut self, pause: Duration) -> bool {
        let end = self.begun.elapsed() + pause;
        loop {
            let left = end.saturating_sub(self.begun.elapsed());
            if left.is_zero() {
                return true;
            }
            // The same.
            std::thread::sleep(left.min(PIECE));
            if self.settled().is_none() {
                return false;
            }
        }
    }

    fn run_timers(&mut self, now: Instant) {
        loop {
            self.timers.sort_by_key(|timer| Reverse(timer.at));
            let Some(timer) = self.timers.pop_if(|timer| timer.at <= now) else { break };
            self.timers.extend(self.model.expired(timer));
        }
        self.model.settle(now);
    }

    fn judge(
        &mut self,
        client: SocketAddr,
        event: Event,
        fate: Fate,
        now: Instant,
    ) -> anyhow::Result<Option<String>> {
        let service = self.service;
        let number = self.model.number(client).context("a client's address")?;
        let odds = self.model.odds(service);
        let picked = if let Fate::Server(picked, _) = fate { Some(picked) } else { None };
        self.model.foresee(service, picked);
        let verdict = self.model.incoming(number, service, event, now);
        let thrown = !self.model.foresee(service, None);
        if let (true, Some(picked), Some((named, throws))) = (thrown, picked, odds) {
            self.dice.note(picked, &named, throws);
        }
        let expected = match verdict {
            Verdict::Local => Fate::Reset,
            Verdict::Dropped => Fate::Nothing,
            Verdict::Nobody => Fate::Unreachable,
            Verdict::Forward { server, forward, new, astray, timer } => {
                self.decisions += u64::from(new);
                self.timers.extend(timer);
                self.reached.insert(client, (server, forward));
                if astray { Fate::Nothing } else { Fate::Server(server, forward) }
            }
        };
        self.story.push(format!("          {fate:?}"));
        // A reset is not answered with a reset (RFC 9293, 3.10.7.1).
        let expected = match (expected, event) {
            (Fate::Reset, Event::Rst) => Fate::Nothing,
            (expected, _) => expected,
        };
        Ok((fate != expected)
            .then(|| format!("{event:?} of {client}: the kernel {fate:?}, the model {expected:?}")))
    }

    /// A real server's segment on its way to a client: of a connection that is over it passes as
    /// it is.
    fn answer(
        &mut self,
        client: SocketAddr,
        event: Event,
        now: Instant,
    ) -> anyhow::Result<Option<String>> {
        let (server, client) = match (self.reached.get(&client), client) {
            (Some((SocketAddr::V4(server), Forward::Nat)), SocketAddr::V4(client)) => {
                (*server, client)
            }
            _ => return Ok(None),
        };
        let fate = self.wire.answer(server, client, event)?;
        self.story.push(format!("          {fate:?}"));
        let source = match self.model.outgoing(server, client, event, now) {
            Some((service, timer)) => {
                self.answers += 1;
                self.timers.extend(timer);
                service
            }
            None => server,
        };
        let expected = Fate::Client(source.into());
        Ok((fate != expected).then(|| {
            format!(
                "{event:?} of {server} for {client}: the kernel {fate:?}, the model {expected:?}"
            )
        }))
    }

    /// Every connection that lives is counted with its destination.
    fn compare_counts(&mut self) -> anyhow::Result<Shown> {
        let services = self.kernel.services().context("reading the table")?;
        let service = services.get(&self.key).context("no service")?;
        let counted = |address: &SocketAddr| self.model.counts(self.service, *address);
        let different: BTreeMap<&SocketAddr, _> = service
            .servers
            .iter()
            .map(|(address, one)| (address, ((one.active, one.inactive), counted(address))))
            .filter(|(_, (there, here))| there != here)
            .collect();
        if different.is_empty() {
            return Ok(Shown::Same);
        }
        Ok(Shown::Different(format!(
            "connections active, inactive in the kernel, in the model: {different:?}"
        )))
    }
}

/// From when on it has surely been noticed that its time was up.
fn surely(pending: &Pending) -> Instant {
    pending.due + pending.slack + TICK
}

impl Dice {
    pub(crate) fn add(&mut self, other: &Self) {
        self.throws += other.throws;
        self.named += other.named;
        self.expected += other.expected;
        self.variance += other.variance;
    }

    /// By how many standard deviations the throws are off what they should be; `None` without
    /// dice.
    #[expect(clippy::cast_precision_loss, reason = "far below 2⁵² throws")]
    pub(crate) fn deviation(&self) -> Option<f64> {
        let off = (self.named as f64 - self.expected).abs();
        (self.variance > 0.0).then(|| off / self.variance.sqrt())
    }

    #[expect(clippy::cast_precision_loss, reason = "sums of weights are small")]
    fn note(&mut self, picked: SocketAddr, named: &[(SocketAddr, u64)], throws: u64) {
        let Some((likeliest, pairs)) = named.iter().max_by_key(|(_, pairs)| *pairs) else { return };
        let likely = *pairs as f64 / throws as f64;
        self.throws += 1;
        self.named += u64::from(picked == *likeliest);
        self.expected += likely;
        self.variance += likely * (1.0 - likely);
    }
}

fn desired(share: Share) -> DesiredServer {
    let Share { weight, thresholds, forward } = share;
    DesiredServer { thresholds, ..DesiredServer::new(forward, Weight(weight)) }
}

/// There is no command for it; the longest of their times, and an eighth, is a matter of the lab's
/// clock.
fn forget_connections() -> anyhow::Result<()> {
    for _ in 0..10 {
        let table = std::fs::read_to_string("/proc/net/ip_vs_conn").context("connections")?;
        if table.lines().count() <= 1 {
            return Ok(());
        }
        // The same: what is waited for is the end of their time.
        std::thread::sleep(Duration::from_secs(1100));
    }
    anyhow::bail!("the kernel keeps connections for hours")
}
