//! How fast the kernel's counters grow.

use crate::status::Counters;
use std::collections::BTreeMap;

type Name = (String, String);

/// What a server does per second.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    /// New connections in a thousand seconds.
    pub(crate) connections: u64,
    /// Bytes per second, both ways.
    pub(crate) bytes: u64,
}

/// What is known of a server's connections.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    active: u32,
    inactive: u32,
    connections: u64,
    bytes: u64,
    rate: Option<Rate>,
}

/// The newest counters, and how they differ from those before.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    read_ms: u64,
    servers: BTreeMap<Name, Known>,
}

impl Rates {
    /// Takes newer counters. Those of the same reading change nothing.
    pub(crate) fn take(&mut self, counters: &Counters) {
        let passed = counters.read_ms.saturating_sub(self.read_ms);
        if passed == 0 {
            return;
        }
        let mut servers = BTreeMap::new();
        for counted in &counters.servers {
            let name = (counted.service.clone(), counted.server.clone());
            let bytes = counted.bytes_in.saturating_add(counted.bytes_out);
            // A server that is new in the table counts from 0 again.
            let before =
                self.servers.get(&name).filter(|old| old.connections <= counted.connections);
            let rate = before.map(|old| Rate {
                connections: (counted.connections - old.connections).saturating_mul(1_000_000)
                    / passed,
                bytes: bytes.saturating_sub(old.bytes).saturating_mul(1000) / passed,
            });
            let (active, inactive) = (counted.active, counted.inactive);
            let connections = counted.connections;
            servers.insert(name, Known { active, inactive, connections, bytes, rate });
        }
        *self = Self { read_ms: counters.read_ms, servers };
    }

    /// A server's rates, once there are two readings.
    pub(crate) fn of(&self, service: &str, server: &str) -> Option<Rate> {
        self.servers.get(&(service.to_owned(), server.to_owned()))?.rate
    }

    /// Its active and inactive connections, which are newer than those of the status.
    pub(crate) fn connections(&self, service: &str, server: &str) -> Option<(u32, u32)> {
        let known = self.servers.get(&(service.to_owned(), server.to_owned()))?;
        Some((known.active, known.inactive))
    }

    /// All servers together.
    pub(crate) fn sum(&self) -> Option<Rate> {
        let rates: Vec<Rate> = self.servers.values().filter_map(|known| known.rate).collect();
        (!rates.is_empty()).then(|| Rate {
            connections: rates.iter().map(|rate| rate.connections).sum(),
            bytes: rates.iter().map(|rate| rate.bytes).sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(read_ms: u64, connections: u64, bytes_in: u64) -> Counters {
        let json = serde_json::json!({ "read_ms": read_ms, "servers": [{
            "service": "http", "server": "10.0.0.21:80", "connections": connections,
            "bytes_in": bytes_in, "active": 3,
        }]});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn two_readings_make_a_rate() {
        let mut rates = Rates::default();
        rates.take(&reading(1000, 100, 0));
        assert!(rates.of("http", "10.0.0.21:80").is_none());
        rates.take(&reading(3000, 125, 4096));
        let rate = rates.of("http", "10.0.0.21:80").unwrap();
        assert_eq!((rate.connections, rate.bytes), (12_500, 2048));
        assert_eq!(rates.connections("http", "10.0.0.21:80"), Some((3, 0)));
    }

    #[test]
    fn the_same_reading_again_leaves_the_rate() {
        let mut rates = Rates::default();
        for (at, connections) in [(1000, 100), (2000, 110), (2000, 110)] {
            rates.take(&reading(at, connections, 0));
        }
        assert_eq!(rates.of("http", "10.0.0.21:80").unwrap().connections, 10_000);
    }

    #[test]
    fn a_server_that_came_anew_has_no_rate_yet() {
        let mut rates = Rates::default();
        rates.take(&reading(1000, 100, 0));
        rates.take(&reading(2000, 5, 0));
        assert!(rates.of("http", "10.0.0.21:80").is_none());
        assert!(rates.sum().is_none());
    }
}
