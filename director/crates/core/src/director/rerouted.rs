//! Servers that a reload has reached directly, while connections by another method go on.
//!
//! The kernel keeps one route for a server, whichever method it was looked up for
//! (`__ip_vs_get_out_rt` in `net/netfilter/ipvs/ip_vs_xmit.c`). One that an old connection by NAT
//! or a tunnel looks up leads new packets by direct routing to a neighbour that there is not.

use crate::config::{Config, Forward};
use crate::observed::Snapshot;
use crate::report::Report;

/// What is to be told of them, by what the kernel held when it was looked at last.
pub(super) fn reports<'a>(
    found: &'a Snapshot,
    config: &'a Config,
) -> impl Iterator<Item = Report> + 'a {
    config.services.iter().flat_map(move |(name, service)| {
        let present = found.services.get(&service.key);
        let present = present.into_iter().flat_map(|present| &present.servers);
        present.filter_map(move |(server, there)| {
            let named = service.servers.contains_key(server);
            let direct = named && service.forward_of(server) == Forward::Direct;
            let connections = there.active.saturating_add(there.inactive);
            let from = there.forward;
            (direct && from != Forward::Direct && connections > 0).then(|| Report::Rerouted {
                service: name.clone(),
                server: *server,
                from,
                connections,
            })
        })
    })
}
