//! Rules about what directors say to each other, and make of it.

use super::watch::{PeerWatch, Worth, word};
use super::{Rule, VOTER};
use crate::net::packet::NodeId;
use crate::world::World;
use director_core::beat::{Beat, Claim, Incarnation, Kind, LinkId};
use director_core::config::{Config, Detection};
use director_core::input::Input;
use director_core::name::{GroupName, NodeName};
use director_core::report::{PeerCause, PeerState, Report, Role};
use director_core::time::Instant;
use director_core::view::{GroupView, PeerView};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// Woken, drawn and sent: what a beat may be late by without anybody's fault.
const LATE: Duration = Duration::from_millis(2);

/// Late frames are late by no more than this, there and back.
const SLOWEST: Duration = Duration::from_secs(2);

/// What a packet may not change, as it was before.
pub(crate) struct Before {
    what: What,
    peers: Vec<PeerView>,
    groups: Vec<GroupView>,
}

enum What {
    /// Nothing may change.
    Stale,
    /// What this peer claims may not change.
    Overtaken(NodeName),
    /// The groups that the voter says are others' are not owned, unless those are heard.
    Refused(BTreeMap<GroupName, NodeName>),
}

/// The shortest silence after which a peer may be dead.
pub(super) fn quickest(config: &Config) -> Duration {
    let deadtime = config.cluster.deadtime;
    match config.cluster.detection {
        Detection::Deadtime => deadtime,
        Detection::Ask { late, asks, spacing, patience } => {
            (late + spacing * u32::from(asks.get() - 1) + patience).min(deadtime)
        }
    }
}

impl World {
    fn guard_answered(&mut self, node: NodeId, question: u64) {
        let Some(watch) = self.guard.watch(node) else { return };
        let sent = watch.asked.iter().find(|(number, _)| *number == question);
        watch.proof = watch.proof.max(sent.map(|(_, at)| *at));
    }

    /// Something is about to be told to a director's process.
    pub(crate) fn guard_hears(&mut self, node: NodeId, input: &Input) -> Option<Before> {
        if self.guard.watches.is_empty() {
            return None;
        }
        self.process(node)?;
        let what = match input {
            Input::Beat { beat, .. } => self.guard_beat(node, beat)?,
            Input::Rejected { .. } => What::Stale,
            Input::ProbeFinished { ticket, outcome, .. } => {
                self.guard_outcome(node, *ticket, outcome.is_ok());
                return None;
            }
            Input::WitnessAnswered { question, .. } => {
                self.guard_answered(node, *question);
                return None;
            }
            Input::VoterAnswered(answer) => {
                let number = answer.number | VOTER;
                self.guard_answered(node, number);
                let newest = self.guard.watch(node)?.asked.iter().rfind(|(it, _)| it & VOTER > 0);
                let stale = newest.is_none_or(|(newest, _)| *newest != number);
                if stale || answer.refused.is_empty() {
                    return None;
                }
                What::Refused(answer.refused.clone())
            }
            Input::Reload(config) => {
                self.guard_reload(node, config);
                return None;
            }
            Input::Reconciled(result) => {
                self.guard_result(node, result);
                return None;
            }
            _ => return None,
        };
        // What it finds of its own sleep with this packet changes what it thinks of its peers.
        let wakes = self.guard.watches.get(node.index()).is_some_and(|one| self.now <= one.waking);
        if wakes || self.faults.hampers(self.host_name(node)) {
            return None;
        }
        let (peers, groups) = self.view_cluster(node)?;
        Some(Before { what, peers, groups })
    }

