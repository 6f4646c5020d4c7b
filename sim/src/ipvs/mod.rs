//! IPVS as far as direct routing needs it: services, destinations, schedulers, connections.
//!
//! After Linux 6.1 (`net/netfilter/ipvs/`). Not yet compared with a running kernel: when a removed
//! destination comes back with its counters, and the timeouts of connections that end halfway.

mod connections;
mod schedulers;
mod table;

pub(crate) use connections::Event;
pub(crate) use table::{Ipvs, Settings, Verdict};

/// Whether the model has the scheduler.
pub(crate) fn has_scheduler(scheduler: director_core::config::Scheduler) -> bool {
    schedulers::Schedule::new(scheduler).is_some()
}
