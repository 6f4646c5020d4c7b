//! Groups of which no server is usable from here.

use super::Checks;
use crate::config::{Config, Group, Service};
use crate::name::GroupName;
use alloc::collections::BTreeMap;
use core::net::IpAddr;
use core::time::Duration;

impl Checks {
    /// The groups all of whose services have servers, each of them known to be down, with the time
    /// in which another node with the same checks would find that out.
    pub(crate) fn unserved(&self, config: &Config) -> BTreeMap<GroupName, Duration> {
        let plight = |group: &Group| {
            let mut longest = None;
            for (pool, service) in self.pools.iter().zip(config.services.values()) {
                if !service.addresses().any(|address| holds(group, address)) {
                    continue;
                }
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
}

fn holds(group: &Group, address: IpAddr) -> bool {
    group.addresses.iter().any(|held| held.address == address)
}

/// The longest time from a server's failure or return until its check has found it.
fn noticed_after(service: &Service) -> Duration {
    let check = &service.check;
    (check.interval + check.timeout) * u32::from(check.fall.max(check.rise).get())
}
