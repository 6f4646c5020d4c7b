//! Carrying out what the operator asks.

use super::group::{Change, Group};
use super::peer::Peer;
use super::{Cluster, Out};
use crate::beat::Claim;
use crate::name::GroupName;
use crate::order::{Order, Refusal};
use crate::report::{Report, Role, RoleCause};
use crate::time::Instant;
use alloc::vec::Vec;

impl Cluster {
    /// Carries out an order wholly, or refuses it and changes nothing.
    pub(crate) fn order(
        &mut self,
        order: &Order,
        now: Instant,
        out: &mut Out,
    ) -> Result<(), Refusal> {
        if self.stopping {
            return Err(Refusal::Stopping);
        }
        match order {
            Order::Handover { group } => self.hand_over(group.as_ref(), now, out),
            Order::Ready { group } => self.end_rest(group.as_ref(), out),
            // These are for servers, not for groups.
            Order::Drain { .. }
            | Order::Undrain { .. }
            | Order::Maintenance { .. }
            | Order::Weight { .. } => Ok(()),
        }
    }

    fn hand_over(
        &mut self,
        group: Option<&GroupName>,
        now: Instant,
        out: &mut Out,
    ) -> Result<(), Refusal> {
        let owned = self.owned(group)?;
        for index in &owned {
            let name = &self.groups[*index].name;
            let ready = |peer: &Peer| peer.claim(name).is_some_and(Claim::is_ready);
            if !self.peers.iter().any(ready) {
                return Err(Refusal::NobodyReady { group: name.clone() });
            }
        }
        for index in owned {
            self.rest(index, true, out);
            let change = Change { to: Role::Releasing, why: RoleCause::Handover };
            self.enter(index, change, now, out);
        }
        Ok(())
    }

    /// The owned groups among those that are asked for.
    fn owned(&self, wanted: Option<&GroupName>) -> Result<Vec<usize>, Refusal> {
        let owns = |group: &Group| group.role == Role::Active;
        if let Some(name) = wanted {
            let index = self.find(name)?;
            let group = &self.groups[index];
            if !owns(group) {
                let owner = self.owner(group);
                return Err(Refusal::NotOwner { group: name.clone(), owner });
            }
            return Ok([index].into());
        }
        let all: Vec<usize> =
            (0..self.groups.len()).filter(|index| owns(&self.groups[*index])).collect();
        if all.is_empty() { Err(Refusal::OwnsNothing) } else { Ok(all) }
    }

    fn end_rest(&mut self, group: Option<&GroupName>, out: &mut Out) -> Result<(), Refusal> {
        let indices = match group {
            Some(name) => [self.find(name)?].into(),
            None => (0..self.groups.len()).collect::<Vec<_>>(),
        };
        for index in indices {
            self.rest(index, false, out);
        }
        Ok(())
    }

    fn find(&self, name: &GroupName) -> Result<usize, Refusal> {
        let found = self.groups.iter().position(|group| group.name == *name);
        found.ok_or_else(|| Refusal::NoGroup { group: name.clone() })
    }

    fn rest(&mut self, index: usize, resting: bool, out: &mut Out) {
        let group = &mut self.groups[index];
        if core::mem::replace(&mut group.resting, resting) != resting {
            self.stirred = true;
            out.reports.push_back(Report::Resting { group: group.name.clone(), resting });
        }
    }
}
