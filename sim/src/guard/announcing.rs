//! Rules about who announces what, and how often.

use super::Rule;
use crate::director_host::DirectorHost;
use crate::net::packet::NodeId;
use crate::world::World;
use director_core::config::VirtualAddress;
use director_core::name::{GroupName, InterfaceName};
use director_core::report::Role;
use director_core::time::Instant;
use std::time::Duration;

/// Woken and sent: what an announcement may be late by.
const LATE: Duration = Duration::from_millis(5);

impl World {
    /// A burst of announcements has a cause.
    pub(super) fn guard_burst(&mut self, node: NodeId, group: &GroupName) {
        let now = self.now;
        let count = self.hosts.get(node.index()).and_then(|host| host.director());
        let count = count.map_or(1, |one| one.config.cluster.announce.count.get());
        let Some(watch) = self.guard.watch(node) else { return };
        watch.owes_announcement = false;
        if let Some(group) = watch.groups.iter_mut().find(|one| one.name == *group) {
            group.left = u32::from(count);
            group.announced = Some(group.announced.map_or(now, |at| at.max(now)));
        }
    }

    /// A peer is heard again over a link.
    pub(super) fn guard_link_up(&mut self, node: NodeId, interface: &InterfaceName) {
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let Some(config) = host.map(DirectorHost::in_use) else { return };
        let mut addresses = config.groups.values().flat_map(|group| &group.addresses);
        if addresses.any(|address| address.interface == *interface)
            && let Some(watch) = self.guard.watch(node)
        {
            watch.owe_announcement();
        }
    }

    /// A director announces an address.
    pub(super) fn guard_announce(&mut self, node: NodeId, address: &VirtualAddress) {
        let now = self.now;
        let sound = self.is_sound(node);
        let hampered = self.faults.hampers(self.host_name(node));
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let mut groups = host.config.groups.iter();
        let of = groups.find(|(_, group)| group.addresses.contains(address));
        let Some((name, wanted)) = of else { return };
        let holds = host.holds(address);
        let settings = host.config.cluster.announce;
        // It is its own clock that an interval goes by.
        let clock = host.shows;
        let Some(watch) = self.guard.watches.get_mut(node.index()) else { return };
        // What was due when it had to give the group up goes out before the address does.
        let just_lost = holds && watch.group(name).is_some_and(|group| group.since == now);
        let owns = watch.owns(name) || just_lost;
        let tampered = now < watch.tampered || (hampered && watch.tampered > Instant::ZERO);
        if !owns || (!holds && !tampered) {
            let facts = format!("{} announces {address} and does not own it", host.name);
            self.guard.violations.note(Rule::OwnerAnnounces, now, || facts);
        }
        if watch.is_drowsy(now) {
            let facts = format!("{} announces {address} after its sleep", host.name);
            self.guard.violations.note(Rule::SleeperSilent, now, || facts);
        }
        // One address stands for all of its group.
        if wanted.addresses.first() != Some(address) {
            return;
        }
        let Some(group) = watch.groups.iter_mut().find(|one| one.name == *name) else { return };
        let since = group.announced.map_or(Duration::MAX, |at| clock.counted(at, now));
        let due = just_lost
            || group.left > 0
            || settings.refresh.is_some_and(|refresh| since + LATE >= refresh);
        group.left = group.left.saturating_sub(1);
        group.announced = Some(now);
        if sound && !due {
            let facts = format!("{} announces {address} once more than it should", host.name);
            self.guard.violations.note(Rule::AnnouncedInBounds, now, || facts);
        }
    }

    /// With every heartbeat it is seen whether an announcement is overdue.
    pub(super) fn guard_announcing(&mut self, node: NodeId) {
        let now = self.now;
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let settings = host.config.cluster.announce;
        // What others have taken away is announced when it is back.
        let held = |name| {
            let group = host.config.groups.get(name);
            group.is_some_and(|group| group.addresses.iter().all(|one| host.holds(one)))
        };
        let Some(watch) = self.guard.watches.get(node.index()) else { return };
        if watch.is_drowsy(now) || now < watch.doubts_until {
            return;
        }
        let hampered = self.faults.hampers(host.name.as_str());
        let tampered = now < watch.tampered || (hampered && watch.tampered > Instant::ZERO);
        let there = |name| !tampered || held(name);
        let owned = watch.groups.iter().filter(|one| one.role == Role::Active && there(&one.name));
        for group in owned {
            let wait = if group.left > 0 { Some(settings.interval) } else { settings.refresh };
            let even = watch.uneven.max(watch.doubts_until);
            let begun = group.announced.unwrap_or(group.since).max(even);
            let late = |wait| now.since(begun) > wait && now.since(begun) > wait + wait / 4 + LATE;
            if wait.is_some_and(late) {
                let facts = format!("{} has not announced {}", host.name, group.name);
                self.guard.violations.note(Rule::AnnouncedInFull, now, || facts);
                return;
            }
        }
    }

    /// Whether others have changed the director's kernel, or it was in a mood.
    pub(super) fn is_unsure(&self, node: NodeId) -> bool {
        let now: Instant = self.now;
        let unsure = self.guard.unsure.iter().any(|(who, until)| *who == node && now < *until);
        unsure || self.faults.hampers(self.host_name(node))
    }
}
