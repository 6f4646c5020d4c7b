//! The loop: brings inputs to the director, carries out its effects, decides nothing.

mod altered;
mod answers;
mod ended;
mod reload;

use crate::applier::Applier;
use crate::checks::{Checks, Finished};
use crate::clock::Clock;
use crate::complaints::Complaints;
use crate::courier::{Courier, Deliveries};
use crate::events::Events;
use crate::hooks::Hooks;
use crate::links::{Links, Packet, Routers, Witnesses};
use crate::manager::{Manager, News};
use crate::memory::Memory;
use crate::metrics::{Meter, Turn};
use crate::order::Order;
use crate::record::{RecordFile, Recording};
use crate::settings::{Settings, Source};
use crate::spare::give_back;
use crate::status::roles;
use crate::telemetry;
use director_core::alter::Alterations;
use director_core::config::Digest;
use director_core::name::NodeName;
use director_core::observed::Snapshot;
use director_core::plan::Ledger;
use director_core::time::Instant;
use director_core::wire::heartbeat;
use director_core::{Director, Effect, Input, Report};
use director_engine::ports::{Announcer, Kernel};
use director_engine::record::{Beginning, Cause};
use director_probes::Network;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Time for an orderly stop beside the deadtime. A kernel that does not answer must not keep the
/// process for ever.
pub const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Packets that are taken in one go before a deadline, and how often at most.
const BATCH: usize = 64;
const BATCHES: usize = 16;

/// The longest that the loop sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

/// Everything that a director touches.
pub struct Ports<K, L, N> {
    /// IPVS table, addresses, settings.
    pub kernel: K,
    /// What tells the next process of what this one has changed.
    pub memory: Box<dyn Memory>,
    /// Heartbeat links.
    pub links: L,
    /// Hosts that tell isolation from silence.
    pub witnesses: Box<dyn Witnesses>,
    /// Segments on which VRRP is spoken.
    pub routers: Box<dyn Routers>,
    /// What witnesses and routers say: [`Input::WitnessAnswered`] and [`Input::Advert`].
    pub answers: mpsc::Receiver<Input>,
    /// The network over which checks are made.
    pub network: N,
    /// Who delivers alerts.
    pub courier: Box<dyn Courier>,
    /// Announcements to the neighbours.
    pub announcer: Box<dyn Announcer>,
    /// The clock.
    pub clock: Box<dyn Clock>,
    /// The service manager.
    pub manager: Box<dyn Manager>,
    /// Where a reload reads from.
    pub source: Box<dyn Source>,
    /// Changes that the kernel told of: [`Input::LinkChanged`] and [`Input::KernelChanged`].
    pub changes: mpsc::Receiver<Input>,
    /// Requests of people, signals and the control socket.
    pub orders: mpsc::Receiver<Order>,
    /// Where everything that happens is recorded, if anywhere.
    pub record: Option<RecordFile>,
}

/// Why a director ended otherwise than by an orderly stop.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The part that changes the kernel broke down.
    #[error("the applier broke down, which is a defect of this program: {0}")]
    Applier(tokio::task::JoinError),
    /// The orderly stop took too long.
    #[error("not everything was released in time; look at `ip address` and `ipvsadm -Ln`")]
    StopOverdue,
    /// The kernel keeps addresses that another director owns by now.
    #[error(
        "the kernel did not release {0}: take it off by hand with `ip address del`, \
         another director may hold it already"
    )]
    Kept(String),
}

/// Something that happened.
enum Event {
    Packet(io::Result<Packet>),
    Input(Input),
    Order(Order),
    Time,
}

/// A director with everything around it.
pub struct Shell<K, L, N> {
    director: Director,
    node: NodeName,
    settings: Settings,
    links: L,
    witnesses: Box<dyn Witnesses>,
    routers: Box<dyn Routers>,
    answers: mpsc::Receiver<Input>,
    applier: Applier<K>,
    checks: Checks<N>,
    hooks: Hooks,
    deliveries: Deliveries,
    announcer: Box<dyn Announcer>,
    clock: Box<dyn Clock>,
    manager: Box<dyn Manager>,
    source: Box<dyn Source>,
    changes: mpsc::Receiver<Input>,
    orders: mpsc::Receiver<Order>,
    alterations: Alterations,
    /// Digest of the configuration as it was read.
    read: Digest,
    complaints: Complaints,
    meter: Meter,
    events: Events,
    recording: Recording,
    /// The deadline that was met last, and when; meeting it again at once would turn the loop hot.
    met: Option<(Instant, Instant)>,
    alive_at: Instant,
    stop_by: Option<Instant>,
    over: bool,
}

