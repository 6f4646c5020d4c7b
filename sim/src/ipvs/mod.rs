//! IPVS as far as TCP needs it: services, destinations, schedulers, connections, persistence,
//! thresholds, synchronisation.
//!
//! After Linux 6.12 (`net/netfilter/ipvs/`), compared with it over IPv4 by `director-lab
//! verify-model`. Over IPv6 the kernel goes the same ways, but for hashes and masks of addresses;
//! clients and services are then called by the numbers that stand for their addresses.

mod connections;
mod destination;
mod path;
mod schedulers;
pub(crate) mod sync;
mod table;
mod templates;
mod told;

#[cfg(test)]
mod tests;

pub use connections::Event;
pub use path::{Pending, Timer, Verdict};
pub use sync::When;
pub use table::{Ipvs, Settings, Share};
pub use told::{ENTRY, Told};

/// What the model does not have of these settings.
pub(crate) fn lacks(settings: &director_core::config::ServiceSettings) -> Option<&'static str> {
    if settings.one_packet {
        Some("one-packet scheduling")
    } else if settings.persistence.is_some_and(|persistence| persistence.engine.is_some()) {
        Some("persistence engine")
    } else {
        None
    }
}