    fn guard_beat(&mut self, node: NodeId, beat: &Beat) -> Option<What> {
        let now = self.now;
        let sound = self.is_sound(node);
        let watches = &mut self.guard.watches;
        let place = watches.get(node.index())?.peers.iter();
        let place = place.enumerate().find(|(_, peer)| peer.name == beat.body.node);
        let (place, other) = (place.as_ref()?.0, place?.1.node);
        let present = watches.get(other.index()).map_or(0, |watch| watch.incarnation);
        let host = self.hosts.get(node.index())?.director()?;
        let watch = watches.get_mut(node.index())?;
        let own = watch.incarnation;
        let peer = watch.peers.get_mut(place)?;
        let worth = peer.worth(beat, present, (&host.name, own));
        match worth {
            Worth::Unproven => return None,
            Worth::Stale => return Some(What::Stale),
            Worth::Newest | Worth::Overtaken => {}
        }
        let deadtime = host.config.cluster.deadtime;
        if peer.heard.is_none_or(|heard| now.since(heard) > deadtime) {
            peer.rival = None;
            peer.holding = None;
            peer.ready_since = None;
        }
        peer.hear(beat, now);
        // A claim that has waited tells it that another owns.
        let told = peer.tells_of_holding(beat);
        if told || beat.sequence > peer.sent_before {
            watch.drowsy = None;
        }
        watch.owes_answer = beat.kind == Kind::Ask && sound;
        let mut groups = watch.groups.iter();
        let owns = groups.any(|group| matches!(group.role, Role::Taking | Role::Active));
        if worth == Worth::Overtaken {
            // By what it has said last, whatever arrives after that.
            peer.holding = (peer.holds && owns).then(|| peer.holding.unwrap_or(now));
            // Over two links every other packet is: one that says nothing else can change nothing.
            let news = peer.body.as_ref().is_none_or(|body| body.claims != beat.body.claims);
            return news.then(|| What::Overtaken(beat.body.node.clone()));
        }
        let rivals = watch.groups.iter().any(|group| {
            group.role == Role::Active && beat.body.claims.get(&group.name) == Some(&Claim::Active)
        });
        peer.take_in(beat, told, now);
        peer.holding = (told && owns).then(|| peer.holding.unwrap_or(now));
        let gone = peer.rival.is_some() && !peer.holds;
        let since = peer.rival.filter(|_| rivals);
        // One that gives way is a rival until it has.
        peer.rival = since.or(rivals.then_some(now)).or(peer.rival.filter(|_| !gone));
        let alive = peer.state == PeerState::Alive;
        let cluster = &host.config.cluster;
        let patience = || (cluster.deadtime + cluster.keepalive) * 3;
        if gone && alive && sound {
            watch.owe_announcement();
        }
        let long = since.is_some_and(|since| now.since(since) > patience());
        let keepalive = cluster.keepalive;
        if long && sound && self.is_sound(other) && !self.words_wait(keepalive) {
            let (name, peer) = (self.host_name(node), &beat.body.node);
            let facts = format!("{name} hears {peer} as owner and stays one");
            self.guard.violations.note(Rule::RivalsSettle, now, || facts);
        }
        None
    }

    /// The director has taken it in.
    pub(crate) fn guard_heard(&mut self, node: NodeId, before: Option<Before>) {
        let Some(before) = before else { return };
        let Some((peers, groups)) = self.view_cluster(node) else { return };
        let claims = |peers: &[PeerView], name: &NodeName| {
            peers.iter().find(|peer| peer.name == *name).map(|peer| peer.claims.clone())
        };
        let same = match &before.what {
            What::Stale => before.peers == peers && before.groups == groups,
            What::Refused(_) => true,
            What::Overtaken(name) => claims(&before.peers, name) == claims(&peers, name),
        };
        if let What::Refused(refused) = &before.what {
            let heard = |holder: &NodeName| {
                let live = |peer: &&PeerView| peer.state != PeerState::Dead;
                peers.iter().filter(live).any(|peer| peer.name == *holder)
            };
            let owns = |group: &GroupName| {
                let owned = groups.iter().filter(|one| one.name == *group);
                owned.into_iter().any(|one| matches!(one.role, Role::Active | Role::Taking))
            };
            let kept = refused.iter().find(|(group, holder)| owns(group) && !heard(holder));
            if let Some((group, holder)) = kept {
                let name = self.host_name(node);
                let facts =
                    format!("{name} keeps {group}, which is {holder}'s by the voter's word");
                self.guard.violations.note(Rule::VoteObeyed, self.now, || facts);
            }
        }
        if !same {
            let facts = format!("{} believed a packet of the past", self.host_name(node));
            self.guard.violations.note(Rule::PastChangesNothing, self.now, || facts);
        }
    }

