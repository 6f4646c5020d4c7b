//! One virtual router on this node: the standard's machine, the role that it gives the group, and
//! what the kernel has to do for it.
//!
//! | machine | role |
//! | --- | --- |
//! | Initialize | waiting (no carrier), stopped |
//! | Backup | standby; waiting while found addresses are kept; releasing while they are taken off |
//! | Active | taking; active once the kernel holds the addresses; releasing before it gives up |

use super::super::announce::Burst;
use super::super::hold::Hold;
use super::machine::{Event, Heard, Machine, OWNER, Parameters, RELEASE, State};
use super::obedience::Obedience;
use super::{Out, count::Count};
use crate::advert::{Advert, Fault};
use crate::config::{Announce, Dialect, Group, VirtualAddress, Vrrp};
use crate::desired::Presence;
use crate::effect::Effect;
use crate::input::Reconciled;
use crate::name::{GroupName, InterfaceName};
use crate::report::{AnnounceCause, Report, Role, RoleCause};
use crate::time::{Deadline, Instant, Reason, earlier};
use crate::wire::vrrp::HOP_LIMIT;
use alloc::collections::BTreeSet;
use core::net::IpAddr;
use core::time::Duration;

/// How long a worse router may take from hearing of a better one to taking the addresses off.
const GRACE: Duration = Duration::from_millis(20);

/// Why a router goes to Initialize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    Stop,
    Handover,
    Dark,
    CannotTake,
    CannotKeep,
}

/// The router that was heard as active last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) address: IpAddr,
    pub(super) priority: u8,
    pub(super) at: Instant,
}

#[derive(Clone, Debug)]
pub(super) struct Router {
    pub(super) name: GroupName,
    pub(super) addresses: BTreeSet<VirtualAddress>,
    pub(super) settings: Vrrp,
    pub(super) machine: Machine,
    pub(super) role: Role,
    pub(super) since: Instant,
    pub(super) why: RoleCause,
    /// Whether the addresses are left as they are until somebody is heard.
    pub(super) keeping: bool,
    pub(super) active: Option<Known>,
    pub(super) count: Count,
    pub(super) changed: bool,
    /// The first apply number whose result tells whether taking or releasing has been done.
    awaited: Option<u64>,
    burst: Burst,
    leaving: Option<Leaving>,
    /// Interfaces of it without carrier.
    dark: BTreeSet<InterfaceName>,
    /// While a worse active router is heard: when it will have been silent for long enough.
    rival_until: Option<Instant>,
    /// Whether that has been told of.
    alarmed: bool,
    /// Whether a better router is to be told, once the kernel has released the addresses.
    last_word: bool,
    /// While a worse router that hears of this one takes the addresses off: until when.
    grace_until: Option<Instant>,
    pub(super) obedience: Obedience,
    pub(super) own: Own,
}

/// How an advert came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) from: IpAddr,
    pub(super) local: IpAddr,
    pub(super) hops: u8,
}

/// What all virtual routers of a node have in common.
#[derive(Clone, Debug)]
pub(super) struct Own {
    /// The node's addresses.
    pub(super) addresses: BTreeSet<IpAddr>,
    pub(super) announce: Announce,
    /// How long the kernel is waited for.
    pub(super) patience: Duration,
}

impl Router {
    pub(super) fn new(
        name: GroupName,
        group: &Group,
        settings: &Vrrp,
        priority: u8,
        own: &Own,
        now: Instant,
    ) -> Self {
        let parameters = Parameters {
            version: settings.version(),
            priority,
            interval: settings.interval.duration(),
            preempt: settings.preempt,
        };
        Self {
            name,
            addresses: group.addresses.clone(),
            settings: settings.clone(),
            machine: Machine::new(parameters),
            role: Role::Waiting,
            since: now,
            why: RoleCause::Started,
            keeping: false,
            active: None,
            count: Count::default(),
            changed: true,
            awaited: None,
            burst: Burst::default(),
            leaving: None,
            dark: BTreeSet::new(),
            rival_until: None,
            alarmed: false,
            last_word: false,
            grace_until: None,
            obedience: Obedience::default(),
            own: own.clone(),
        }
    }

