//! What IPVS has counted, for those who look.
//!
//! The kernel is asked only when somebody looks, off the loop, with a connection of its own: a
//! pass of the applier does not wait for it. However many look, it is asked once in a second at
//! most, and never for more than a tenth of the time: with a thousand services one reading takes
//! the kernel long enough to matter.

use director_core::config::ServiceKey;
use director_core::view::View;
use director_engine::ports::{Counted, Counting};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// A reading is good for this long at least.
const GOOD: Duration = Duration::from_secs(1);
/// And for so many times what it took.
const SHARE: u32 = 10;

type Counts = BTreeMap<(ServiceKey, SocketAddr), Counted>;

/// What was counted at one moment.
#[derive(Clone, Debug)]
pub struct Reading {
    at: Duration,
    counts: Arc<Counts>,
    sums: Arc<Sums>,
}

/// What was counted for a service since it came into the table, whoever of its servers left since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) connections: u64,
    pub(crate) packets_in: u64,
    pub(crate) packets_out: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

type Sums = BTreeMap<ServiceKey, Sum>;

struct State {
    source: Option<Box<dyn Counting + Send>>,
    read: Option<(Instant, Duration, Reading)>,
}

/// The kernel's counters; all clones share their readings.
#[derive(Clone)]
pub struct Counters {
    begun: Instant,
    state: Arc<Mutex<State>>,
}

impl Counters {
    /// The metrics with the sums of what was counted, or as they are when the kernel does not say.
    pub(crate) async fn join(&self, text: String, view: &View) -> String {
        match self.read().await {
            Ok(reading) => crate::metrics::joined(&text, &reading, view),
            Err(_) => text,
        }
    }

    /// Counters that are read from `source`. Call this within a runtime.
    pub fn new(source: impl Counting + Send + 'static) -> Self {
        let state = State { source: Some(Box::new(source)), read: None };
        Self { begun: Instant::now(), state: Arc::new(Mutex::new(state)) }
    }

    /// The newest reading, which may be a second old.
    ///
    /// # Errors
    /// The kernel's words.
    pub async fn read(&self) -> Result<Reading, String> {
        let mut state = self.state.lock().await;
        if let Some((at, took, reading)) = &state.read
            && at.elapsed() < GOOD.max(*took * SHARE)
        {
            return Ok(reading.clone());
        }
        let Some(mut source) = state.source.take() else {
            return Err("the reading before this one did not end".to_owned());
        };
        let began = Instant::now();
        let counted = spawn_blocking(move || {
            let counts = source.counters();
            (source, counts)
        });
        let (source, counts) = counted.await.map_err(|error| error.to_string())?;
        state.source = Some(source);
        let counts = Arc::new(counts.map_err(|error| error.to_string())?);
        let before = state.read.as_ref().map(|(_, _, reading)| reading);
        let sums = Arc::new(added(before, &counts));
        let reading = Reading { at: began.duration_since(self.begun), counts, sums };
        state.read = Some((Instant::now(), began.elapsed(), reading.clone()));
        Ok(reading)
    }
}

/// The sums before, with what has been counted since.
///
/// A server's own counters go with it, and begin anew when it comes back: a sum of these would
/// fall, which those who compute rates take for a beginning.
fn added(before: Option<&Reading>, counts: &Counts) -> Sums {
    let mut sums: Sums = before.map(|it| Sums::clone(&it.sums)).unwrap_or_default();
    let present: BTreeSet<ServiceKey> = counts.keys().map(|(service, _)| *service).collect();
    sums.retain(|service, _| present.contains(service));
    for (place, now) in counts {
        let then = before.and_then(|it| it.counts.get(place));
        let grown = |of: fn(&Counted) -> u64| {
            let then = then.map_or(0, of);
            of(now).checked_sub(then).unwrap_or(of(now))
        };
        let sum = sums.entry(place.0).or_default();
        sum.connections += grown(|it| it.connections);
        sum.packets_in += grown(|it| it.packets_in);
        sum.packets_out += grown(|it| it.packets_out);
        sum.bytes_in += grown(|it| it.bytes_in);
        sum.bytes_out += grown(|it| it.bytes_out);
    }
    sums
}

impl Reading {
    /// What was counted for a service.
    pub(crate) fn sum(&self, service: ServiceKey) -> Option<Sum> {
        self.sums.get(&service).copied()
    }

    /// The servers of the view that are in the table, each with what was counted for it.
    #[must_use]
    pub fn of(&self, view: &View) -> Value {
        let mut servers = Vec::new();
        for service in &view.services {
            for server in &service.servers {
                let Some(counted) = self.counts.get(&(service.key, server.address)) else {
                    continue;
                };
                servers.push(json!({
                    "service": service.name,
                    "server": server.address,
                    "active": counted.active,
                    "inactive": counted.inactive,
                    "connections": counted.connections,
                    "packets_in": counted.packets_in,
                    "packets_out": counted.packets_out,
                    "bytes_in": counted.bytes_in,
                    "bytes_out": counted.bytes_out,
                }));
            }
        }
        // The clock begins with this process: 0 would be "never" to those who compare.
        let read_ms = u64::try_from(self.at.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        json!({ "read_ms": read_ms, "servers": servers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(before: Option<&Reading>, counted: &[(u8, u64)]) -> Reading {
        let key = ServiceKey::Tcp("10.0.0.100:80".parse().expect("an address"));
        let one = |(server, connections): &(u8, u64)| {
            let server = SocketAddr::from(([10, 0, 0, *server], 80));
            let counted = Counted { connections: *connections, ..Counted::default() };
            ((key, server), counted)
        };
        let counts: Arc<Counts> = Arc::new(counted.iter().map(one).collect());
        let sums = Arc::new(added(before, &counts));
        Reading { at: Duration::ZERO, counts, sums }
    }

    #[test]
    fn sums_never_fall_while_the_service_is_there() {
        let mut last = reading(None, &[(21, 5), (22, 7)]);
        let key = *last.sums.keys().next().expect("a service");
        let mut sums = vec![last.sum(key).expect("a sum").connections];
        // It grows; a server leaves; it comes back and begins anew; its counter is reset.
        for counted in [&[(21, 6), (22, 9)][..], &[(21, 8)], &[(21, 8), (22, 1)], &[(21, 2)]] {
            last = reading(Some(&last), counted);
            sums.push(last.sum(key).expect("a sum").connections);
        }
        assert_eq!(sums, [12, 15, 17, 18, 20]);
        assert_eq!(reading(Some(&last), &[]).sum(key), None);
    }
}