impl<K, L, N> Shell<K, L, N>
where
    K: Kernel + Send + 'static,
    L: Links,
    N: Network + Send + Sync + 'static,
{
    /// A director that starts now on a kernel that holds `found`, of which `ledger` is ours.
    pub fn new(
        ports: Ports<K, L, N>,
        settings: Settings,
        node: NodeName,
        seed: u64,
        (found, ledger): (&Snapshot, Ledger),
    ) -> Self {
        let now = ports.clock.now();
        let config = settings.config.clone();
        let read = config.digest();
        let recording = Recording::of(ports.record, || Beginning {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            node: node.clone(),
            seed,
            at: now,
            began: jiff::Timestamp::now().to_string(),
            config: config.clone(),
            found: found.clone(),
            ledger: ledger.clone(),
        });
        Self {
            director: Director::inheriting(config, node.clone(), seed, found, &ledger, now),
            recording,
            node,
            settings,
            links: ports.links,
            witnesses: ports.witnesses,
            routers: ports.routers,
            answers: ports.answers,
            applier: Applier::new(ports.kernel, ledger, ports.memory),
            checks: Checks::new(ports.network),
            hooks: Hooks::default(),
            deliveries: Deliveries::new(ports.courier),
            announcer: ports.announcer,
            clock: ports.clock,
            manager: ports.manager,
            source: ports.source,
            changes: ports.changes,
            orders: ports.orders,
            alterations: Alterations::default(),
            read,
            complaints: Complaints::default(),
            meter: Meter::new(),
            events: Events::new(),
            met: None,
            alive_at: now,
            stop_by: None,
            over: false,
        }
    }

    /// Every report from now on, each as the line of JSON that the control socket tells it as.
    #[must_use]
    pub fn listen(&self) -> tokio::sync::broadcast::Receiver<std::sync::Arc<str>> {
        self.events.listen()
    }

    /// Runs until an orderly stop is complete.
    ///
    /// # Errors
    /// When it has to end otherwise.
    pub async fn run(mut self) -> Result<(), Failed> {
        give_back();
        self.recording.begins(|| Cause::Start, self.alive_at);
        self.carry_out();
        self.manager.tell(News::Ready(self.summary()));
        while !self.over {
            self.turn().await?;
        }
        self.recording.stops();
        tokio::join!(self.hooks.drain(), self.deliveries.drain());
        let groups = self.director.groups(self.clock.now());
        let addresses = groups.iter().flat_map(|group| &group.addresses);
        let kept = addresses.filter(|address| address.held);
        let kept: Vec<String> = kept.map(|address| address.address.to_string()).collect();
        if !kept.is_empty() {
            return Err(Failed::Kept(kept.join(", ")));
        }
        if self.director.is_converged() {
            self.applier.forget();
        }
        Ok(())
    }

    async fn turn(&mut self) -> Result<(), Failed> {
        let now = self.clock.now();
        if self.stop_by.is_some_and(|limit| limit <= now) {
            return Err(Failed::StopOverdue);
        }
        self.say_alive(now);
        if let Some(at) = self.due().filter(|at| *at <= now) {
            self.take_waiting_packets().await;
            self.take_finished_checks().await;
            let begun = self.clock.now();
            while let Ok(answer) = self.answers.try_recv() {
                self.handle(answer);
            }
            self.met = Some((at, begun));
            self.meter.late(begun.since(at));
            self.handle(Input::Deadline);
            self.turned(Turn::Deadline, begun);
            return Ok(());
        }
        let event = self.next_event(now).await?;
        let begun = self.clock.now();
        let turn = match event {
            Event::Packet(packet) => {
                self.take_packet(packet).await;
                Turn::Packet
            }
            Event::Input(input) => {
                let turn = match &input {
                    Input::ProbeFinished { .. } => Turn::Check,
                    Input::Reconciled(_) => Turn::Pass,
                    _ => Turn::Event,
                };
                self.handle(input);
                turn
            }
            Event::Order(order) => {
                self.obey(order);
                Turn::Order
            }
            Event::Time => return Ok(()),
        };
        self.turned(turn, begun);
        Ok(())
    }

    fn turned(&self, turn: Turn, begun: Instant) {
        self.meter.turned(turn, self.clock.now().since(begun));
    }

    /// Packets first, time last: who was not run for a while must hear what waits in its sockets
    /// before it concludes anything from silence.
    async fn next_event(&mut self, now: Instant) -> Result<Event, Failed> {
        let wake = [self.due(), self.stop_by, self.next_alive()].into_iter().flatten().min();
        let wake = wake.unwrap_or(now + IDLE);
        Ok(tokio::select! {
            biased;
            packet = self.links.receive() => Event::Packet(packet),
            Some(answer) = self.answers.recv() => Event::Input(answer),
            over = self.applier.finished() => {
                Event::Input(Input::Reconciled(over.map_err(Failed::Applier)?))
            }
            Finished { ticket, outcome, phases, took } = self.checks.finished() => {
                self.meter.checked(&outcome, &phases, took);
                Event::Input(Input::ProbeFinished { ticket, outcome, phases })
            }
            ended = self.hooks.finished() => Event::Input(ended),
            ended = self.deliveries.finished() => Event::Input(ended),
            // What a pass does makes the kernel tell of changes too: its own account comes first.
            Some(input) = self.changes.recv(), if !self.applier.is_busy() => Event::Input(input),
            Some(order) = self.orders.recv() => Event::Order(order),
            () = self.clock.reach(wake) => Event::Time,
        })
    }

    /// When the director is to be woken.
    fn due(&self) -> Option<Instant> {
        let at = self.director.next_deadline()?.at;
        match self.met {
            Some((before, when)) if before == at => Some(when + Duration::from_millis(1)),
            _ => Some(at),
        }
    }

    /// Takes the packets that wait in the sockets, as many as a socket's buffer can hold.
    async fn take_waiting_packets(&mut self) {
        for _ in 0..BATCHES {
            // Lets the runtime look at the sockets: a deadline that had passed already when it was
            // set is seen without that.
            tokio::task::yield_now().await;
            for _ in 0..BATCH {
                let packet = tokio::select! {
                    biased;
                    packet = self.links.receive() => packet,
                    () = std::future::ready(()) => return,
                };
                self.take_packet(packet).await;
            }
        }
    }

    async fn take_packet(&mut self, packet: io::Result<Packet>) {
        self.complain(|| "receive heartbeats".to_owned(), packet.as_ref().map(|_| ()));
        match packet {
            Ok(packet) => {
                self.meter.received();
                let cluster = &self.settings.config.cluster.name;
                let link = packet.link;
                let from = packet.from.ip();
                let input = match heartbeat::open(&packet.bytes, cluster, &self.settings.key) {
                    Ok(beat) => Input::Beat { link, beat },
                    Err(why) => {
                        let owns = heartbeat::may_own(&packet.bytes);
                        Input::Rejected { link, from, why, owns }
                    }
                };
                self.handle(input);
            }
            // An error that does not go away must not turn the loop hot.
            Err(_) => sleep(Duration::from_millis(1)).await,
        }
    }

    fn handle(&mut self, input: Input) {
        let now = self.clock.now();
        self.recording.begins(|| Cause::Told(input.clone()), now);
        self.director.handle(input, now);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.director.next_effect() {
            self.recording.wants(&effect);
            self.perform(effect);
        }
        let now = self.clock.now();
        let mut roles_changed = false;
        while let Some(report) = self.director.next_report() {
            self.recording.reports(&report);
            roles_changed |= matches!(report, Report::Role { .. });
            self.hooks.tell(&self.settings.config, &self.node, &report);
            telemetry::tell(&report, now);
            self.meter.note(&report, now);
            self.events.tell(&report, now);
        }
        self.recording.ends(self.director.next_deadline());
        if roles_changed {
            self.manager.tell(News::Status(self.summary()));
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Send { link, to, beat } => {
                let cluster = &self.settings.config.cluster.name;
                let bytes = heartbeat::seal(&beat, cluster, &self.settings.key);
                let result = self.links.send(link, to, &bytes);
                self.meter.sent();
                self.complain(|| format!("send heartbeats to {to} on link {}", link.0), result);
            }
            Effect::StartProbe { ticket, probe } => self.checks.start(ticket, probe),
            Effect::CancelProbe { ticket } => self.checks.cancel(ticket),
            Effect::Reconcile { number, desired } => self.applier.want(number, desired),
            Effect::Announce { address } => {
                let result = self.announcer.announce(&address);
                self.complain(|| format!("announce {address}"), result);
            }
            Effect::AskWitness { witness, question } => {
                let result = self.witnesses.ask(witness, question);
                self.complain(|| format!("ask the witness {witness}"), result);
            }
            Effect::AskVoter { voter, question } => {
                let result = self.witnesses.ask_voter(voter, &question, &self.settings);
                self.complain(|| format!("ask the voter {voter}"), result);
            }
            Effect::Advertise { interface, to, advert, coverage, mac } => {
                let result = self.routers.advertise(&interface, to, &advert, coverage, mac);
                self.complain(|| format!("send VRRP adverts by {interface}"), result);
            }
            Effect::Fence { peer } => {
                let hook = self.settings.config.cluster.fence.as_ref();
                self.hooks.fence(hook, &self.node, peer);
            }
            Effect::Alert { channel, notice } => {
                let alert = self.settings.config.alerts.get(&channel);
                let age = self.clock.now().since(notice.since);
                self.deliveries.begin(channel, alert, &notice, age);
            }
            Effect::Exit => self.over = true,
        }
    }

    fn complain(
        &mut self,
        what: impl FnOnce() -> String,
        result: Result<(), impl std::fmt::Display>,
    ) {
        if let Some(news) = self.complaints.note(what, result) {
            news.tell();
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Stop => {
                if self.stop_by.is_none() {
                    let deadtime = self.settings.config.cluster.deadtime;
                    self.stop_by = Some(self.clock.now() + STOP_LIMIT + deadtime);
                    self.manager.tell(News::Stopping);
                    self.handle(Input::Stop);
                }
            }
            // Whoever stops has no use for another configuration.
            Order::Reload if self.stop_by.is_some() => {}
            // What is wrong is in the log.
            Order::Reload => drop(self.reload()),
            Order::ReloadFor(by, reply) => {
                tracing::info!("asked to reload by {by}");
                let answer = if self.stop_by.is_none() {
                    self.reload()
                } else {
                    Err(vec!["this director is stopping".to_owned()])
                };
                let _gone = reply.send(answer);
            }
            Order::Operate(order, by, reply) => {
                tracing::info!("asked to {order} by {by}");
                let now = self.clock.now();
                self.recording.begins(|| Cause::Ordered(order.clone(), by.clone()), now);
                let answer = self.director.order(&order, &by, now);
                if let Err(refusal) = &answer {
                    tracing::warn!("refused: {refusal}");
                }
                self.meter.ordered(answer.is_ok());
                let _gone = reply.send(answer.map(|()| self.node.clone()));
                self.carry_out();
            }
            Order::Alter(alteration, by, reply) => {
                let _gone = reply.send(self.alter(alteration, &by));
            }
            question => self.answer(question),
        }
    }

    fn summary(&self) -> String {
        roles(&self.director.groups(self.clock.now()))
    }

    fn next_alive(&self) -> Option<Instant> {
        self.manager.watchdog().map(|_| self.alive_at)
    }

    /// Twice as often as the service manager wants to hear it.
    fn say_alive(&mut self, now: Instant) {
        if let Some(limit) = self.manager.watchdog()
            && self.alive_at <= now
        {
            self.manager.tell(News::Alive);
            self.alive_at = now + limit / 2;
        }
    }
}
