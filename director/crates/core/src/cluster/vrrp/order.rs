//! What the operator asks of virtual routers.

use super::router::{Leaving, Router};
use super::{Out, Routers};
use crate::name::GroupName;
use crate::order::Refusal;
use crate::report::{Report, Role};

impl Routers {
    pub(in crate::cluster) fn has(&self, name: &GroupName) -> bool {
        self.list.iter().any(|router| router.name == *name)
    }

    /// Gives up what is asked for, or everything; whether a backup is there cannot be known.
    pub(in crate::cluster) fn hand_over(
        &mut self,
        name: Option<&GroupName>,
        out: &mut Out,
    ) -> Result<(), Refusal> {
        let wanted = |group: &GroupName| name.is_none_or(|name| name == group);
        let mut any = false;
        let mut refused = Refusal::OwnsNothing;
        for index in 0..self.list.len() {
            let router = &self.list[index];
            if !wanted(&router.name) {
                continue;
            }
            if router.role != Role::Active {
                if name.is_some() {
                    let owner = self.owner(router);
                    refused = Refusal::NotOwner { group: router.name.clone(), owner };
                }
                continue;
            }
            any = true;
            let router = &mut self.list[index];
            router.leave(Leaving::Handover);
            rest(router, true, out);
        }
        if any { Ok(()) } else { Err(refused) }
    }

    /// Gives up what is asked for where it is owned, and rests in every case.
    pub(in crate::cluster) fn stand_by(&mut self, name: Option<&GroupName>, out: &mut Out) {
        for router in self.asked(name) {
            if router.role == Role::Active {
                router.leave(Leaving::Handover);
            }
            rest(router, true, out);
        }
    }

    /// Ends the rest that a handover began.
    pub(in crate::cluster) fn end_rest(&mut self, name: Option<&GroupName>, out: &mut Out) {
        for router in self.asked(name) {
            rest(router, false, out);
        }
    }

    /// The router that is named, or all.
    fn asked(&mut self, name: Option<&GroupName>) -> impl Iterator<Item = &mut Router> {
        self.list.iter_mut().filter(move |router| name.is_none_or(|name| *name == router.name))
    }
}

fn rest(router: &mut Router, resting: bool, out: &mut Out) {
    if core::mem::replace(&mut router.machine.resting, resting) != resting {
        let group = router.name.clone();
        out.reports.push_back(Report::Resting { group, resting });
    }
}
