//! What virtual routers look like from outside.

use super::Routers;
use super::machine::State;
use super::router::Router;
use crate::cluster::ago_ms;
use crate::name::NodeName;
use crate::observed::Snapshot;
use crate::report::Role;
use crate::time::Instant;
use crate::view::{ActiveRouterView, AddressView, GroupView, RouterState, RouterView};
use alloc::string::ToString;
use alloc::vec::Vec;

impl Routers {
    pub(super) fn owner(&self, router: &Router) -> Option<NodeName> {
        if matches!(router.role, Role::Taking | Role::Active) {
            return Some(self.us.clone());
        }
        self.names.get(&router.active?.address).cloned()
    }

    pub(in crate::cluster) fn view(
        &self,
        found: Option<&Snapshot>,
        now: Instant,
    ) -> Vec<GroupView> {
        let view = |router: &Router| GroupView {
            name: router.name.clone(),
            role: router.role,
            since_ms: ago_ms(router.since, now),
            why: router.why.to_string(),
            resting: router.machine.resting,
            rival: None,
            failback_ms: None,
            owner: self.owner(router),
            addresses: router
                .addresses
                .iter()
                .map(|address| AddressView {
                    held: found.is_some_and(|found| found.addresses.contains_key(address)),
                    address: address.clone(),
                })
                .collect(),
            vrrp: Some(view_router(router, now)),
        };
        self.list.iter().map(view).collect()
    }
}

fn view_router(router: &Router, now: Instant) -> RouterView {
    let count = &router.count;
    RouterView {
        version: router.settings.version(),
        router: router.settings.router,
        interface: router.settings.interface.clone(),
        priority: router.machine.parameters.priority,
        state: match router.machine.state {
            State::Initialize => RouterState::Initialize,
            State::Backup { .. } => RouterState::Backup,
            State::Active { .. } => RouterState::Active,
        },
        active: router.active.map(|active| ActiveRouterView {
            address: active.address,
            priority: active.priority,
            heard_ms: ago_ms(active.at, now),
        }),
        sent: count.sent,
        heard: count.heard,
        ignored: count.ignored.clone(),
    }
}
