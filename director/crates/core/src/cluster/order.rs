//! Carrying out what the operator asks.

use super::group::{Change, Group};
use super::{Cluster, Out, Peer};
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
            Order::Handover { group: Some(group) } if self.routers.has(group) => {
                self.routers.hand_over(Some(group), out)
            }
            Order::Handover { group } => {
                let native = self.hand_over(group.as_ref(), now, out);
                match (group, native) {
                    (Some(_), native) => native,
                    // Of those that heartbeats elect it owns none: the others alone are asked.
                    (None, Err(Refusal::OwnsNothing)) => self.routers.hand_over(None, out),
                    (None, Ok(())) => self.routers.hand_over(None, out).or(Ok(())),
                    (None, refused) => refused,
                }
            }
            Order::Ready { group: Some(group) } if self.routers.has(group) => {
                self.routers.end_rest(Some(group), out);
                Ok(())
            }
            Order::Ready { group } => {
                self.end_rest(group.as_ref(), out)?;
                if group.is_none() {
                    self.routers.end_rest(None, out);
                }
                Ok(())
            }
            Order::Standby { group: Some(group) } if self.routers.has(group) => {
                self.routers.stand_by(Some(group), out);
                Ok(())
            }
            Order::Standby { group } => {
                self.stand_by(group.as_ref(), now, out)?;
                if group.is_none() {
                    self.routers.stand_by(None, out);
                }
                Ok(())
            }
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
        owned.iter().try_for_each(|index| self.has_successor(*index))?;
        for index in owned {
            self.give(index, now, out);
        }
        Ok(())
    }

    /// Whether a peer is ready to take a group.
    fn has_successor(&self, index: usize) -> Result<(), Refusal> {
        let group = &self.groups[index];
        let any = self.peers.iter().any(|peer| group.is_ready(peer));
        any.then_some(()).ok_or_else(|| {
            let rests = |peer: &&Peer| peer.claim(&group.name) == Some(Claim::Resting);
            let resting = self.peers.iter().filter(rests).map(|peer| peer.name.clone());
            Refusal::NobodyReady { group: group.name.clone(), resting: resting.collect() }
        })
    }

    fn give(&mut self, index: usize, now: Instant, out: &mut Out) {
        self.rest(index, true, out);
        let change = Change { to: Role::Releasing, why: RoleCause::Handover };
        self.enter(index, change, now, out);
    }

    /// Gives what is owned, and rests for the others that are asked for.
    fn stand_by(
        &mut self,
        group: Option<&GroupName>,
        now: Instant,
        out: &mut Out,
    ) -> Result<(), Refusal> {
        let indices = self.wanted(group)?;
        for index in &indices {
            let group = &self.groups[*index];
            match group.role {
                Role::Active => self.has_successor(*index)?,
                // It would own the group in a moment, which ends every rest.
                Role::Taking => return Err(Refusal::Taking { group: group.name.clone() }),
                _ => {}
            }
        }
        for index in indices {
            match self.groups[index].role {
                Role::Active => self.give(index, now, out),
                _ => self.rest(index, true, out),
            }
        }
        Ok(())
    }

    /// The group that is named, or all.
    fn wanted(&self, group: Option<&GroupName>) -> Result<Vec<usize>, Refusal> {
        Ok(match group {
            Some(name) => [self.find(name)?].into(),
            None => (0..self.groups.len()).collect(),
        })
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
        for index in self.wanted(group)? {
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
