//! What the director says of itself, as far as it is shown; see `director_core::view`.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The answer to `status`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    pub(crate) cluster: String,
    pub(crate) node: String,
    pub(crate) config: String,
    pub(crate) started_ms: u64,
    pub(crate) witness: Option<bool>,
    pub(crate) groups: Vec<Group>,
    pub(crate) peers: Vec<Peer>,
    pub(crate) services: Vec<Service>,
    pub(crate) draining: Vec<Leaving>,
    pub(crate) kernel: Kernel,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) since_ms: u64,
    pub(crate) why: String,
    pub(crate) resting: bool,
    pub(crate) owner: Option<String>,
    pub(crate) addresses: Vec<Address>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Address {
    pub(crate) address: String,
    pub(crate) interface: String,
    pub(crate) held: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) same_config: Option<bool>,
    pub(crate) heard_ms: Option<u64>,
    pub(crate) links: Vec<Link>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Link {
    pub(crate) interface: String,
    pub(crate) up: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) key: Key,
    pub(crate) settings: String,
    pub(crate) fallback: Option<String>,
    pub(crate) fallback_serving: bool,
    pub(crate) quorate: bool,
    pub(crate) panicking: bool,
    pub(crate) servers: Vec<Server>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) health: String,
    pub(crate) since_ms: u64,
    pub(crate) why: String,
    pub(crate) weight: u16,
    pub(crate) desired_weight: Option<u16>,
    pub(crate) kernel_weight: Option<u16>,
    pub(crate) active: u32,
    pub(crate) inactive: u32,
    pub(crate) failures: u32,
    pub(crate) check_us: Option<u64>,
    pub(crate) duty: String,
    /// Since when, unless it simply serves.
    pub(crate) duty_ms: Option<u64>,
    pub(crate) by: Option<Author>,
    pub(crate) damped_ms: Option<u64>,
}

impl Server {
    /// Since when it is what it is said to be: ordered so, or found so by its checks.
    pub(crate) fn since_ms(&self) -> u64 {
        self.duty_ms.unwrap_or(self.since_ms)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Author {
    pub(crate) who: String,
    pub(crate) why: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Leaving {
    pub(crate) service: Key,
    pub(crate) address: String,
    pub(crate) connections: u32,
    pub(crate) remaining_ms: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Kernel {
    pub(crate) converged: bool,
    pub(crate) observed_ms: Option<u64>,
    pub(crate) refused: Vec<String>,
    pub(crate) foreign: Vec<String>,
}

/// `{"tcp": "10.0.0.100:80"}`, `{"fw-mark": 7}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Key(Map<String, Value>);

impl std::fmt::Display for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some((kind, what)) = self.0.iter().next() else { return formatter.write_str("?") };
        match what.as_str() {
            Some(text) => write!(formatter, "{kind} {text}"),
            None => write!(formatter, "{kind} {what}"),
        }
    }
}

/// The answer to `counters`: what IPVS has counted since each server came into its table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// When the kernel was asked, in milliseconds of a clock that only grows.
    pub(crate) read_ms: u64,
    pub(crate) servers: Vec<Counted>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Counted {
    pub(crate) service: String,
    pub(crate) server: String,
    pub(crate) active: u32,
    pub(crate) inactive: u32,
    pub(crate) connections: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// One line of the event stream.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Told {
    pub(crate) event: Option<u64>,
    pub(crate) lost: Option<u64>,
    pub(crate) level: String,
    pub(crate) message: String,
}
