//! Groups of which no server is usable from here.

use super::{Checks, Pool};
use crate::config::{Config, Group, Service};
use crate::name::GroupName;
use alloc::collections::{BTreeMap, BTreeSet};
use core::net::IpAddr;
use core::time::Duration;

impl Checks {
    /// The groups all of whose services have servers, each of them known to be down, with the time
    /// in which another node with the same checks would find that out.
    pub(crate) fn unserved(&self, config: &Config) -> BTreeMap<GroupName, Duration> {
        let plight = |group: &Group| {
            let mut longest = None;
            for (pool, service) in self.pools_of(group, config) {
                if !pool.is_down() {
                    return None;
                }
                longest = longest.max(Some(noticed_after(service)));
            }
            longest
        };
        let groups = config.groups.iter();
        groups.filter_map(|(name, group)| Some((name.clone(), plight(group)?))).collect()
    }

    /// The groups of whose servers none answers, all of them being down; `None` when no service has
    /// got its first answer or lost its last since this was asked.
    pub(crate) fn silent(&mut self, config: &Config) -> Option<BTreeSet<GroupName>> {
        if !core::mem::take(&mut self.answers_changed) {
            return None;
        }
        let silent = |group: &Group| !self.pools_of(group, config).any(|(it, _)| it.is_answering());
        let groups = config.groups.iter().filter(|(_, group)| silent(group));
        Some(groups.map(|(name, _)| name.clone()).collect())
    }

    /// The services at a group's addresses.
    fn pools_of<'a>(
        &'a self,
        group: &'a Group,
        config: &'a Config,
    ) -> impl Iterator<Item = (&'a Pool, &'a Service)> {
        let all = self.pools.iter().zip(config.services.values());
        all.filter(|(_, service)| service.addresses().any(|address| holds(group, address)))
    }
}

fn holds(group: &Group, address: IpAddr) -> bool {
    group.addresses.iter().any(|held| held.address == address)
}

/// The longest time from a server's failure or return until its check has found it.
fn noticed_after(service: &Service) -> Duration {
    let check = &service.check;
    (check.interval + check.timeout) * u32::from(check.fall.max(check.rise).get())
}