    /// Everything that came of it has been carried out.
    pub(crate) fn guard_carried_out(&mut self, node: NodeId) {
        let now = self.now;
        let Some(watch) = self.guard.watch(node) else { return };
        let silent = std::mem::take(&mut watch.owes_announcement);
        if silent && self.process(node).is_some() {
            let facts = format!("{} did not announce itself", self.host_name(node));
            self.guard.violations.note(Rule::AnnouncedForCause, now, || facts);
        }
        let Some(watch) = self.guard.watch(node) else { return };
        if !(watch.owes_answer || watch.owes_word) {
            return;
        }
        let what = if watch.owes_answer { "did not answer a question" } else { "kept its news" };
        (watch.owes_answer, watch.owes_word) = (false, false);
        let runs = self.process(node).is_some();
        if runs {
            let facts = format!("{} {what}", self.host_name(node));
            self.guard.violations.note(Rule::BeatsKept, now, || facts);
        }
    }

    pub(super) fn guard_send(&mut self, node: NodeId, link: LinkId, to: SocketAddr, beat: &Beat) {
        let now = self.now;
        let sound = self.is_sound(node);
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let config = &host.config;
        let Some(watch) = self.guard.watches.get_mut(node.index()) else { return };
        watch.sent = beat.sequence;
        watch.owes_word = false;
        if watch.is_drowsy(now) && beat.body.claims.values().any(|one| *one == Claim::Active) {
            let facts = format!("{} claims to be the owner after its sleep", host.name);
            self.guard.violations.note(Rule::SleeperSilent, now, || facts);
        }
        match beat.kind {
            Kind::Answer { .. } => watch.owes_answer = false,
            Kind::Ask => {
                // While an answer is wanted a question takes the place of the beat.
                watch.beat_at = watch.beat_at.map(|_| now);
                let of = |peer: &&mut PeerWatch| {
                    let node = config.nodes.get(&peer.name);
                    node.is_some_and(|node| node.addresses.values().any(|ip| *ip == to.ip()))
                };
                let asked = watch.peers.iter_mut().find(of);
                if let Some(count) = asked.and_then(|peer| peer.asked.get_mut(usize::from(link.0)))
                {
                    *count = count.saturating_add(1);
                }
            }
            Kind::Regular => {
                let before = watch.beat_at.replace(now).filter(|at| *at >= watch.uneven);
                let keepalive = config.cluster.keepalive;
                let silent = before.map_or(Duration::ZERO, |before| now.since(before));
                let late = silent > keepalive && silent > keepalive + keepalive / 4 + LATE;
                if sound && late {
                    let facts = format!("{} was silent for too long", host.name);
                    self.guard.violations.note(Rule::BeatsKept, now, || facts);
                }
                if sound && before != Some(now) {
                    self.guard_announcing(node);
                    self.guard_unfit(node);
                }
            }
            Kind::Goodbye => {}
        }
    }

    /// With every heartbeat it is seen whether an owner should have given way.
    fn guard_unfit(&mut self, node: NodeId) {
        let now = self.now;
        if self.faults.is_empty() {
            if let Some(watch) = self.guard.watch(node) {
                watch.dark = None;
            }
            return;
        }
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let (name, cluster) = (host.name.as_str(), &host.config.cluster);
        let mut places = host.config.groups.values().flat_map(|group| &group.addresses);
        let dark = places.any(|one| self.faults.is_unplugged(one.interface.as_str(), name));
        let Some(watch) = self.guard.watches.get_mut(node.index()) else { return };
        let since = watch.dark.filter(|_| dark).or(dark.then_some(now));
        watch.dark = since;
        let owns = watch.groups.iter().find(|group| group.role == Role::Active);
        let Some(owned) = owns.map(|group| group.since) else { return };
        let patience = cluster.deadtime.max(cluster.keepalive * 3) * 3 + SLOWEST;
        let ready = watch.peers.iter().any(|peer| {
            peer.ready
                && peer.state == PeerState::Alive
                && peer.ready_since.is_some_and(|at| now.since(at) > cluster.deadtime)
                // One that slept may not know any more that it was so.
                && peer.heard.is_some_and(|at| now.since(at) <= cluster.deadtime)
        });
        // While it is not run in time it gives its witnesses new time again and again.
        let from = owned.max(watch.uneven);
        let alone = cluster.is_witnessed()
            && now.since(watch.proof.unwrap_or_default().max(from)) > patience;
        let unfit = since.is_some_and(|at| now.since(at.max(from)) > patience) || alone;
        if unfit && ready {
            let facts = format!("{name} stays the owner and can serve nobody");
            self.guard.violations.note(Rule::UnfitGivesWay, now, || facts);
        }
    }

