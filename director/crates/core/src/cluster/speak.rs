//! What this node says, to whom, and where.

use super::group::Group;
use super::peer::{Credit, Peer, PeerLink};
use super::{Cluster, Out};
use crate::beat::{Beat, Body, Incarnation, Kind, LinkId};
use crate::config::Config;
use crate::effect::Effect;
use crate::name::NodeName;
use crate::planted::{Bug, planted};
use crate::time::Instant;
use crate::wire::heartbeat::VERSION;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// Copies of the last packet: nobody answers it, and nobody is there to repeat it.
const GOODBYES: u8 = 3;

/// The other directors of a configuration, with the links that lead to them.
pub(super) fn peers_of(config: &Config, us: &NodeName) -> Vec<Peer> {
    let Some(own) = config.nodes.get(us) else {
        return Vec::new();
    };
    let others = config.nodes.iter().filter(|(name, _)| *name != us);
    let port = config.cluster.port.get();
    let to_peer = |(name, node): (&NodeName, &crate::config::Node)| {
        let links = config
            .cluster
            .links
            .iter()
            .enumerate()
            .filter(|(_, link)| own.addresses.contains_key(&link.interface))
            .filter_map(|(index, link)| {
                Some(PeerLink {
                    id: LinkId(u8::try_from(index).ok()?),
                    interface: link.interface.clone(),
                    address: SocketAddr::new(*node.addresses.get(&link.interface)?, port),
                    group: link.multicast.map(|group| SocketAddr::new(group, port)),
                    heard_at: None,
                    up: false,
                    missed: 0,
                })
            })
            .collect();
        let first = config.groups.values().all(|group| config.outranks(group, us, name));
        Peer::new(name.clone(), first, links)
    };
    others.map(to_peer).collect()
}

/// The peers that come after this node as owner of a group.
pub(super) fn behind(
    config: &Config,
    group: &crate::config::Group,
    us: &NodeName,
) -> BTreeSet<NodeName> {
    let others = config.nodes.keys().filter(|name| *name != us);
    others.filter(|name| config.outranks(group, us, name)).cloned().collect()
}

/// New links with what is known of former ones to the same address.
pub(super) fn keep_links(fresh: Vec<PeerLink>, former: &[PeerLink]) -> Vec<PeerLink> {
    let keep = |link: PeerLink| match former.iter().find(|old| old.address == link.address) {
        Some(old) => PeerLink { heard_at: old.heard_at, up: old.up, missed: old.missed, ..link },
        None => link,
    };
    fresh.into_iter().map(keep).collect()
}

impl Cluster {
    /// What this node has to say of itself now.
    pub(super) fn present_body(&self) -> Body {
        let hears = |peer: &Peer| {
            let life = peer.life.as_ref().filter(|_| peer.detector.is_live())?;
            Some((peer.name.clone(), life.incarnation))
        };
        let released =
            |group: &Group| (group.released > 0).then(|| (group.name.clone(), group.released));
        Body {
            version: VERSION,
            node: self.us.clone(),
            incarnation: self.incarnation,
            config: self.digest,
            heard: self.peers.iter().filter_map(hears).collect(),
            claims: self.groups.iter().map(|group| (group.name.clone(), group.claim())).collect(),
            released: self.groups.iter().filter_map(released).collect(),
            orders: self.post.window(),
        }
    }

    /// Tells everybody at once when there is something new to say.
    pub(super) fn say_news(&mut self, now: Instant, out: &mut Out) {
        let body = self.present_body();
        if body != *self.body {
            self.body = Arc::new(body);
            if planted(Bug::NewsWait) {
                return;
            }
            self.beat(Kind::Regular, out);
            self.ask_voter(now, out);
        }
    }

    /// The last words.
    pub(crate) fn say_goodbye(&mut self, out: &mut Out) {
        for _ in 0..GOODBYES {
            self.beat(Kind::Goodbye, out);
        }
    }

