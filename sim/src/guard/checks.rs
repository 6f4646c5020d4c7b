//! Rules about states of servers, and what becomes of them in the table.

use super::watch::{ProbeWatch, ServerWatch, Slept};
use super::{LAG, Rule};
use crate::director_host::DirectorHost;
use crate::kernel::Change;
use crate::net::packet::NodeId;
use crate::net::stand_in::StandIns;
use crate::world::World;
use director_core::config::{Config, Service};
use director_core::name::ServiceName;
use director_core::probe::{Failure, Phase, Probe, Ticket};
use director_core::report::{Health, ServerCause};
use director_core::time::Instant;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

impl World {
    /// A director is about to get another configuration, or does.
    pub(crate) fn guard_reconfigured(&mut self, node: NodeId) {
        let until = self.now + LAG * 3;
        if let Some(watch) = self.guard.watch(node) {
            watch.changing = Some(until);
        }
    }

    /// It takes it into use: what stays keeps its state, and nothing is known of what is new.
    pub(super) fn guard_reload(&mut self, node: NodeId, config: &Config) {
        let before = self.process(node).map(|process| process.config());
        let Some(before) = before else { return };
        self.guard_reconfigured(node);
        let Some(watch) = self.guard.watch(node) else { return };
        let in_both = |one: &ServerWatch| {
            [&*before, config].iter().all(|config| {
                let service = config.services.get(&one.service);
                service.is_some_and(|service| service.servers.contains_key(&one.server))
            })
        };
        // Who is down has lost its weight already by what was decided before.
        let gone = |one: &&ServerWatch| one.state == Health::Down && !in_both(one);
        let gone: Vec<SocketAddr> = watch.servers.iter().filter(gone).map(|it| it.server).collect();
        watch.weights.iter_mut().filter(|(it, _)| gone.contains(it)).for_each(|(_, it)| *it = 0);
        watch.servers.retain(in_both);
        watch.found.clear();
        watch.servers.iter_mut().for_each(|server| server.counted = false);
    }

    pub(super) fn guard_probe(&mut self, node: NodeId, ticket: Ticket, probe: &Probe) {
        let overdue = self.now + probe.timeout;
        let target = probe.target;
        let now = self.now;
        let sound = self.is_sound(node);
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let Some(config) = host.map(DirectorHost::in_use) else { return };
        let Some(watch) = self.guard.watch(node) else { return };
        let late = watch.of_target(target).find(|one| {
            let fall = config.services.get(&one.service).map(|service| service.check.fall.get());
            one.counted
                && one.state != Health::Down
                && fall.is_some_and(|fall| one.failures >= u32::from(fall))
        });
        if sound && late.is_some() {
            let facts = format!("{} goes on using {target}", self.host_name(node));
            self.guard.violations.note(Rule::StatesJustified, now, || facts);
        }
        let Some(watch) = self.guard.watch(node) else { return };
        let timeout = probe.timeout;
        watch.probes.push(ProbeWatch { ticket, target, timeout, overdue, slept: Slept::No });
    }

    /// A check is given up: because it took too long, or because nobody asks any more.
    pub(super) fn guard_cancel(&mut self, node: NodeId, ticket: Ticket) {
        let now = self.now;
        let Some(watch) = self.guard.watch(node) else { return };
        let Some(place) = watch.probes.iter().position(|one| one.ticket == ticket) else { return };
        let probe = watch.probes.swap_remove(place);
        // What was given up for its length has been told as a failure, unless the server was down.
        let down = watch.of_target(probe.target).any(|one| one.state == Health::Down);
        if now >= probe.overdue && !self.guard_spares(node, &probe) && down {
            self.guard_count(node, probe.target, false);
        }
    }

    /// The outcome of a check is handed to the director.
    pub(super) fn guard_outcome(&mut self, node: NodeId, ticket: Ticket, good: bool) {
        let Some(watch) = self.guard.watch(node) else { return };
        // One that was given up counts no more.
        let Some(place) = watch.probes.iter().position(|one| one.ticket == ticket) else { return };
        let probe = watch.probes.swap_remove(place);
        let target = probe.target;
        if good {
            watch.spared.retain(|one| *one != target);
        } else if self.guard_spares(node, &probe) {
            return;
        }
        let Some(watch) = self.guard.watch(node) else { return };
        if good && !watch.earned.contains(&target) {
            watch.earned.push(target);
        }
        self.guard_count(node, target, good);
    }

