//! How much faster than time the world runs.

use crate::build::Refusal;
use crate::world::World;
use rustix::time::{ClockId, clock_gettime};
use scenario::Scenario;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The directors of the measurement.
pub(crate) const CONFIG: &str = r#"
[cluster]
name = "bench"
keepalive = "100ms"
failback = "manual"
key-file = "/etc/director/cluster.key"
links = [{ interface = "lan" }]
[nodes.d1]
addresses = { lan = "10.0.0.11" }
priority = 200
[nodes.d2]
addresses = { lan = "10.0.0.12" }
priority = 100
[groups.web]
addresses = ["10.0.0.100/24 on lan"]
[services.http]
listen = "10.0.0.100:80"
scheduler = "wlc"
forward = "direct"
check = { type = "http", path = "/", expect = "OK", interval = "1s", timeout = "500ms" }
servers = [{ address = "10.0.0.21", weight = 1 }, { address = "10.0.0.22", weight = 1 }]
"#;

/// A router, two directors and two real servers, without load.
pub(crate) const PAIR: &str = r#"
title = "an idle pair"
why = "a measurement of speed"
length = "1h"
engines = ["world"]
expect = ["always owners(10.0.0.100) <= 1"]
[nodes.gw]
kind = "router"
lan = "10.0.0.1/24"
[nodes."d1..d2"]
kind = "director"
lan = "10.0.0.{11..12}/24"
config = "pair.toml"
[nodes."s1..s2"]
kind = "server"
lan = "10.0.0.{21..22}/24"
serve = "http 80 ok OK"
"#;

pub(crate) const LOAD: &str = r#"
[clients.web]
target = "10.0.0.100:80"
new = "10/s"
"#;

const TWO_LINKS: &str = r#"[{ interface = "lan" }, { interface = "hb" }]"#;

/// Simulated seconds per processor second that must be reached: other load must not decide.
const IDLE_LIMIT: u64 = 100_000;
const LOAD_LIMIT: u64 = 15_000;
/// Simulated time between two looks at the clock.
const SLICE: Duration = Duration::from_secs(60);

/// What came of one measurement.
struct Speed {
    simulated: Duration,
    wall: Duration,
    /// Time of this process on a processor: what the wall clock would show if it had one for
    /// itself.
    busy: Duration,
    events: u64,
}

impl Speed {
    fn per(&self, time: Duration) -> u64 {
        u64::try_from(self.simulated.as_micros() / time.as_micros().max(1)).unwrap_or(u64::MAX)
    }
}

/// Measures both cases; the report, and whether both limits were kept.
///
/// # Errors
/// None in practice: the scenarios are part of the program.
pub fn report(millis: u64) -> Result<(String, bool), Refusal> {
    let mut out = String::from(
        "simulated seconds per     wall second   processor second     limit  ns/event  events/s\n",
    );
    let mut fast = true;
    let cases = [
        ("idle pair", 1, "", IDLE_LIMIT),
        ("pair, 10 connections/s", 1, LOAD, LOAD_LIMIT),
        // Twice the heartbeats: for comparison, without a limit.
        ("idle pair, two links", 2, "", 0),
    ];
    for (name, links, load, limit) in cases {
        let speed = measure(links, load, Duration::from_millis(millis))?;
        fast &= speed.per(speed.busy) >= limit;
        let per_event = speed.busy.as_nanos() / u128::from(speed.events.max(1));
        let _ = writeln!(
            out,
            "{name:<25} {:>11} {:>18} {limit:>9} {per_event:>9} {:>9}",
            speed.per(speed.wall),
            speed.per(speed.busy),
            speed.events / speed.simulated.as_secs().max(1)
        );
    }
    if cfg!(debug_assertions) {
        out.push_str("this is a build without optimisation: add --release\n");
    }
    Ok((out, fast))
}

fn measure(links: u8, load: &str, budget: Duration) -> Result<Speed, Refusal> {
    let mut config = CONFIG.to_owned();
    let mut text = format!("{PAIR}{load}");
    if links == 2 {
        config = config.replace("[{ interface = \"lan\" }]", TWO_LINKS);
        for address in ["10.1.0.11", "10.1.0.12"] {
            let first = address.replace("10.1", "10.0");
            let both = format!("lan = \"{first}\", hb = \"{address}\"");
            config = config.replace(&format!("lan = \"{first}\""), &both);
        }
        let both = "lan = \"10.0.0.{11..12}/24\"\nhb = \"10.1.0.{11..12}/24\"";
        text = text.replace("lan = \"10.0.0.{11..12}/24\"", both);
    }
    let scenario = Scenario::parse("bench", &text, &|_| Ok(config.clone()))
        .map_err(|problems| Refusal::Invalid(problems.to_string()))?;
    let mut world = World::new(Arc::new(scenario), 1)?;
    world.stop_recording();
    // The start is not what is measured.
    world.run_until(SLICE);
    let (before, events) = (world.elapsed(), world.events());
    let (start, busy) = (Instant::now(), processor_time());
    while start.elapsed() < budget {
        let until = world.elapsed() + SLICE;
        world.run_until(until);
    }
    let wall = start.elapsed();
    let busy = processor_time().saturating_sub(busy);
    let simulated = world.elapsed() - before;
    Ok(Speed { simulated, wall, busy, events: world.events() - events })
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