    /// When the next regular heartbeat is due.
    pub(super) fn following_beat(&self, now: Instant) -> Instant {
        let keepalive = self.settings.keepalive;
        if planted(Bug::BeatsSkipped) {
            return self.next_beat + keepalive * 2;
        }
        if planted(Bug::ClockAligned) {
            let step = u64::try_from(keepalive.as_nanos()).unwrap_or(u64::MAX).max(1);
            return Instant::from_nanos(now.as_nanos() / step * step) + keepalive;
        }
        self.next_beat + keepalive
    }

    /// One packet to every peer over every link; one for all of them where they listen to a group.
    /// Whoever must answer anew is asked with it.
    pub(super) fn beat(&mut self, kind: Kind, out: &mut Out) {
        for index in 0..self.peers.len() {
            let ask = kind == Kind::Regular && self.peers[index].is_doubted();
            self.tell(index, if ask { Kind::Ask } else { kind }, out);
        }
        let links = self.peers.iter().flat_map(|peer| &peer.links);
        let mut joined = links.filter_map(|link| Some((link.id, link.group?))).peekable();
        if joined.peek().is_none() {
            return;
        }
        let groups: BTreeSet<(LinkId, SocketAddr)> = joined.collect();
        for (link, group) in groups {
            self.send(link, group, kind, out);
        }
    }

    /// Asks a suspect over every link.
    pub(super) fn ask(&mut self, index: usize, out: &mut Out) {
        self.tell(index, Kind::Ask, out);
    }

    /// A question is for one peer alone: it goes to that peer's own address over every link. What
    /// is for all goes to their group where they have one.
    fn tell(&mut self, index: usize, kind: Kind, out: &mut Out) {
        let count = self.peers[index].links.len();
        let first = kind == Kind::Ask && planted(Bug::QuestionsOverOneLink);
        for place in 0..if first { 1 } else { count } {
            let link = &self.peers[index].links[place];
            if kind == Kind::Ask || link.group.is_none() {
                let (link, to) = (link.id, link.address);
                self.send(link, to, kind, out);
            }
        }
    }

    fn send(&mut self, link: LinkId, to: SocketAddr, kind: Kind, out: &mut Out) {
        self.sequence += 1;
        let beat = Beat { kind, sequence: self.sequence, body: Arc::clone(&self.body) };
        out.effects.push_back(Effect::Send { link, to, beat });
    }

    /// Answers a question over the link on which it came.
    pub(super) fn answer(&mut self, index: usize, link: LinkId, question: u64, out: &mut Out) {
        let body = Arc::clone(&self.body);
        self.reply(index, link, Kind::Answer { question }, body, out);
    }

    /// Names to a node the incarnation that it says it has, so that it can prove it.
    pub(super) fn greet(
        &mut self,
        index: usize,
        link: LinkId,
        incarnation: Incarnation,
        out: &mut Out,
    ) {
        let mut body = self.present_body();
        body.heard.insert(self.peers[index].name.clone(), incarnation);
        self.reply(index, link, Kind::Regular, Arc::new(body), out);
    }

    /// A peer of whom an answer is wanted may not know who asks: a life that began while this
    /// process slept believes no question that does not name it, and as long as it has not answered
    /// no beat does.
    pub(super) fn introduce(
        &mut self,
        index: usize,
        link: LinkId,
        beat: &Beat,
        credit: Credit,
        now: Instant,
        out: &mut Out,
    ) {
        let is_new = matches!(credit, Credit::NewLife { .. });
        let is_deaf = beat.body.heard.get(&self.us) != Some(&self.incarnation);
        let pause = self.settings.keepalive / 2;
        if is_new || (is_deaf && self.peers[index].may_greet(now, pause)) {
            self.greet(index, link, beat.body.incarnation, out);
        }
    }

    fn reply(&mut self, index: usize, link: LinkId, kind: Kind, body: Arc<Body>, out: &mut Out) {
        let Some(known) = self.peers[index].links.iter().find(|known| known.id == link) else {
            return;
        };
        self.sequence += 1;
        let beat = Beat { kind, sequence: self.sequence, body };
        out.effects.push_back(Effect::Send { link, to: known.address, beat });
    }
}