    /// A check that took too long is told as failed before its probe is cancelled.
    fn guard_gave_up(&mut self, node: NodeId, server: SocketAddr, failure: &Failure) {
        let now = self.now;
        if !matches!(failure, Failure::TimedOut { phase: Phase::Whole }) {
            return;
        }
        let Some(watch) = self.guard.watch(node) else { return };
        let over = watch.probes.iter().find(|one| one.target == server && one.overdue <= now);
        if let Some(probe) = over.copied() {
            self.guard_spares(node, &probe);
        }
        self.guard_count(node, server, false);
    }

    fn guard_count(&mut self, node: NodeId, target: SocketAddr, good: bool) {
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let Some(config) = host.map(DirectorHost::in_use) else { return };
        let Some(watch) = self.guard.watch(node) else { return };
        for (name, _) in services_of(&config, target) {
            let server = watch.server(name, target);
            if good {
                (server.failures, server.successes) = (0, server.successes.saturating_add(1));
            } else {
                (server.failures, server.successes) = (server.failures.saturating_add(1), 0);
            }
            // From its first success on the director's numbers are known: a row of failures ends.
            server.counted |= good;
        }
    }

    pub(super) fn guard_failing(
        &mut self,
        node: NodeId,
        service: &ServiceName,
        server: SocketAddr,
        (failures, failure): (u32, &Failure),
    ) {
        let now = self.now;
        self.guard_gave_up(node, server, failure);
        self.guard_void(node, server);
        let Some(watch) = self.guard.watch(node) else { return };
        let one = watch.server(service, server);
        if one.counted && one.failures != failures {
            let facts = format!("{server} has failed {} checks, not {failures}", one.failures);
            self.guard.violations.note(Rule::StatesJustified, now, || facts);
        }
    }

    pub(super) fn guard_state(
        &mut self,
        node: NodeId,
        (service, server): (&ServiceName, SocketAddr),
        state: Health,
        why: &ServerCause,
    ) {
        let now = self.now;
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let Some(config) = host.map(DirectorHost::in_use) else { return };
        self.guard_calm(node, || format!("takes {server} for {state}"));
        if let ServerCause::Failed { failure, .. } = why {
            self.guard_gave_up(node, server, failure);
            self.guard_void(node, server);
        }
        let Some(watch) = self.guard.watch(node) else { return };
        let one = watch.server(service, server);
        let before = std::mem::replace(&mut one.state, state);
        one.since = now;
        let Some(check) = config.services.get(service).map(|service| &service.check) else {
            return;
        };
        let enough = match (why, before) {
            (ServerCause::Failed { .. }, _) => one.failures >= u32::from(check.fall.get()),
            (ServerCause::Succeeded { .. }, Health::Down) => {
                one.successes >= u32::from(check.rise.get())
            }
            _ => true,
        };
        if one.counted && check.port.is_none() && !enough {
            let (good, bad) = (one.successes, one.failures);
            let facts = format!("{server} is {state} after {good} successes and {bad} failures");
            self.guard.violations.note(Rule::StatesJustified, now, || facts);
        }
    }

    /// A pass of the director has changed its kernel.
    pub(crate) fn guard_pass(&mut self, node: NodeId, changes: &[Change]) {
        for change in changes {
            self.guard_calm(node, || "changes its kernel".to_owned());
            match *change {
                Change::Address { address, held: true } => self.guard_taken(node, address),
                Change::Address { address, held: false } => self.guard_released(node, address),
                Change::Destination { service, server, weight } => {
                    self.guard_weight(node, service, server, weight);
                    self.guard_table(node, service);
                }
            }
        }
    }

    fn pass_asked(&self, node: NodeId) -> Option<Instant> {
        self.hosts.get(node.index())?.director()?.pass_asked()
    }

