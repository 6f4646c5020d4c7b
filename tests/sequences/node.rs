//! One director with its kernel: what the shell does around it, without sockets.

use crate::Outcome;
use crate::foreign::{Foreign, on_lan, settings};
use crate::lab::Machine;
use crate::watched::Watched;
use director_core::beat::{Beat, LinkId};
use director_core::config::Config;
use director_core::desired::{DesiredState, Sysctl, SysctlValue};
use director_core::input::{Input, Reconciled};
use director_core::name::NodeName;
use director_core::observed::Lifetime;
use director_core::plan::Ledger;
use director_core::probe::Ticket;
use director_core::time::Instant;
use director_core::{Director, Effect};
use director_engine::ports::{Addresses as _, Sysctls as _};
use director_engine::reconcile::{Pass, Progress};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A packet that is sent.
pub(crate) struct Out {
    pub(crate) link: LinkId,
    pub(crate) to: SocketAddr,
    pub(crate) beat: Beat,
}

pub(crate) struct Node<'a, M: Machine> {
    pub(crate) name: NodeName,
    pub(crate) machine: &'a M,
    pub(crate) kernel: Watched<M::Kernel>,
    pub(crate) director: Option<Director>,
    /// What this process was ever told to hold.
    pub(crate) configs: Vec<Arc<Config>>,
    /// What outlives the process.
    pub(crate) ledger: Ledger,
    /// Settings as they were at first.
    pub(crate) settings: BTreeMap<Sysctl, SysctlValue>,
    /// What it wanted last.
    pub(crate) desired: Option<Arc<DesiredState>>,
    wanted: Option<(Instant, u64, Arc<DesiredState>)>,
    pass: Option<(Instant, Pass, Arc<DesiredState>)>,
    probes: BTreeMap<Ticket, (Instant, SocketAddr)>,
    /// When the kernel takes the addresses off that nobody renews any more.
    lease_over: Option<Instant>,
    exited: bool,
}

impl<'a, M: Machine> Node<'a, M> {
    pub(crate) fn new(name: NodeName, machine: &'a M) -> Self {
        Self {
            name,
            machine,
            kernel: Watched::new(machine.kernel()),
            director: None,
            configs: Vec::new(),
            ledger: Ledger::default(),
            settings: BTreeMap::new(),
            desired: None,
            wanted: None,
            pass: None,
            probes: BTreeMap::new(),
            lease_over: None,
            exited: false,
        }
    }

    /// The machine as it is after a start, with its own address, which ends with this byte.
    pub(crate) fn reset(&mut self, own: u8) -> Outcome<()> {
        self.machine.enter()?;
        self.machine.reset(&mut self.kernel.inner)?;
        self.kernel.foreign = Foreign::default();
        self.kernel.foreign.addresses.insert(on_lan(own), Lifetime::Forever);
        self.ledger = Ledger::default();
        for key in settings() {
            let value = self.kernel.inner.read_sysctl(&key);
            let value = value.map_err(|error| format!("{key}: {error}"))?;
            self.settings.insert(key, value);
        }
        Ok(())
    }

    pub(crate) fn is_running(&self) -> bool {
        self.director.is_some() && !self.exited
    }

    /// Starts a process on whatever the kernel holds.
    pub(crate) fn start(&mut self, config: &Arc<Config>, seed: u64, now: Instant) -> Outcome<()> {
        self.die(None);
        let kernel = &mut self.kernel;
        (kernel.dead, kernel.until_death) = (false, None);
        let found = director_shell::found(&mut kernel.inner, config);
        let found = found.map_err(|error| format!("the kernel cannot be asked: {error}"))?;
        let weighty = found.services.iter().flat_map(|(key, service)| {
            let servers = service.servers.iter().filter(|(_, server)| server.weight.0 > 0);
            servers.map(|(address, _)| (*key, *address))
        });
        kernel.earned = weighty.collect();
        self.configured(config);
        let (config, name) = (Arc::clone(config), self.name.clone());
        let director = Director::inheriting(config, name, seed, &found, &self.ledger, now);
        self.director = Some(director);
        self.lease_over = None;
        Ok(())
    }

    /// A fallback needs no check.
    pub(crate) fn configured(&mut self, config: &Arc<Config>) {
        for service in config.services.values() {
            self.kernel.earned.extend(service.fallback.map(|server| (service.key, server)));
        }
        self.configs.push(Arc::clone(config));
    }

    /// The process ends. Without a renewal the kernel takes its addresses off at `lease_over`.
    pub(crate) fn die(&mut self, lease_over: Option<Instant>) {
        self.director = None;
        self.exited = false;
        (self.desired, self.wanted, self.pass) = (None, None, None);
        self.probes.clear();
        self.configs.clear();
        self.kernel.earned.clear();
        self.lease_over = lease_over;
    }