    pub(super) fn guard_peer(
        &mut self,
        node: NodeId,
        name: &NodeName,
        state: PeerState,
        why: &PeerCause,
    ) {
        let (now, sound) = (self.now, self.is_sound(node));
        self.guard_calm(node, || format!("takes {name} for {state}"));
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let (quickest, links) = (quickest(&host.config), host.config.cluster.links.len());
        let asks = match host.config.cluster.detection {
            Detection::Ask { asks, .. } => asks.get(),
            Detection::Deadtime => 0,
        };
        let (us, clock) = (host.name.clone(), host.shows);
        let Some(watch) = self.guard.watches.get_mut(node.index()) else { return };
        let Some(peer) = watch.peers.iter_mut().find(|peer| peer.name == *name) else { return };
        let before = std::mem::replace(&mut peer.state, state);
        if state == PeerState::Alive && !matches!(before, PeerState::Alive | PeerState::Suspect) {
            watch.owe_announcement();
            return;
        }
        match state {
            PeerState::Suspect => {
                peer.asked = [0; 8];
                if peer.left {
                    let facts = format!("{us} waits for {name}, which said goodbye");
                    self.guard.violations.note(Rule::DeadAfterSilence, now, || facts);
                }
            }
            PeerState::Dead => {
                let heard = peer.heard.is_some_and(|at| clock.counted(at, now) + LATE < quickest);
                let asked = peer.asked.iter().take(links).all(|count| *count >= asks);
                // What a slow process was told is not what it has read.
                if heard && sound {
                    let facts = format!("{us} has just heard {name}");
                    self.guard.violations.note(Rule::DeadAfterSilence, now, || facts);
                }
                if matches!(why, PeerCause::Unanswered { .. }) && !asked {
                    let facts = format!("{us} asked {name} over some of the links");
                    self.guard.violations.note(Rule::AskedOnEveryLink, now, || facts);
                }
                peer.rival = None;
                peer.holding = None;
            }
            _ => {}
        }
    }

    pub(super) fn guard_begun(&mut self, node: NodeId, incarnation: Incarnation) {
        if let Some(watch) = self.guard.watch(node) {
            watch.incarnation = incarnation.0;
        }
    }

    /// A change of role is news, unless the peers have had that word already.
    pub(super) fn guard_news(&mut self, node: NodeId, from: Role, to: Role) {
        let sound = self.is_sound(node);
        if let Some(watch) = self.guard.watch(node) {
            watch.owes_word |= sound && word(from) != word(to) && !watch.peers.is_empty();
        }
    }

    /// A process or machine is no longer run.
    pub(crate) fn guard_asleep(&mut self, node: NodeId) {
        let now = self.now;
        let statements = self.guard.statements;
        if let Some(watch) = self.guard.watch(node) {
            watch.asleep.get_or_insert((now, statements));
        }
    }

