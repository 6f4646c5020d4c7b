//! From heartbeats to live and dead peers, and to who owns which group.

mod announce;
mod ballot;
mod caution;
mod change;
mod deadlines;
mod detector;
mod fencing;
mod fitness;
mod group;
mod hold;
mod links;
mod order;
mod orders;
mod peer;
mod replay;
mod rivals;
mod settings;
mod speak;
mod stall;
mod standby;
mod versions;
mod view;
mod vrrp;
mod warmth;
mod witness;

pub(crate) use view::ago_ms;
pub use vrrp::Arrival;
pub(crate) use warmth::Warmth;

use crate::beat::{Beat, Body, Incarnation, Kind, LinkId};
use crate::config::{self, Config, Digest, VirtualAddress};
use crate::desired::Presence;
use crate::effect::Effect;
use crate::input::{Ignored, Reconciled};
use crate::name::{GroupName, InterfaceName, NodeName};
use crate::observed::Snapshot;
use crate::planted::{Bug, planted};
use crate::report::{AnnounceCause, PeerCause, PeerState, Report, Role, RoleCause};
use crate::time::Instant;
use crate::wire::heartbeat::VERSION;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use ballot::Ballot;
use core::time::Duration;
use detector::Action;
use fencing::Fence;
use group::{Change, Group, Surroundings};
use orders::Post;
use peer::{Credit, Peer};
use settings::Settings;
use vrrp::Routers;
use witness::Witnesses;

/// Where effects and reports go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Out {
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) reports: VecDeque<Report>,
}

/// The groups whose owner heartbeats elect.
fn native(config: &Config) -> impl Iterator<Item = (&GroupName, &config::Group)> {
    config.groups.iter().filter(|(_, group)| group.vrrp.is_none())
}

/// Heartbeats, peers and roles of one node.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    us: NodeName,
    incarnation: Incarnation,
    digest: Digest,
    settings: Settings,
    peers: Vec<Peer>,
    groups: Vec<Group>,
    witnesses: Witnesses,
    ballot: Ballot,
    /// Interfaces without carrier.
    dark: BTreeSet<InterfaceName>,
    /// End of the initial wait; `None` once it is over.
    listen_until: Option<Instant>,
    stopping: bool,
    /// Set when this process has just found that it was not run, until it has read what waits in
    /// its sockets: what it is to answer then, once for each peer and link.
    woken: Option<BTreeMap<(usize, LinkId), u64>>,
    next_beat: Instant,
    sequence: u64,
    body: Arc<Body>,
    /// Packets that changed nothing, by why.
    ignored: BTreeMap<Ignored, u64>,
    /// Whether roles may have to change.
    stirred: bool,
    post: Post,
    warmth: Warmth,
    routers: Routers,
}

impl Cluster {
    pub(crate) fn new(
        config: &Config,
        us: &NodeName,
        incarnation: Incarnation,
        found: &Snapshot,
        now: Instant,
    ) -> Self {
        let groups = native(config)
            .map(|(name, group)| {
                let holding = group.addresses.iter().any(|a| found.addresses.contains_key(a));
                let behind = speak::behind(config, group, us);
                Group::new(name.clone(), group.addresses.clone(), behind, holding, now)
            })
            .collect();
        let body = Body {
            version: VERSION,
            node: us.clone(),
            incarnation,
            config: config.digest(),
            heard: BTreeMap::new(),
            claims: BTreeMap::new(),
            released: BTreeMap::new(),
            orders: Vec::new(),
        };
        let mut cluster = Self {
            us: us.clone(),
            incarnation,
            digest: config.digest(),
            settings: Settings::of(config),
            peers: speak::peers_of(config, us),
            groups,
            witnesses: Witnesses::new(config, now),
            ballot: Ballot::new(config, now),
            dark: BTreeSet::new(),
            listen_until: (!planted(Bug::InitialWaitSkipped))
                .then_some(now + config.cluster.initdead),
            stopping: false,
            woken: None,
            next_beat: now,
            sequence: 0,
            body: Arc::new(body),
            ignored: BTreeMap::new(),
            stirred: true,
            post: Post::default(),
            warmth: Warmth::Needless,
            routers: Routers::new(config, us, found, now),
        };
        cluster.body = Arc::new(cluster.present_body());
        cluster
    }

