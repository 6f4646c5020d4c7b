//! Rules about checks that waited while their director slept.

use super::Rule;
use super::watch::{ProbeWatch, Slept};
use crate::net::packet::NodeId;
use crate::world::World;
use std::net::SocketAddr;
use std::time::Duration;

impl World {
    /// A director was not run for so long.
    pub(super) fn guard_slept(&mut self, node: NodeId, slept: Duration, keepalive: Duration) {
        // It knows by its next deadline, which is no further away than a heartbeat.
        let late = slept.saturating_sub(keepalive * 2);
        let Some(watch) = self.guard.watch(node) else { return };
        for probe in &mut watch.probes {
            let long = late > keepalive && late * 4 >= probe.timeout;
            probe.slept = probe.slept.max(if long { Slept::Certainly } else { Slept::Perhaps });
        }
    }

    /// It finds that it was not run.
    pub(super) fn guard_found_asleep(&mut self, node: NodeId) {
        let Some(watch) = self.guard.watch(node) else { return };
        watch.probes.iter_mut().for_each(|probe| probe.slept = probe.slept.max(Slept::Perhaps));
    }

    /// A check has failed: whether that may not count, since the director slept while it waited.
    pub(super) fn guard_spares(&mut self, node: NodeId, probe: &ProbeWatch) -> bool {
        let now = self.now;
        let hampered = self.faults.hampers(self.host_name(node));
        let Some(watch) = self.guard.watch(node) else { return false };
        if probe.slept == Slept::No && !hampered && now > watch.waking {
            watch.spared.retain(|one| *one != probe.target);
            return false;
        }
        let again = watch.spared.contains(&probe.target);
        if probe.slept == Slept::Certainly && !again {
            watch.void = Some((probe.target, now));
        }
        if !again {
            watch.spared.push(probe.target);
        }
        // Until its next success it is not certain what the director has counted.
        watch.of_target(probe.target).for_each(|one| one.counted = false);
        true
    }

    /// It tells of a failure that it has counted.
    pub(super) fn guard_void(&mut self, node: NodeId, server: SocketAddr) {
        let now = self.now;
        let Some(watch) = self.guard.watch(node) else { return };
        if watch.void.take() == Some((server, now)) {
            let facts = format!("{} counts a check through which it slept", self.host_name(node));
            self.guard.violations.note(Rule::StatesJustified, now, || facts);
        }
    }
}
