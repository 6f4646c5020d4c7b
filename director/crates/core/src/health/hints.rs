//! Hints from the kernel's own counters: a server that leaves its clients' connections half open is
//! asked sooner. A hint never takes a server out; its check alone does.
//!
//! With direct routing and tunnelling the director sees the clients' packets only. A TCP connection
//! counts as active from the client's second packet on, which it sends when the server has
//! answered; until then it is inactive (`IP_VS_TCP_S_SYN_RECV` and `tcp_states_dr` in
//! `ip_vs_proto_tcp.c`). A dead server leaves its connections there: the inactive ones grow, and
//! the active ones do not.

use super::Checks;
use crate::cluster::Out;
use crate::config::{Config, ServiceKey};
use crate::observed::Snapshot;
use crate::report::{Health, Report};
use crate::time::Instant;
use core::num::NonZeroU32;

/// A server's connections at one look at the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Connections {
    active: u32,
    inactive: u32,
}

/// How many more connections are half open than at the look before, when that is a hint: no fewer
/// than `limit`, while no more are active.
fn half_open(before: Connections, now: Connections, limit: NonZeroU32) -> Option<u32> {
    let grown = now.inactive.saturating_sub(before.inactive);
    (grown >= limit.get() && now.active <= before.active).then_some(grown)
}

impl Checks {
    /// Brings the checks of suspicious servers forward.
    pub(super) fn take_hints(
        &mut self,
        config: &Config,
        found: &Snapshot,
        now: Instant,
        out: &mut Out,
    ) {
        for pool in &self.pools {
            let Some(service) = config.services.get(&pool.name) else { continue };
            let (Some(limit), ServiceKey::Tcp(_)) = (service.policy.half_open, service.key) else {
                continue;
            };
            let table = found.services.get(&service.key);
            let members = self.servers.get_mut(pool.members.clone()).unwrap_or_default();
            for entry in members {
                let present = table.and_then(|table| table.servers.get(&entry.server));
                let seen =
                    present.map(|it| Connections { active: it.active, inactive: it.inactive });
                let before = core::mem::replace(&mut entry.counted_by_kernel, seen);
                let (Some(before), Some(seen)) = (before, seen) else { continue };
                let Some(half_open) = half_open(before, seen, limit) else { continue };
                let idle = self.shared.get(entry.check).is_some_and(|it| it.running.is_none());
                let due = self.schedule.time(entry.check).is_some_and(|at| at <= now);
                if entry.record.state() != Health::Up || !idle || due {
                    continue;
                }
                self.schedule.set(entry.check, now);
                let (service, server) = (entry.service.clone(), entry.server);
                out.reports.push_back(Report::Suspected { service, server, half_open });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_half_open_connections_and_no_more_active_ones_are_a_hint() {
        let hint = |before: (u32, u32), now: (u32, u32)| {
            let of = |(active, inactive)| Connections { active, inactive };
            half_open(of(before), of(now), NonZeroU32::new(20).unwrap())
        };
        assert_eq!(hint((5, 10), (5, 30)), Some(20));
        assert_eq!(hint((5, 10), (2, 40)), Some(30), "those that end are no sign of life");
        assert_eq!(hint((5, 10), (5, 29)), None, "fewer than the limit");
        assert_eq!(hint((5, 10), (6, 50)), None, "somebody was answered");
        assert_eq!(hint((5, 50), (5, 10)), None, "they time out");
    }
}