    /// Uses a new configuration; peers and groups that stay keep their state.
    pub(crate) fn reload(&mut self, config: &Config, now: Instant, out: &mut Out) {
        self.settings = Settings::of(config);
        self.digest = config.digest();
        let mut former: BTreeMap<NodeName, Peer> =
            self.peers.drain(..).map(|peer| (peer.name.clone(), peer)).collect();
        self.peers = speak::peers_of(config, &self.us);
        for peer in &mut self.peers {
            if let Some(former) = former.remove(&peer.name) {
                let fresh = core::mem::replace(peer, former);
                peer.we_outrank = fresh.we_outrank;
                peer.links = speak::keep_links(fresh.links, &peer.links);
            }
        }
        let mut former: BTreeMap<GroupName, Group> =
            self.groups.drain(..).map(|group| (group.name.clone(), group)).collect();
        self.routers.adopt(config, now);
        for (name, wanted) in native(config) {
            let behind = speak::behind(config, wanted, &self.us);
            let fresh = Group::new(name.clone(), wanted.addresses.clone(), behind, false, now);
            let mut group = former.remove(name).unwrap_or_else(|| fresh.clone());
            (group.addresses, group.behind) = (fresh.addresses, fresh.behind);
            self.groups.push(group);
        }
        for index in 0..self.peers.len() {
            self.compare_config(index, out);
        }
        if let Some(later) = &mut self.woken {
            // Its peers are numbered anew; one that is not answered asks again.
            later.clear();
        }
        self.reload_witnesses(config, now);
        self.next_beat = now;
        self.stirred = true;
    }

    /// How far this node knows the connections of others.
    pub(crate) fn set_warmth(&mut self, warmth: Warmth) {
        self.stirred |= core::mem::replace(&mut self.warmth, warmth) != warmth;
    }

    /// Begins the orderly stop.
    pub(crate) fn stop(&mut self) {
        self.stopping = true;
        self.routers.stop();
        self.stirred = true;
    }

    /// Whether every group is given up.
    pub(crate) fn is_stopped(&self) -> bool {
        let over = |group: &Group| {
            group.role == Role::Stopped
                || (planted(Bug::ExitBeforeRelease) && group.role == Role::Releasing)
        };
        self.groups.iter().all(over) && self.routers.is_stopped()
    }

    /// Whether the kernel should hold each address of the configuration.
    pub(crate) fn presences(&self) -> impl Iterator<Item = (&VirtualAddress, Presence)> {
        self.groups
            .iter()
            .flat_map(|group| group.addresses.iter().map(|address| (address, group.presence())))
            .chain(self.routers.presences())
    }

    /// A packet of VRRP's protocol arrived.
    pub(crate) fn hear_advert(&mut self, arrival: Arrival, now: Instant, out: &mut Out) {
        self.routers.hear(arrival, now, out);
    }

    /// A packet arrived.
    pub(crate) fn hear(&mut self, link: LinkId, beat: &Beat, now: Instant, out: &mut Out) {
        let Some(index) = self.peers.iter().position(|peer| peer.name == beat.body.node) else {
            return self.ignore(Ignored::Stranger);
        };
        let credit = self.peers[index].credit(beat, &self.us, self.incarnation);
        match credit {
            Credit::Stale => return self.ignore(Ignored::Replayed),
            Credit::Unproven => {
                self.ignore(Ignored::Unproven);
                let pause = self.settings.keepalive / 2;
                if !planted(Bug::NobodyGreeted) && self.peers[index].may_greet(now, pause) {
                    self.greet(index, link, beat.body.incarnation, out);
                }
                return;
            }
            Credit::Believed { news } => {
                if self.peers[index].detector.state() == PeerState::Dead {
                    self.peers[index].detector.regained(now);
                }
                self.stirred |= news;
                if news {
                    self.compare_config(index, out);
                    self.hear_orders(beat);
                }
                if core::mem::take(&mut self.peers[index].recovered) {
                    // What kept it from its witness may have kept others from this node's
                    // announcements, and no link between directors tells.
                    self.announce_all(AnnounceCause::PeerFit, now, out);
                }
            }
            Credit::NewLife { restarted } => {
                self.welcome(index, restarted, out);
                self.hear_orders(beat);
            }
        }
        if self.woken.is_some() && self.is_challenged(beat) {
            self.doubt(now, out);
        }
        self.note_link(index, link, now, out);
        if beat.kind == Kind::Ask && !planted(Bug::QuestionUnanswered) {
            self.be_asked(index, link, beat.sequence, out);
        }
        if self.peers[index].is_outdated(beat.kind) {
            self.introduce(index, link, beat, credit, now, out);
        } else {
            self.note_life(index, beat.kind, now, out);
        }
    }

