//! What the tables must be to each other, each with its reason.

mod addresses;
mod interfaces;
mod preferences;
mod services;
mod timing;
mod via;
mod vrrp;

use crate::alerts;
use crate::document::Draft;
use crate::found::Found;

/// Reports everything that only shows when tables are read together.
///
/// What could not be read has been reported already; nothing is reported only because of that.
pub(crate) fn check(draft: &Draft, found: &mut Found<'_>) {
    if let Some(cluster) = &draft.cluster {
        timing::check(cluster, found);
    }
    addresses::check(draft, found);
    interfaces::check(draft, found);
    preferences::check(draft, found);
    services::check(draft, found);
    vrrp::check(draft, found);
    if draft.services.complete {
        let services = draft.services.list.iter().map(|service| service.name.as_str()).collect();
        alerts::check(&draft.alerts.list, &services, found);
    }
}
