//! Why something is as it is: its state, and the chain of events that led there.

use super::Director;
use super::history::Topic;
use crate::cluster::ago_ms;
use crate::config::VirtualAddress;
use crate::health::Checked;
use crate::name::{GroupName, NodeName, ServiceName};
use crate::standing::{Duty, Subject};
use crate::time::Instant;
use crate::view::{CauseView, Explanation, GroupView};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

impl Director {
    /// Everything that `subject` may mean (a server, a service, a group, an address, a node), each
    /// with its state and what led there. Empty when it means nothing.
    #[must_use]
    pub fn explain(&self, subject: &str, now: Instant) -> Vec<Explanation> {
        let mut found = Vec::new();
        if let Ok(server) = subject.parse::<Subject>() {
            found.extend(self.explain_address(server.address, now));
            let seats = server.seats(&self.config);
            let entries = seats.filter_map(|seat| self.checks.entry(&seat));
            found.extend(entries.map(|entry| self.explain_server(entry, now)));
        }
        if let Some(name) = GroupName::new(subject).ok().filter(|it| self.has_group(it)) {
            found.extend(self.explain_group(&name, now));
        }
        if let Ok(name) = ServiceName::new(subject)
            && self.config.services.contains_key(&name)
        {
            found.push(self.explain_service(&name, now));
        }
        if let Ok(name) = NodeName::new(subject)
            && self.config.nodes.contains_key(&name)
        {
            found.push(self.explain_node(&name, now));
        }
        found
    }

    fn has_group(&self, name: &GroupName) -> bool {
        self.config.groups.contains_key(name)
    }

    fn because(&self, topic: &Topic, now: Instant) -> Vec<CauseView> {
        let cause = |(at, report): &(Instant, crate::Report)| CauseView {
            ago_ms: ago_ms(*at, now),
            text: report.to_string(),
            report: report.clone(),
        };
        self.history.of(topic).map(cause).collect()
    }

    fn explain_server(&self, entry: &Checked, now: Instant) -> Explanation {
        let mut state = format!("{} for {}", entry.record.state(), since(entry.record.since, now));
        match &entry.record.why {
            Some(why) => state = format!("{state}: {why}"),
            None => state.push_str(": not checked yet"),
        }
        if let Some(until) = entry.record.held_until() {
            state = format!("{state}; it flaps and stays out for {}", since(now, until));
        }
        let duty = self.orders.duty(&entry.seat());
        if duty != Duty::Serve {
            state = format!("{state}; it {duty} by order");
        }
        let weight = match entry.share {
            Some(weight) => format!("weight {weight}"),
            None => String::from("not in the table"),
        };
        let topic = Topic::Server(entry.service.clone(), entry.server);
        Explanation {
            subject: format!("server {} of service {}", entry.server, entry.service),
            state: format!("{state}; {weight}"),
            because: self.because(&topic, now),
            checks: self.checks.results(entry, now),
        }
    }

    fn explain_service(&self, name: &ServiceName, now: Instant) -> Explanation {
        let entries = self.checks.servers_of(name);
        let serving = entries.iter().filter(|entry| entry.share.is_some_and(|share| share.0 > 0));
        let mut state = format!("{} of {} servers get connections", serving.count(), entries.len());
        if let Some(pool) = self.checks.pool(name) {
            if !pool.quorate {
                state.push_str("; less usable weight than the quorum");
            }
            if pool.panicking {
                state.push_str("; its checks are not believed");
            }
        }
        let mut because = self.because(&Topic::Service(name.clone()), now);
        for entry in entries {
            let topic = Topic::Server(name.clone(), entry.server);
            because.extend(self.because(&topic, now).pop());
        }
        because.sort_by_key(|cause| core::cmp::Reverse(cause.ago_ms));
        let subject = format!("service {name}");
        Explanation { subject, state, because, checks: Vec::new() }
    }

    fn explain_group(&self, name: &GroupName, now: Instant) -> Option<Explanation> {
        let groups = self.cluster.view_groups(self.kernel.found(), now);
        let group = groups.into_iter().find(|group| group.name == *name)?;
        let peers = self.config.nodes.keys().map(|peer| Topic::Peer(peer.clone()));
        let mut because: Vec<CauseView> =
            peers.flat_map(|topic| self.because(&topic, now)).collect();
        because.extend(self.because(&Topic::Group(name.clone()), now));
        let addresses = self.config.groups.get(name).into_iter().flat_map(|it| &it.addresses);
        for VirtualAddress { address, .. } in addresses {
            because.extend(self.because(&Topic::Address(*address), now));
        }
        because.sort_by_key(|cause| core::cmp::Reverse(cause.ago_ms));
        let subject = format!("group {name}");
        Some(Explanation { subject, state: of_group(&group), because, checks: Vec::new() })
    }

    fn explain_address(&self, address: IpAddr, now: Instant) -> Option<Explanation> {
        let holds = |group: &crate::config::Group| {
            group.addresses.iter().any(|virtual_address| virtual_address.address == address)
        };
        let (name, _) = self.config.groups.iter().find(|(_, group)| holds(group))?;
        let group = self.explain_group(name, now)?;
        Some(Explanation { subject: format!("address {address} of {}", group.subject), ..group })
    }

    fn explain_node(&self, name: &NodeName, now: Instant) -> Explanation {
        let subject = format!("node {name}");
        let peers = self.cluster.view_peers(&self.config, now);
        let (state, topic) = match peers.into_iter().find(|peer| peer.name == *name) {
            None => (String::from("this director"), Topic::Node),
            Some(peer) => {
                let links = peer.links.iter().filter(|link| link.up).count();
                let heard = format!("heard over {links} of {} links", peer.links.len());
                (format!("{}; {heard}", peer.state), Topic::Peer(name.clone()))
            }
        };
        Explanation { subject, state, because: self.because(&topic, now), checks: Vec::new() }
    }
}

fn of_group(group: &GroupView) -> String {
    let owner = match &group.owner {
        Some(owner) => format!("owned by {owner}"),
        None => String::from("owned by nobody, as far as this node knows"),
    };
    format!("{owner}; this node is {} for it: {}", group.role, group.why)
}

fn since(from: Instant, to: Instant) -> String {
    let time = to.since(from);
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}