    fn welcome(&mut self, index: usize, restarted: bool, out: &mut Out) {
        self.stirred = true;
        let peer = &mut self.peers[index];
        if restarted && peer.detector.is_live() {
            let (state, why) = (PeerState::Alive, PeerCause::Restarted);
            out.reports.push_back(Report::Peer { peer: peer.name.clone(), state, why });
        }
        self.compare_config(index, out);
    }

    fn note_life(&mut self, index: usize, kind: Kind, now: Instant, out: &mut Out) {
        let peer = &mut self.peers[index];
        let before = peer.detector.state();
        if matches!(before, PeerState::Dead | PeerState::Unknown) {
            peer.silent_from = peer.detector.last_heard();
        }
        let action = match kind {
            Kind::Goodbye if !planted(Bug::GoodbyeUnheard) => peer.detector.left(now),
            _ => peer.detector.heard(now),
        };
        let Some(Action::Became(state, why)) = action else {
            return;
        };
        self.stirred |= before != PeerState::Suspect || state != PeerState::Alive;
        peer.fence = Fence::Idle;
        out.reports.push_back(Report::Peer { peer: peer.name.clone(), state, why });
        if state == PeerState::Alive && !matches!(before, PeerState::Alive | PeerState::Suspect) {
            // It may have owned what we own while neither heard the other.
            self.announce_all(AnnounceCause::PeerReturned, now, out);
        }
    }

    /// Half an interval: a delay that a well-running process does not have.
    pub(crate) fn stall_limit(&self) -> Duration {
        self.settings.keepalive / 2
    }

    /// Does what is due.
    pub(crate) fn due(&mut self, now: Instant, out: &mut Out) {
        self.end_waking(now, out);
        for index in 0..self.peers.len() {
            self.judge_peer(index, now, out);
        }
        if self.listen_until.is_some_and(|until| now >= until) {
            self.stirred = true;
            self.listen_until = self.hold_back(now, out);
            self.give_up_silent(now, out);
            self.peers.iter_mut().for_each(Peer::believe);
        }
        self.witnesses_due(now, out);
        self.fence_due(now, out);
        self.routers.due(now, out);
        for group in &mut self.groups {
            let timer = group.next_deadline(self.settings.limits.deadtime);
            self.stirred |= timer.is_some_and(|timer| timer.at <= now);
            if !group.doubtful && group.burst.due(self.settings.announce, now) {
                let held = group.addresses.iter().filter(|one| group.hold.has(one)).cloned();
                out.effects.extend(held.map(|address| Effect::Announce { address }));
            }
        }
        if now >= self.next_beat {
            self.beat_regularly(now, out);
        }
    }

    fn judge_peer(&mut self, index: usize, now: Instant, out: &mut Out) {
        let limits = self.settings.limits;
        while let Some(action) = self.peers[index].detector.due(limits, now) {
            match action {
                Action::Ask => {
                    self.ask(index, out);
                    self.ask_witnesses(now, out);
                }
                Action::Became(state, why) => {
                    let peer = self.peers[index].name.clone();
                    out.reports.push_back(Report::Peer { peer, state, why });
                    self.stirred |= state == PeerState::Dead;
                }
            }
        }
        let peer = &mut self.peers[index];
        for link in peer.links.iter_mut().filter(|link| link.up) {
            if link.heard_at.is_none_or(|at| now >= at + limits.deadtime) {
                link.up = false;
                out.reports.push_back(Report::Link {
                    peer: peer.name.clone(),
                    link: link.id,
                    interface: link.interface.clone(),
                    up: false,
                });
            }
        }
    }

