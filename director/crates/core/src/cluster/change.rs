//! What goes along with a change of role: what is told, and what is announced.

use super::group::{Change, Group};
use super::{Cluster, Out};
use crate::config::{Announce, VirtualAddress};
use crate::name::InterfaceName;
use crate::planted::{Bug, planted};
use crate::report::{AnnounceCause, Report, Role};
use crate::time::Instant;

impl Group {
    /// Begins a burst of announcements, and tells why.
    pub(super) fn announce(
        &mut self,
        why: AnnounceCause,
        settings: Announce,
        now: Instant,
        out: &mut Out,
    ) {
        self.burst.start(settings, now);
        out.reports.push_back(Report::Announcing { group: self.name.clone(), why });
    }
}

impl Cluster {
    pub(super) fn announce_all(&mut self, why: AnnounceCause, now: Instant, out: &mut Out) {
        if planted(Bug::NotAnnouncedOnReturn) {
            return;
        }
        let owns =
            |group: &&mut Group| group.role == Role::Active || planted(Bug::StandbyAnnounces);
        for group in self.groups.iter_mut().filter(owns) {
            group.announce(why, self.settings.announce, now, out);
        }
    }

    /// Announces the owned groups that have an address on an interface.
    pub(super) fn announce_on(
        &mut self,
        interface: &InterfaceName,
        why: AnnounceCause,
        now: Instant,
        out: &mut Out,
    ) {
        let heal = matches!(why, AnnounceCause::LinkHealed | AnnounceCause::Unheard);
        if heal && planted(Bug::NotAnnouncedOnHeal) {
            return;
        }
        let settings = self.settings.announce;
        for group in self.groups.iter_mut().filter(|group| group.is_on(interface)) {
            group.announce(why, settings, now, out);
        }
    }

    /// An interface got or lost its carrier.
    pub(crate) fn carrier(
        &mut self,
        interface: &InterfaceName,
        up: bool,
        now: Instant,
        out: &mut Out,
    ) {
        self.routers.carrier(interface, up);
        if up {
            self.stirred |= self.dark.remove(interface);
            self.announce_on(interface, AnnounceCause::LinkUp, now, out);
        } else {
            self.stirred |= self.dark.insert(interface.clone());
        }
    }

    /// An address of an owned group has come back into the kernel.
    pub(crate) fn announce_again(&mut self, address: &VirtualAddress, now: Instant, out: &mut Out) {
        self.routers.announce_again(address, now, out);
        let settings = self.settings.announce;
        let owns =
            |group: &&mut Group| group.role == Role::Active && group.addresses.contains(address);
        if planted(Bug::NotAnnouncedAgain) {
            return;
        }
        if let Some(group) = self.groups.iter_mut().find(owns) {
            group.announce(AnnounceCause::Taken, settings, now, out);
        }
    }

    pub(super) fn enter(&mut self, index: usize, change: Change, now: Instant, out: &mut Out) {
        let group = &mut self.groups[index];
        let (from, to, why) = (group.role, change.to, change.why.clone());
        group.enter(change, now);
        out.reports.push_back(Report::Role { group: group.name.clone(), from, to, why });
        if to == Role::Active && !planted(Bug::NotAnnouncedOnTake) {
            group.announce(AnnounceCause::Taken, self.settings.announce, now, out);
        }
        self.stirred = true;
    }
}