    fn guard_weight(
        &mut self,
        node: NodeId,
        service: SocketAddrV4,
        server: SocketAddr,
        weight: Option<u16>,
    ) {
        let now = self.now;
        // An order is a cause.
        let unsure = self.is_unsure(node) || self.guard.ordered.contains(&server.ip());
        let Some(watch) = self.guard.watch(node) else { return };
        let place = watch.weights.iter().position(|(one, _)| *one == server);
        let before = place.map(|place| watch.weights.swap_remove(place).1);
        watch.weights.extend(weight.map(|weight| (server, weight)));
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let Some(config) = host.map(DirectorHost::in_use) else { return };
        let found = service_at(&config, service, &self.stand_ins);
        let Some((name, wanted)) = found else { return };
        let earned = wanted.fallback == Some(server)
            || self.guard.watch(node).is_some_and(|watch| watch.earned.contains(&server));
        if !earned && weight.is_some_and(|weight| weight > 0) {
            let facts = format!("{} gives {server} weight unchecked", self.host_name(node));
            self.guard.violations.note(Rule::CheckedBeforeWeight, now, || facts);
        }
        let panics = self.guard.panicking.iter().any(|(who, what)| *who == node && what == name);
        let Some(configured) = wanted.servers.get(&server) else {
            let slow = !wanted.drain.is_zero() && wanted.fallback != Some(server);
            if weight.is_none() {
                self.guard_leaving(node, server, slow, before);
            }
            return;
        };
        let plain = wanted.policy.quorum.is_none() && wanted.policy.panic.is_none() && !panics;
        let (us, sound) = (self.host_name(node).to_owned(), self.is_sound(node));
        let asked = self.pass_asked(node).unwrap_or(now);
        let Some(watch) = self.guard.watch(node) else { return };
        if watch.stopping || watch.changing.is_some_and(|until| now < until) {
            return;
        }
        let starts = now.since(watch.begun) <= LAG;
        let found = watch.found.contains(&(wanted.key, server));
        let known = watch.server(name, server);
        // What is stated while a pass is under way waits for its end.
        let (state, since) = (known.state, known.since);
        let fresh = now.since(since) <= LAG || since > asked;
        let wrong = match weight {
            // A process that is late carries out what it had decided before, and a pass that puts
            // right what others changed what was wanted when it began. So does the first pass of a
            // process, whatever was done to the table before.
            Some(weight) if weight > 0 => {
                state != Health::Up && !panics && (sound && !unsure && !starts || !fresh)
            }
            // What is found in use stays in use until a check says otherwise.
            _ => {
                let up = state == Health::Up && !fresh || state == Health::Unknown && found;
                up && plain && configured.weight.0 > 0 && !unsure
            }
        };
        if wrong {
            let weight = weight.map_or("nothing".to_owned(), |weight| weight.to_string());
            let facts = format!("{us} gives {server}, which is {state}, weight {weight}");
            self.guard.violations.note(Rule::WeightsJustified, now, || facts);
        }
    }

    /// What leaves the configuration is quiesced before it is removed.
    fn guard_leaving(&mut self, node: NodeId, server: SocketAddr, slow: bool, before: Option<u16>) {
        let now = self.now;
        let unsure = self.is_unsure(node);
        let us = self.host_name(node).to_owned();
        let Some(watch) = self.guard.watch(node) else { return };
        if slow && before > Some(0) && !watch.stopping && !unsure {
            let facts = format!("{us} removes {server} before it was quiesced");
            self.guard.violations.note(Rule::WeightsJustified, now, || facts);
        }
    }

    /// A director had nobody to send a new connection to.
    pub(crate) fn guard_nobody(&mut self, node: NodeId, service: SocketAddrV4) {
        let now = self.now;
        if self.is_unsure(node) {
            return;
        }
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let Some(config) = host.map(DirectorHost::in_use) else { return };
        let found = service_at(&config, service, &self.stand_ins);
        let Some((name, wanted)) = found else { return };
        let down = |server: &SocketAddr| {
            self.guard
                .down
                .iter()
                .any(|(who, what, since)| (who, what) == (&node, server) && now.since(*since) > LAG)
        };
        if wanted.fallback.is_some() && wanted.servers.keys().all(down) {
            let facts = format!("{} has no fallback for {name}", self.host_name(node));
            self.guard.violations.note(Rule::FallbackServes, now, || facts);
        }
    }