    /// This router with the settings of another.
    pub(super) fn with(mut self, fresh: Self) -> Self {
        self.machine.adopt(fresh.machine.parameters);
        self.addresses = fresh.addresses;
        self.settings = fresh.settings;
        self.own = fresh.own;
        self.changed = true;
        self
    }

    pub(super) fn is_ipv6(&self) -> bool {
        self.addresses.first().is_some_and(|address| address.address.is_ipv6())
    }

    /// Whether the addresses are the node's own, which nobody puts there or takes off.
    pub(super) const fn is_owner(&self) -> bool {
        self.machine.parameters.priority == OWNER
    }

    /// Whether the kernel should hold the addresses.
    pub(super) fn presence(&self) -> Presence {
        match self.role {
            Role::Waiting if self.keeping => Presence::AsFound,
            Role::Taking if self.grace_until.is_some() => Presence::Released,
            Role::Taking | Role::Active => Presence::Held,
            _ => Presence::Released,
        }
    }

    /// Begins to give up; [`settle`](Self::settle) does it.
    pub(super) fn leave(&mut self, why: Leaving) {
        if self.role != Role::Stopped && self.leaving != Some(Leaving::Stop) {
            self.leaving = Some(why);
        }
    }

    pub(super) const fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    pub(super) fn carrier(&mut self, interface: &InterfaceName, up: bool) {
        let ours = self.settings.interface == *interface
            || self.addresses.iter().any(|address| address.interface == *interface);
        if up {
            self.dark.remove(interface);
        } else if ours {
            self.dark.insert(interface.clone());
            if self.leaving.is_none() {
                self.leaving = Some(Leaving::Dark);
            }
        }
    }

    /// Begins what is to begin.
    pub(super) fn settle(&mut self, now: Instant, out: &mut Out) {
        if let Some(leaving) = self.leaving {
            let why = match leaving {
                Leaving::Stop => RoleCause::Stop,
                Leaving::Handover => RoleCause::Handover,
                Leaving::CannotTake => RoleCause::CannotTake,
                Leaving::CannotKeep => RoleCause::CannotKeep,
                Leaving::Dark => {
                    let interface = self.dark.first().unwrap_or(&self.settings.interface);
                    RoleCause::NoCarrier { interface: interface.clone() }
                }
            };
            let holds = matches!(self.role, Role::Taking | Role::Active)
                || (self.role == Role::Waiting && self.keeping);
            if holds && !self.is_owner() {
                self.enter(Role::Releasing, why, now, out);
            } else if self.role != Role::Releasing {
                self.left(why, now, out);
            }
        } else if self.may_start() {
            self.feed(Event::Startup, RoleCause::Backup, now, out);
        }
    }

    fn may_start(&self) -> bool {
        let idle = self.machine.state == State::Initialize && self.role == Role::Waiting;
        idle && self.dark.is_empty()
    }

    /// Nothing is held any more that is to be given up.
    fn left(&mut self, why: RoleCause, now: Instant, out: &mut Out) {
        let Some(leaving) = self.leaving.take() else {
            self.enter(Role::Standby, why, now, out);
            if core::mem::take(&mut self.last_word) {
                self.advertise(self.machine.parameters.priority, out);
            }
            return;
        };
        if let Some(priority) = self.machine.handle(Event::Shutdown, now).send {
            self.advertise(priority, out);
        }
        self.keeping = false;
        match leaving {
            Leaving::Stop => self.enter(Role::Stopped, why, now, out),
            Leaving::Dark if !self.dark.is_empty() => self.enter(Role::Waiting, why, now, out),
            Leaving::Handover | Leaving::Dark | Leaving::CannotTake | Leaving::CannotKeep => {
                self.machine.handle(Event::Startup, now);
                self.enter(Role::Standby, why, now, out);
            }
        }
    }

