//! What virtual routers have counted.

use director_core::view::{GroupView, RouterState};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRouter {
    group: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFault {
    group: String,
    reason: &'static str,
}

/// Nothing where no group speaks VRRP.
pub(super) fn register(registry: &mut Registry, groups: &[GroupView]) {
    let mut routers = groups.iter().filter_map(|group| Some((group, group.vrrp.as_ref()?)));
    if routers.clone().next().is_none() {
        return;
    }
    let active: Family<OfRouter, Gauge> = Family::default();
    let priority: Family<OfRouter, Gauge> = Family::default();
    for (group, router) in routers.clone() {
        let label = OfRouter { group: group.name.to_string() };
        active.get_or_create(&label).set(i64::from(router.state == RouterState::Active));
        priority.get_or_create(&label).set(i64::from(router.priority));
    }
    registry.register("vrrp_active", "Whether the virtual router is active here", active);
    registry.register("vrrp_priority", "This node's priority for it", priority);
    let total: Family<OfFault, Gauge> = Family::default();
    for (group, router) in routers.by_ref() {
        let group = group.name.to_string();
        let set = |reason, number: u64| {
            let label = OfFault { group: group.clone(), reason };
            total.get_or_create(&label).set(i64::try_from(number).unwrap_or(i64::MAX));
        };
        set("none", router.heard);
        router.ignored.iter().for_each(|(fault, number)| set(fault.word(), *number));
    }
    let help = "Packets of VRRP since the start, by why they were ignored (none: they were not)";
    registry.register("vrrp_packets", help, total);
}