    /// It is run again.
    pub(crate) fn guard_awake(&mut self, node: NodeId) {
        let now = self.now;
        let still = |host: &crate::host::Host| {
            host.paused.is_some() || host.director().is_some_and(|one| one.gait.is_frozen())
        };
        if self.hosts.get(node.index()).is_none_or(still) {
            return;
        }
        let Some(config) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let (keepalive, quickest) = (config.config.cluster.keepalive, quickest(&config.config));
        let deadtime = config.config.cluster.deadtime;
        let heard_by = config.shows.when(config.shows.at(now) + deadtime);
        let sent: Vec<u64> = self.guard.watches.iter().map(|watch| watch.sent).collect();
        // What the others heard of it while it slept is no claim of its own any more.
        for watch in &mut self.guard.watches {
            let of_it = watch.peers.iter_mut().filter(|peer| peer.node == node);
            of_it.for_each(|peer| peer.rival = None);
        }
        let Some(watch) = self.guard.watch(node) else { return };
        watch.waking = watch.waking.max(now + LATE);
        let Some((since, before)) = watch.asleep.take() else { return };
        let slept = now.since(since);
        self.guard_slept(node, slept, keepalive);
        let statements = self.guard.statements;
        let Some(watch) = self.guard.watch(node) else { return };
        // A sleep from just after one deadline to less than half a keepalive after the next goes
        // unnoticed: there is nothing to leave out.
        watch.wake(slept.saturating_sub(keepalive * 3 / 2), now);
        for peer in &mut watch.peers {
            peer.sent_before = sent.get(peer.node.index()).copied().unwrap_or(0);
        }
        let owned = watch.groups.iter().any(|group| group.role == Role::Active);
        // Nothing but its own sleep has happened: then it is plain what it may say. It cannot tell
        // how long it slept to less than a keepalive, and may listen after a shorter sleep, too.
        let long = owned && slept >= quickest;
        let listens = owned && slept + keepalive >= quickest;
        watch.drowsy = (long && statements == before + 1).then_some(heard_by);
        let uneven = now + LATE + if listens { deadtime * 3 } else { Duration::ZERO };
        watch.uneven = watch.uneven.max(uneven);
    }

    /// It is slow no longer: what waits for it is still late.
    pub(crate) fn guard_hurried(&mut self, node: NodeId) {
        let until = self.now + Duration::from_secs(1);
        if let Some(watch) = self.guard.watch(node) {
            watch.uneven = watch.uneven.max(until);
            watch.waking = watch.waking.max(until);
        }
    }

    /// It finds that it was not run.
    pub(super) fn guard_stall(&mut self, node: NodeId) {
        self.guard_found_asleep(node);
        let now = self.now;
        // An owner that doubts announces nothing until it has heard its peers or listened for them.
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let listens = host.map_or(Duration::ZERO, |host| host.config.cluster.deadtime);
        if let Some(watch) = self.guard.watch(node) {
            watch.doubts_until = now + listens + LATE;
        }
        let late = self.faults.hampers(self.host_name(node));
        if !late && self.guard.watches.get(node.index()).is_some_and(|one| now > one.waking) {
            let facts = format!("{} believes that it slept", self.host_name(node));
            self.guard.violations.note(Rule::SleptOnlyAsleep, now, || facts);
        }
    }

    pub(super) fn view_cluster(&self, node: NodeId) -> Option<(Vec<PeerView>, Vec<GroupView>)> {
        self.hosts.get(node.index())?.director()?.view_cluster(self.now)
    }

    pub(crate) fn host_name(&self, node: NodeId) -> &str {
        self.hosts.get(node.index()).map_or("", |host| &host.name)
    }

    /// Whether words reach directors later than the next ones are said, or did a moment ago.
    pub(super) fn words_wait(&self, keepalive: Duration) -> bool {
        let mut delays = self.faults.impaired().map(|(.., effect)| effect.delay + effect.jitter);
        self.now < self.guard.slow_until || delays.any(|delay| delay >= keepalive)
    }

    /// Whether the node's director does at once what it decides.
    pub(super) fn is_sound(&self, node: NodeId) -> bool {
        let now = self.now;
        let steady = self.guard.watches.get(node.index()).is_some_and(|one| now >= one.uneven);
        steady && !self.faults.hampers(self.host_name(node))
    }
}

/// The others of a configuration, as this node hears them.
pub(super) fn peers(world: &World, node: NodeId) -> Vec<PeerWatch> {
    let Some(host) = world.hosts.get(node.index()).and_then(|host| host.director()) else {
        return Vec::new();
    };
    let others = host.config.nodes.keys().filter(|name| **name != host.name);
    let known = others.filter_map(|name| Some((world.find(name.as_str())?, name.clone())));
    known.map(|(node, name)| PeerWatch::new(node, name)).collect()
}

/// When the peer was heard that died last; what was never heard does not count.
pub(super) fn silent_since(report: &Report, peers: &[PeerWatch]) -> Option<Instant> {
    let Report::Role { to: Role::Taking, .. } = report else { return None };
    let dead = peers.iter().filter(|peer| peer.state == PeerState::Dead && !peer.left);
    dead.filter_map(|peer| peer.heard).max()
}