    pub(crate) fn input(&mut self, input: Input, now: Instant) {
        if let Some(director) = &mut self.director {
            director.handle(input, now);
        }
    }

    /// Does what the director wants; what is begun ends, or begins, at `then`.
    pub(crate) fn carry_out(&mut self, then: Instant) -> Vec<Out> {
        let mut sent = Vec::new();
        let Some(director) = &mut self.director else { return sent };
        while director.next_report().is_some() {}
        while let Some(effect) = director.next_effect() {
            match effect {
                Effect::Send { link, to, beat } => sent.push(Out { link, to, beat }),
                Effect::StartProbe { ticket, probe } => {
                    self.probes.insert(ticket, (then, probe.target));
                }
                Effect::CancelProbe { ticket } => self.probes.retain(|other, _| *other != ticket),
                Effect::Reconcile { number, desired } => {
                    self.desired = Some(Arc::clone(&desired));
                    self.wanted = Some((then, number, desired));
                }
                Effect::Exit => {
                    self.exited = true;
                    if director.view(then).kernel.converged {
                        self.ledger = Ledger::default();
                    }
                }
                Effect::Announce { .. }
                | Effect::AskWitness { .. }
                | Effect::AskVoter { .. }
                | Effect::Advertise { .. }
                | Effect::Alert { .. }
                | Effect::Fence { .. } => {}
            }
        }
        sent
    }

    /// When something happens here next.
    pub(crate) fn next(&self) -> Option<Instant> {
        let deadline = self.director.iter().filter_map(Director::next_deadline);
        let probes = self.probes.values().map(|(at, _)| *at);
        let pass = match &self.pass {
            Some((at, ..)) => Some(*at),
            None => self.wanted.as_ref().map(|(at, ..)| *at),
        };
        let times = deadline.map(|it| it.at).chain(probes).chain(pass).chain(self.lease_over);
        times.min()
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        let next = self.director.as_ref().and_then(Director::next_deadline);
        next.is_some_and(|deadline| deadline.at <= now)
    }

    pub(crate) fn finished_probes(&mut self, now: Instant) -> Vec<(Ticket, SocketAddr)> {
        let due = self.probes.iter().filter(|(_, (at, _))| *at <= now);
        let due: Vec<_> = due.map(|(ticket, (_, target))| (*ticket, *target)).collect();
        self.probes.retain(|_, (at, _)| *at > now);
        due
    }

    /// Takes down who has earned a weight.
    pub(crate) fn checked(&mut self, target: SocketAddr, well: bool) {
        if !well {
            return;
        }
        for config in &self.configs {
            for service in config.services.values() {
                let servers = service.servers.keys().filter(|server| server.ip() == target.ip());
                self.kernel.earned.extend(servers.map(|server| (service.key, *server)));
            }
        }
    }

    /// Carries out the next operation of a pass, when its time has come; what came of the pass when
    /// it is over.
    pub(crate) fn advance(&mut self, now: Instant, delay: Duration) -> Outcome<Option<Reconciled>> {
        if self.lease_over.is_some_and(|at| at <= now) {
            self.lease_over = None;
            self.expire()?;
        }
        let over = if let Some((at, mut pass, desired)) = self.pass.take() {
            if at > now {
                self.pass = Some((at, pass, desired));
                return Ok(None);
            }
            match pass.advance(&mut self.kernel) {
                Progress::More => {
                    self.pass = Some((now + delay, pass, desired));
                    None
                }
                Progress::Over(over) => {
                    if let Ok(found) = &over.found {
                        self.ledger.forget_gone(&desired, found);
                    }
                    Some(over)
                }
            }
        } else {
            let Some((_, number, desired)) = self.wanted.take_if(|(at, ..)| *at <= now) else {
                return Ok(None);
            };
            let wanted = Arc::clone(&desired);
            self.kernel.seen = self.kernel.foreign.clone();
            match Pass::begin(&mut self.kernel, number, desired, &mut self.ledger) {
                Ok(pass) => {
                    self.pass = Some((now + delay, pass, wanted));
                    None
                }
                Err(over) => Some(over),
            }
        };
        if self.kernel.dead {
            let lease = self.configs.last().and_then(|config| config.cluster.lease);
            self.die(lease.map(|lease| now + lease));
            return Ok(None);
        }
        Ok(over)
    }

    /// The kernel's own clock does not run with ours: what it would take off goes here.
    fn expire(&mut self) -> Outcome<()> {
        let kernel = &mut self.kernel;
        let held = kernel.inner.held(&crate::foreign::lan()).map_err(|error| error.to_string())?;
        let foreign = &kernel.foreign.addresses;
        let gone = held.into_keys().filter(|address| !foreign.contains_key(address));
        gone.into_iter().collect::<Vec<_>>().iter().try_for_each(|address| {
            kernel.inner.remove_address(address).map_err(|error| error.to_string())
        })
    }
}