    /// Has the machine see an event, and follows it.
    fn feed(&mut self, event: Event, why: RoleCause, now: Instant, out: &mut Out) {
        let before = core::mem::discriminant(&self.machine.state);
        let deed = self.machine.handle(event, now);
        let is_backup = matches!(self.machine.state, State::Backup { .. });
        match deed.send {
            Some(_) if is_backup => self.last_word = true,
            Some(priority) => self.advertise(priority, out),
            None => {}
        }
        if before == core::mem::discriminant(&self.machine.state) {
            return;
        }
        match (self.machine.state, self.role) {
            (State::Active { .. }, _) => {
                self.keeping = false;
                self.last_word = false;
                let preempts = matches!(why, RoleCause::Preempts { .. });
                self.enter(Role::Taking, why, now, out);
                self.grace_until = preempts.then(|| now + GRACE);
            }
            (State::Backup { .. }, Role::Taking | Role::Active) => {
                self.enter(Role::Releasing, why, now, out);
            }
            (State::Backup { .. }, Role::Waiting) if !self.keeping => {
                self.enter(Role::Standby, why, now, out);
            }
            _ => {}
        }
    }

    /// An advert of this virtual router arrived.
    pub(super) fn hear(
        &mut self,
        advert: &Advert,
        way: Way,
        now: Instant,
        out: &mut Out,
    ) -> Result<(), Fault> {
        self.verify(advert, way)?;
        let Way { from, local, .. } = way;
        self.count.heard += 1;
        let priority = advert.priority;
        self.active = Some(Known { address: from, priority, at: now });
        self.obedience.another(priority != RELEASE);
        let why = RoleCause::RouterActive { router: from, priority };
        if self.keeping && self.role == Role::Waiting && priority != RELEASE {
            self.keeping = false;
            self.enter(Role::Releasing, why.clone(), now, out);
        }
        let interval = advert.interval.duration();
        let heard = Heard { priority, interval, greater: from > local };
        let was_active = matches!(self.machine.state, State::Active { .. });
        self.feed(Event::Heard(heard), why, now, out);
        let stays = was_active && matches!(self.machine.state, State::Active { .. });
        if stays && priority != RELEASE {
            self.end_grace();
            self.note_rival(from, priority, now, out);
        }
        Ok(())
    }

    /// The worse router has let go, or has had its time for it.
    fn end_grace(&mut self) {
        self.changed |= self.grace_until.take().is_some();
    }

    /// RFC 9568 §7.1 and RFC 3768 §7.1, as far as only the configuration can tell.
    fn verify(&self, advert: &Advert, way: Way) -> Result<(), Fault> {
        let Way { from, local, hops } = way;
        if from == local {
            return Err(Fault::Own);
        }
        if self.settings.peers.is_empty() && hops != HOP_LIMIT {
            return Err(Fault::HopLimit);
        }
        if advert.version != self.settings.version() {
            return Err(Fault::Version);
        }
        if !self.settings.peers.is_empty() && !self.settings.peers.contains(&from) {
            return Err(Fault::NotAPeer);
        }
        if self.is_owner() {
            return Err(Fault::WeOwn);
        }
        if let Dialect::V2 { password } = self.settings.dialect {
            if advert.password != password {
                return Err(Fault::Authentication);
            }
            if advert.interval != self.settings.interval {
                return Err(Fault::Interval);
            }
        }
        Ok(())
    }

    /// A worse router is active, too, and the neighbours may believe it.
    fn note_rival(&mut self, router: IpAddr, priority: u8, now: Instant, out: &mut Out) {
        let until = now + self.machine.down_interval();
        let Some(before) = self.rival_until.replace(until) else {
            self.announce(AnnounceCause::RivalHeard, now, out);
            return;
        };
        // Its last word is no reason for alarm; a second one is.
        if !core::mem::replace(&mut self.alarmed, true) && before < until {
            let group = self.name.clone();
            out.reports.push_back(Report::TwoRouters { group, router, priority });
        }
    }