    /// An address has come: whoever can serve must be in the table by now.
    fn guard_taken(&mut self, node: NodeId, address: Ipv4Addr) {
        let now = self.now;
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let Some(watch) = self.guard.watches.get(node.index()) else { return };
        // What somebody takes out of the table in the middle of a pass, nobody sees in time; a pass
        // of a process that is not run goes on when it is.
        let amid = watch.tampered_at.is_some() && watch.tampered_at >= host.pass_asked();
        if now < watch.tampered || amid {
            return;
        }
        // What is stated while a pass is under way waits for its end.
        let asked = host.pass_asked().unwrap_or(now);
        let mut missing = None;
        let real = self.stand_ins.real(address);
        for (name, service) in &host.config.services {
            let key = self.stand_ins.tcp(service.key).filter(|key| *key.ip() == address);
            let Some(key) = key else { continue };
            if !host.kernel.ipvs.has_service(key) {
                missing = Some(format!("takes {real} without the service {name}"));
            }
            let serves = watch.servers.iter().any(|one| {
                let wanted = service.servers.get(&one.server);
                one.service == *name
                    && one.state == Health::Up
                    && now.since(one.since) > LAG
                    && one.since <= asked
                    && wanted.is_some_and(|wanted| wanted.weight.0 > 0)
            });
            if serves && !host.kernel.ipvs.has_usable(key) {
                missing = Some(format!("takes {real} while nobody in the table serves {name}"));
            }
        }
        let unsure = self.guard.unsure.iter().any(|(who, until)| *who == node && now < *until);
        if let Some(what) = missing.filter(|what| what.contains("without") || !unsure) {
            let facts = format!("{} {what}", host.name);
            self.guard.violations.note(Rule::ServicesFirst, now, || facts);
        }
    }

    fn guard_released(&mut self, node: NodeId, address: Ipv4Addr) {
        use director_core::report::RoleCause as Cause;
        let now = self.now;
        let Some(watch) = self.guard.watches.get(node.index()) else { return };
        let free = |cause: &Cause| {
            matches!(cause, Cause::Started | Cause::Heard | Cause::Adopted | Cause::AddressesHeld)
        };
        let causeless = watch.groups.iter().all(|group| free(&group.why));
        let found = self.guard.found.contains(&node);
        if causeless && found && !watch.stopping && !self.is_unsure(node) {
            let address = self.stand_ins.real(address);
            let facts = format!("{} lets go of {address}", self.host_name(node));
            self.guard.violations.note(Rule::GivenUpForCause, now, || facts);
        }
    }

    /// A service has lost a server, or gone: not while its address is there.
    fn guard_table(&mut self, node: NodeId, service: SocketAddrV4) {
        let now = self.now;
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        // A pass does what was decided before somebody else gave its kernel the address.
        let watch = self.guard.watches.get(node.index());
        let before = watch.and_then(|watch| watch.tampered_at) >= host.pass_asked();
        let unsure = self.is_unsure(node) || before;
        let configured = service_at(&host.config, service, &self.stand_ins).is_some();
        let gone = !host.kernel.ipvs.has_service(service);
        if configured && gone && host.kernel.holds(*service.ip()) && !unsure {
            let address = self.stand_ins.real(*service.ip());
            let facts = format!("{} holds {address} without the service", host.name);
            self.guard.violations.note(Rule::AddressesFirst, now, || facts);
        }
    }

    /// A process is about to end in order.
    pub(crate) fn guard_exit(&mut self, node: NodeId) {
        let now = self.now;
        if self.is_unsure(node) {
            return;
        }
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let left = self.virtuals.iter().find(|address| host.kernel.holds(**address));
        let left = left.map(|left| self.stand_ins.real(*left));
        let ours = |address: &IpAddr| {
            let mut all = host.config.groups.values().flat_map(|group| &group.addresses);
            all.any(|one| one.address == *address)
        };
        if let Some(left) = left.filter(ours) {
            let facts = format!("{} ends and leaves {left}", host.name);
            self.guard.violations.note(Rule::AddressesFirst, now, || facts);
        }
    }
}

fn services_of(
    config: &Config,
    target: SocketAddr,
) -> impl Iterator<Item = (&ServiceName, &Service)> {
    config.services.iter().filter(move |(_, one)| one.servers.contains_key(&target))
}

fn service_at<'a>(
    config: &'a Config,
    key: SocketAddrV4,
    known: &StandIns,
) -> Option<(&'a ServiceName, &'a Service)> {
    config.services.iter().find(|(_, one)| known.tcp(one.key) == Some(key))
}
