//! Several directors whose groups VRRP elects, on one clock and one segment.

use crate::advert::{Advert, Fault};
use crate::beat::LinkId;
use crate::cluster::Arrival;
use crate::config::{AdvertInterval, Config, Coverage, Dialect, Password, Vrrp, VrrpVersion};
use crate::director::tests::{config, group, node, vip};
use crate::effect::Effect;
use crate::input::{Input, Reconciled};
use crate::name::{InterfaceName, NodeName};
use crate::observed::Snapshot;
use crate::order::{Author, Order};
use crate::report::{AnnounceCause, Report, Role};
use crate::time::Instant;
use crate::view::RouterState;
use crate::{Director, input};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::Duration;

mod faults;
mod life;
mod obedience;

const MS: Duration = Duration::from_millis(1);

fn v3() -> Vrrp {
    Vrrp {
        router: NonZeroU8::new(51).unwrap(),
        interface: InterfaceName::new("lan").unwrap(),
        dialect: Dialect::V3 { coverage: Coverage::PseudoHeader },
        interval: AdvertInterval::new(VrrpVersion::V3, 100).unwrap(),
        preempt: Some(Duration::ZERO),
        owner: None,
        mac: None,
        accept: true,
        peers: [].into(),
    }
}

fn with(vrrp: Vrrp) -> Arc<Config> {
    let mut config = config();
    config.services.clear();
    config.groups.get_mut(&group()).unwrap().vrrp = Some(vrrp);
    Arc::new(config)
}

/// Directors that all hear each other, each with a kernel that obeys at once.
struct Segment {
    config: Arc<Config>,
    now: Instant,
    hosts: BTreeMap<NodeName, Host>,
    /// Time between sending and hearing.
    latency: Duration,
    flying: Vec<(Instant, NodeName, IpAddr, IpAddr, Advert)>,
}

struct Host {
    director: Director,
    held: Snapshot,
    said: Vec<Report>,
    roles: Vec<Role>,
    /// Whether its kernel takes no address, nor puts one back.
    refuses: bool,
}

impl Segment {
    fn new(config: Arc<Config>) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        Self { config, now, hosts: BTreeMap::new(), latency: MS / 5, flying: Vec::new() }
    }

    fn address(&self, name: &NodeName) -> IpAddr {
        self.config.nodes[name].addresses[&InterfaceName::new("lan").unwrap()]
    }

    fn start(&mut self, name: &str) {
        self.start_with(name, Snapshot::default());
    }

    fn start_with(&mut self, name: &str, held: Snapshot) {
        let name = node(name);
        let seed = self.now.as_nanos();
        let director = Director::new(self.config.clone(), name.clone(), seed, &held, self.now);
        let host = Host { director, held, said: Vec::new(), roles: Vec::new(), refuses: false };
        self.hosts.insert(name.clone(), host);
        self.carry_out(&name);
    }

    fn tell(&mut self, name: &str, input: Input) {
        let name = node(name);
        let now = self.now;
        self.hosts.get_mut(&name).unwrap().director.handle(input, now);
        self.carry_out(&name);
    }

    fn carry_out(&mut self, name: &NodeName) {
        let from = self.address(name);
        let (now, arrives) = (self.now, self.now + self.latency);
        let Some(host) = self.hosts.get_mut(name) else { return };
        while let Some(effect) = host.director.next_effect() {
            match effect {
                Effect::Advertise { to, advert, .. } => {
                    self.flying.push((arrives, name.clone(), from, to, Advert::clone(&advert)));
                }
                Effect::Reconcile { number, desired } => {
                    host.held.addresses = desired
                        .addresses
                        .iter()
                        .filter(|(address, presence)| match presence {
                            crate::desired::Presence::Held if !host.refuses => true,
                            crate::desired::Presence::Released => false,
                            crate::desired::Presence::Held | crate::desired::Presence::AsFound => {
                                host.held.addresses.contains_key(*address)
                            }
                        })
                        .map(|(address, _)| (address.clone(), desired.lease.into()))
                        .collect();
                    let found = Ok(Arc::new(host.held.clone()));
                    let (done, failed) = (Vec::new(), Vec::new());
                    let result = Reconciled { number, done, failed, found };
                    host.director.handle(Input::Reconciled(result), now);
                }
                _ => {}
            }
        }
        while let Some(report) = host.director.next_report() {
            if let Report::Role { to, .. } = &report {
                host.roles.push(*to);
            }
            host.said.push(report);
        }
    }

    /// Time goes on; everything happens when it is due.
    fn run(&mut self, length: Duration) {
        let end = self.now + length;
        loop {
            let wakes = self.hosts.values().filter_map(|it| it.director.next_deadline());
            let next = wakes.map(|wake| wake.at).chain(self.flying.iter().map(|it| it.0)).min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            let now = self.now;
            let landed = self.flying.iter().position(|it| it.0 <= now);
            if let Some(place) = landed {
                let (_, sender, from, to, advert) = self.flying.remove(place);
                self.deliver(&sender, from, to, &advert);
                continue;
            }
            let due = |host: &Host| host.director.next_deadline().is_some_and(|it| it.at <= now);
            let names: Vec<NodeName> =
                self.hosts.iter().filter(|(_, it)| due(it)).map(|(name, _)| name.clone()).collect();
            for name in names {
                self.tell(name.as_str(), Input::Deadline);
            }
        }
        self.now = end;
    }

    fn deliver(&mut self, sender: &NodeName, from: IpAddr, to: IpAddr, advert: &Advert) {
        let others: Vec<NodeName> = self.hosts.keys().filter(|it| *it != sender).cloned().collect();
        for name in others {
            let local = self.address(&name);
            if to.is_multicast() || to == local {
                self.arrive(name.as_str(), from, Ok(advert.clone()));
            }
        }
    }

    fn arrive(&mut self, name: &str, from: IpAddr, said: Result<Advert, Fault>) {
        let interface = InterfaceName::new("lan").unwrap();
        let local = self.address(&node(name));
        self.tell(name, Input::Advert(Arrival { interface, from, local, hops: 255, said }));
    }

    fn kill(&mut self, name: &str) -> Snapshot {
        let held = self.hosts.remove(&node(name)).unwrap().held;
        self.flying.retain(|it| it.1 != node(name));
        held
    }

    fn role(&self, name: &str) -> Role {
        self.hosts[&node(name)].director.view(self.now).groups[0].role
    }

    fn holds(&self, name: &str) -> bool {
        self.hosts[&node(name)].held.addresses.contains_key(&vip())
    }

    fn order(&mut self, name: &str, order: &Order) {
        let now = self.now;
        let host = self.hosts.get_mut(&node(name)).unwrap();
        host.director.order(order, &Author::default(), now).unwrap();
        self.carry_out(&node(name));
    }

    fn owners(&self) -> Vec<&str> {
        let active = |it: &(&NodeName, &Host)| {
            let view = it.1.director.view(self.now);
            view.groups[0].vrrp.as_ref().is_some_and(|it| it.state == RouterState::Active)
        };
        self.hosts.iter().filter(active).map(|(name, _)| name.as_str()).collect()
    }
}