    /// Does what is due.
    pub(super) fn due(&mut self, now: Instant, out: &mut Out) {
        self.give_up_unobeyed(now);
        if self.role == Role::Releasing && now >= self.since + self.own.patience {
            self.left(RoleCause::ReleaseOverdue, now, out);
        }
        if self.grace_until.is_some_and(|until| now >= until) {
            self.end_grace();
        }
        if self.rival_until.is_some_and(|until| now >= until) {
            (self.rival_until, self.alarmed) = (None, false);
            self.announce(AnnounceCause::RivalGaveWay, now, out);
        }
        let blind = self.is_blind();
        if self.machine.due().is_some_and(|at| now >= at) && !blind {
            let why = self.cause_of_rise(now);
            self.feed(Event::Time, why, now, out);
        }
        if self.role == Role::Active && !blind && self.burst.due(self.own.announce, now) {
            let addresses = self.addresses.iter().cloned();
            out.effects.extend(addresses.map(|address| Effect::Announce { address }));
        }
    }

    fn cause_of_rise(&self, now: Instant) -> RoleCause {
        match self.active {
            _ if self.keeping => RoleCause::Adopted,
            None => RoleCause::NoOwner,
            Some(Known { address, priority: RELEASE, .. }) => {
                RoleCause::RouterLeft { router: address }
            }
            Some(Known { address, priority, at })
                if priority < self.machine.parameters.priority
                    && now.since(at) < self.machine.down_interval() =>
            {
                RoleCause::Preempts { router: address, priority }
            }
            Some(Known { address, at, .. }) => RoleCause::RouterSilent {
                router: address,
                silent_ms: crate::cluster::ago_ms(at, now),
            },
        }
    }

    pub(super) fn requested(&mut self, number: u64) {
        if matches!(self.role, Role::Taking | Role::Releasing) {
            self.awaited.get_or_insert(number);
        }
    }

    /// The applier has finished a pass.
    pub(super) fn reconciled(&mut self, result: &Reconciled, now: Instant, out: &mut Out) {
        if matches!(self.role, Role::Taking | Role::Active) {
            self.obedience.hold.observe(&self.addresses, result, now);
        }
        if self.awaited.is_none_or(|awaited| result.number < awaited) || result.found.is_err() {
            return;
        }
        let held = self.addresses.iter().filter(|address| result.holds(address)).count();
        match self.role {
            Role::Taking if held == self.addresses.len() || self.is_owner() => {
                self.enter(Role::Active, RoleCause::AddressesHeld, now, out);
                self.announce(AnnounceCause::Taken, now, out);
            }
            Role::Releasing if held == 0 => self.left(RoleCause::AddressesReleased, now, out),
            _ => {}
        }
    }

    /// Tells the neighbours whose the addresses are.
    pub(super) fn announce(&mut self, why: AnnounceCause, now: Instant, out: &mut Out) {
        if self.role == Role::Active {
            self.burst.start(self.own.announce, now);
            let group = self.name.clone();
            out.reports.push_back(Report::Announcing { group, why });
        }
    }

    pub(super) fn enter(&mut self, to: Role, why: RoleCause, now: Instant, out: &mut Out) {
        let from = self.role;
        self.changed = true;
        (self.role, self.why, self.since) = (to, why.clone(), now);
        self.awaited = None;
        self.grace_until = None;
        if to != Role::Active {
            self.obedience.hold = Hold::default();
            self.burst.stop();
            (self.rival_until, self.alarmed) = (None, false);
        }
        out.reports.push_back(Report::Role { group: self.name.clone(), from, to, why });
    }

    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        let reason = match self.machine.state {
            State::Active { .. } => Reason::AdvertDue,
            _ => Reason::ActiveDown,
        };
        let due = self.machine.due().filter(|_| !self.is_blind());
        let mut next = due.map(|at| Deadline { at, reason });
        if self.role == Role::Releasing {
            let at = self.since + self.own.patience;
            next = earlier(next, Some(Deadline { at, reason: Reason::ReleaseOverdue }));
        }
        let rival = self.rival_until.map(|at| Deadline { at, reason: Reason::AnnounceDue });
        next = earlier(next, rival);
        let grace = self.grace_until.map(|at| Deadline { at, reason: Reason::ReleaseOverdue });
        next = earlier(next, grace);
        next = earlier(next, self.obedience_deadline());
        earlier(next, self.burst.next_deadline().filter(|_| !self.is_blind()))
    }
}