    /// The applier has finished a pass.
    pub(crate) fn reconciled(&mut self, result: &Reconciled, now: Instant, out: &mut Out) {
        for index in 0..self.groups.len() {
            let group = &mut self.groups[index];
            if matches!(group.role, Role::Taking | Role::Active) {
                self.stirred |= group.hold.is_unsure();
                group.hold.observe(&group.addresses, result, now);
            }
            self.stirred |= group.note_removals(result);
            let group = &self.groups[index];
            if group.awaited.is_none_or(|awaited| result.number < awaited) || result.found.is_err()
            {
                continue;
            }
            let held = group.addresses.iter().filter(|address| result.holds(address)).count();
            let change = match group.role {
                Role::Taking if held == group.addresses.len() || planted(Bug::ActiveBeforeHeld) => {
                    Change { to: Role::Active, why: RoleCause::AddressesHeld }
                }
                Role::Releasing if held == 0 => {
                    let to = group.after_release(self.surroundings(now));
                    Change { to, why: RoleCause::AddressesReleased }
                }
                _ => continue,
            };
            self.enter(index, change, now, out);
        }
        self.routers.reconciled(result, now, out);
    }

    /// Remembers which apply result tells whether taking or releasing is done.
    pub(crate) fn requested(&mut self, number: u64) {
        self.routers.requested(number);
        for group in &mut self.groups {
            if matches!(group.role, Role::Taking | Role::Releasing) && group.awaited.is_none() {
                group.awaited = Some(number);
            }
        }
    }

    /// Changes roles as far as they have to change, and tells the peers what is new.
    ///
    /// Returns whether a role changed.
    pub(crate) fn settle(&mut self, now: Instant, out: &mut Out) -> bool {
        let mut changed = self.routers.settle(now, out);
        if !core::mem::take(&mut self.stirred) {
            return changed;
        }
        if self.listen_until.is_some() && self.has_heard_all() {
            self.listen_until = None;
            self.peers.iter_mut().for_each(Peer::believe);
        }
        for index in 0..self.groups.len() {
            // A role changes at most three times at one moment (waiting, standby, taking).
            for _ in 0..3 {
                let mut group = self.groups[index].clone();
                let rival = group.rival_since.is_some();
                let returning = group.failback_at();
                let change = group.next_change(self.surroundings(now));
                let had_rival = (rival, group.rival_since.is_some());
                let barred = group.barred;
                // Whether the addresses are to be held changes with the doubt, without a change of
                // role.
                changed |= group.doubtful != self.groups[index].doubtful;
                self.groups[index] = group;
                if barred {
                    self.want_certainty(index, now, out);
                }
                self.tell_rivals(index, had_rival, now, out);
                self.end_rivalry(index, now, out);
                self.tell_warming(index, returning, now, out);
                let Some(change) = change.filter(|change| !self.is_early(change)) else {
                    break;
                };
                self.enter(index, change, now, out);
                changed = true;
            }
        }
        if self.woken.is_none() {
            self.say_news(now, out);
        }
        changed
    }

    fn has_heard_all(&self) -> bool {
        self.peers.iter().all(|peer| peer.detector.state() != PeerState::Unknown)
    }

    fn surroundings(&self, now: Instant) -> Surroundings<'_> {
        Surroundings {
            us: &self.us,
            peers: &self.peers,
            listened: self.listen_until.is_none(),
            failback: self.settings.failback,
            warmth: self.warmth,
            patience: self.settings.limits.deadtime,
            keepalive: self.settings.keepalive,
            stopping: self.stopping,
            reached: self.witnesses.reached(),
            certain: self.silence_is_proved(now) && self.silent_are_fenced(),
            votes: self.votes(),
            dark: &self.dark,
            now,
        }
    }
}
