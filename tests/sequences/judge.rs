//! What must be true at the end, worked out from the configuration alone.

use crate::Outcome;
use crate::foreign::lan;
use crate::lab::Machine;
use crate::node::Node;
use director_core::config::{Config, OnFailure, Service, ServiceKey, Weight};
use director_core::desired::DesiredServer;
use director_core::observed::{ObservedServer, ObservedService};
use director_core::plan::{Step, diff};
use director_engine::ports::{Addresses as _, IpvsTable as _, Sysctls as _};
use director_engine::reconcile::observe;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

type Table = BTreeMap<ServiceKey, ObservedService>;

impl<M: Machine> Node<'_, M> {
    /// Everything is as the configuration says and nothing else changed; whether it holds the
    /// addresses.
    pub(crate) fn judge_calm(
        &mut self,
        config: &Config,
        well: impl Fn(&SocketAddr) -> bool,
    ) -> Outcome<bool> {
        let node = self.name.clone();
        let wrong = |why: String| format!("{node} in the end: {why}");
        if !self.is_running() {
            return Err(wrong("does not run".to_owned()));
        }
        let desired = self.desired.clone();
        let desired = desired.ok_or_else(|| wrong("never wanted anything".to_owned()))?;
        let found = observe(&mut self.kernel.inner, &desired);
        let found = found.map_err(|error| wrong(error.to_string()))?;
        let left = diff(&desired, &found, &self.ledger);
        // A renewal is no difference.
        let left: Vec<_> =
            left.iter().filter(|step| !matches!(step, Step::RenewAddress(..))).collect();
        if !left.is_empty() {
            return Err(wrong(format!("not as desired: {left:?}")));
        }
        let mut rest = found.services.clone();
        self.without_foreign(&mut rest).map_err(wrong)?;
        for service in config.services.values() {
            let present = rest.remove(&service.key);
            let present = present.ok_or_else(|| wrong(format!("no service {}", service.key)))?;
            service_is(service, present, &well)
                .map_err(|why| wrong(format!("{}: {why}", service.key)))?;
        }
        self.without_kept(&mut rest);
        if !rest.is_empty() {
            return Err(wrong(format!("nobody's: {rest:?}")));
        }
        let held: BTreeSet<_> = found.addresses.keys().cloned().collect();
        let theirs: BTreeSet<_> = self.kernel.foreign.addresses.keys().cloned().collect();
        let groups = config.groups.values().flat_map(|group| group.addresses.iter().cloned());
        let ours: BTreeSet<_> = groups.collect();
        match () {
            () if held == theirs => Ok(false),
            () if held == theirs.union(&ours).cloned().collect() => Ok(true),
            () => Err(wrong(format!("addresses {held:?}"))),
        }
    }

    /// Of ours nothing is left.
    pub(crate) fn judge_stopped(&mut self) -> Outcome<()> {
        let node = self.name.clone();
        let wrong = |why: String| format!("{node} after the stop: {why}");
        let kernel = &mut self.kernel.inner;
        let mut rest = kernel.services().map_err(|error| wrong(error.to_string()))?;
        let held = kernel.held(&lan()).map_err(|error| wrong(error.to_string()))?;
        let mut changed = Vec::new();
        for (key, value) in &self.settings {
            let now = kernel.read_sysctl(key).map_err(|error| wrong(error.to_string()))?;
            if now != *value {
                changed.push(format!("{key} is {now}, and was {value}"));
            }
        }
        let theirs = &self.kernel.foreign;
        if !theirs.set && !changed.is_empty() {
            return Err(wrong(format!("settings are not put back: {changed:?}")));
        }
        self.without_foreign(&mut rest).map_err(wrong)?;
        self.without_kept(&mut rest);
        if !rest.is_empty() {
            return Err(wrong(format!("left in the table: {rest:?}")));
        }
        if !held.keys().eq(theirs.addresses.keys()) {
            return Err(wrong(format!("addresses {held:?}")));
        }
        Ok(())
    }

    /// Takes what is theirs out of a table, where it must be as they left it.
    fn without_foreign(&self, table: &mut Table) -> Outcome<()> {
        let theirs = &self.kernel.foreign;
        for (key, service) in &theirs.services {
            if table.remove(key).as_ref() != Some(service) {
                return Err(format!("the foreign service {key} is not as it was"));
            }
        }
        for ((key, address), server) in &theirs.servers {
            let found = table.get_mut(key).and_then(|it| it.servers.remove(address));
            if found.as_ref() != Some(server) {
                return Err(format!(
                    "the foreign server {address} of {key} is not as it was: {found:?}"
                ));
            }
        }
        Ok(())
    }

    /// Takes out the services that are left only because a server in them is somebody else's.
    fn without_kept(&self, table: &mut Table) {
        let theirs = &self.kernel.foreign.servers;
        table.retain(|key, service| {
            let kept = theirs.keys().any(|(kept, _)| kept == key);
            !(kept && service.servers.is_empty())
        });
    }
}

/// Compares a service, without the servers that are foreign in it, with its configuration.
fn service_is(
    service: &Service,
    mut present: ObservedService,
    well: impl Fn(&SocketAddr) -> bool,
) -> Outcome<()> {
    if !present.has(&service.settings) {
        return Err(format!("its settings are {present:?}"));
    }
    let mut serving = false;
    for (address, server) in &service.servers {
        let found = present.servers.remove(address);
        let weight = found.map(|it: ObservedServer| it.weight);
        let fits = if well(address) {
            serving = true;
            let wanted = DesiredServer::of(service, address, server.weight);
            found.is_some_and(|found| found.has(&wanted))
        } else {
            match service.on_failure {
                OnFailure::Remove => weight.is_none(),
                // One that has never been well may not have come into the table at all.
                OnFailure::Quiesce => weight.is_none_or(|weight| weight == Weight::ZERO),
            }
        };
        if !fits {
            let state = if well(address) { "well" } else { "sick" };
            return Err(format!("{address}, which is {state}, is {found:?}"));
        }
    }
    if let Some(fallback) = service.fallback {
        let wanted = DesiredServer::fallback(service, &fallback);
        let found = present.servers.remove(&fallback);
        if found.is_some_and(|found| found.has(&wanted)) == serving {
            return Err(format!("the fallback is {found:?}, and servers serve: {serving}"));
        }
    }
    if present.servers.is_empty() {
        return Ok(());
    }
    Err(format!("servers that nobody named: {:?}", present.servers))
}
