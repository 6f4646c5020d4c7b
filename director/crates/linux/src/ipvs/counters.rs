//! What IPVS counts.

use super::convert::our_key;
use crate::kernel::LinuxKernel;
use director_core::config::ServiceKey;
use director_engine::ports::{Counted, Counting, KernelError};
use ipvs_rs::Destination;
use std::collections::BTreeMap;
use std::net::SocketAddr;

impl Counting for LinuxKernel {
    fn counters(&mut self) -> Result<BTreeMap<(ServiceKey, SocketAddr), Counted>, KernelError> {
        self.ipvs(None, |client| {
            let mut counters = BTreeMap::new();
            for service in client.services()? {
                let Some(key) = our_key(&service.key) else {
                    continue;
                };
                match client.destinations(&service.key) {
                    Ok(list) => counters.extend(
                        list.iter().map(|one| ((key, one.endpoint().into()), counted(one))),
                    ),
                    // Somebody removed it since the list was made.
                    Err(error) if error.is_missing() => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(counters)
        })
    }
}

fn counted(server: &Destination) -> Counted {
    let stats = &server.stats;
    Counted {
        active: server.connections.active,
        inactive: server.connections.inactive,
        connections: stats.connections,
        packets_in: stats.packets_in,
        packets_out: stats.packets_out,
        bytes_in: stats.bytes_in,
        bytes_out: stats.bytes_out,
    }
}
