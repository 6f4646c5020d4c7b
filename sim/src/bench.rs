//! How much faster than time the world runs.

use crate::build::Refusal;
use crate::world::World;
use scenario::Scenario;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The directors of the measurement.
const CONFIG: &str = r#"
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
check = { type = "http", path = "/", expect = "OK", interval = "1s", timeout = "500ms", fall = 2, rise = 2 }
servers = [{ address = "10.0.0.21", weight = 1 }, { address = "10.0.0.22", weight = 1 }]
"#;

/// A router, two directors and two real servers, without load.
const PAIR: &str = r#"
title = "an idle pair"
why = "a measurement of speed"
length = "1h"
engines = ["world"]
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

const LOAD: &str = r#"
[clients.web]
target = "10.0.0.100:80"
new = "10/s"
"#;

/// Simulated seconds per wall-clock second that must be reached.
const IDLE_LIMIT: u64 = 100_000;
const LOAD_LIMIT: u64 = 15_000;
/// Simulated time between two looks at the clock.
const SLICE: Duration = Duration::from_secs(60);

/// What came of one measurement.
struct Speed {
    simulated: Duration,
    wall: Duration,
    events: u64,
}

impl Speed {
    fn per_second(&self) -> u64 {
        let micros = self.wall.as_micros().max(1);
        u64::try_from(self.simulated.as_micros() / micros).unwrap_or(u64::MAX)
    }
}

/// Measures both cases; the report, and whether both limits were kept.
///
/// # Errors
/// None in practice: the scenarios are part of the program.
pub fn report(millis: u64) -> Result<(String, bool), Refusal> {
    let mut out = String::from(
        "case                            simulated s per s      limit   ns per event   events per s\n",
    );
    let mut fast = true;
    let cases = [("idle pair", "", IDLE_LIMIT), ("pair, 10 connections/s", LOAD, LOAD_LIMIT)];
    for (name, load, limit) in cases {
        let speed = measure(load, Duration::from_millis(millis))?;
        fast &= speed.per_second() >= limit;
        let per_event = speed.wall.as_nanos() / u128::from(speed.events.max(1));
        let simulated = speed.simulated.as_secs().max(1);
        let _ = writeln!(
            out,
            "{name:<30} {:>18} {limit:>10} {per_event:>14} {:>14}",
            speed.per_second(),
            speed.events / simulated
        );
    }
    if cfg!(debug_assertions) {
        out.push_str("this is a build without optimisation: add --release\n");
    }
    Ok((out, fast))
}

fn measure(load: &str, budget: Duration) -> Result<Speed, Refusal> {
    let text = format!("{PAIR}{load}");
    let scenario = Scenario::parse("bench", &text, &|_| Ok(CONFIG.to_owned()))
        .map_err(|problems| Refusal::Invalid(problems.to_string()))?;
    let mut world = World::new(Arc::new(scenario), 1)?;
    world.stop_recording();
    // The start is not what is measured.
    world.run_until(SLICE);
    let (before, events) = (world.elapsed(), world.events());
    let start = Instant::now();
    while start.elapsed() < budget {
        let until = world.elapsed() + SLICE;
        world.run_until(until);
    }
    let wall = start.elapsed();
    Ok(Speed { simulated: world.elapsed() - before, wall, events: world.events() - events })
}
