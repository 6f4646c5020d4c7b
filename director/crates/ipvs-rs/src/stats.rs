//! Counters and rates of a service or a destination.

use crate::attribute::Attribute;

/// Counters since creation or the last zeroing, and the kernel's estimated rates.
///
/// The kernel folds its per-processor counters every two seconds, so these trail the traffic.
/// Kernels before 4.1 only send 32 bit counters, which wrap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Stats {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients. Stays 0 with direct routing and tunnels: answers bypass the director.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients.
    pub bytes_out: u64,
    /// Rates per second.
    pub rates: Rates,
    /// Attributes without a name here.
    pub unknown: Vec<Attribute>,
}

/// Moving averages per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Rates {
    /// New connections per second.
    pub connections: u64,
    /// Packets from clients per second.
    pub packets_in: u64,
    /// Packets to clients per second.
    pub packets_out: u64,
    /// Bytes (not bits) from clients per second.
    pub bytes_in: u64,
    /// Bytes (not bits) to clients per second.
    pub bytes_out: u64,
}
