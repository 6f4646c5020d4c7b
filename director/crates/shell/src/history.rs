//! What was in the last hours: owners, servers' states, and how long checks took, in memory.
//!
//! It is written from the director's view, every ten seconds and whenever a report tells that a
//! role or a server changed. Everything has a bound: runs of a value, minutes of checks, servers
//! and events; what is older, or too much, is forgotten. It ends with the process.

use crate::order::Order;
use director_core::view::View;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// How much is remembered.
pub const KEPT: Duration = Duration::from_secs(6 * 3600);
/// Between two looks when nothing happens.
const STEP: Duration = Duration::from_secs(10);
/// However much happens, this is between two looks.
const BREATH: Duration = Duration::from_millis(250);
/// Checks are remembered by the minute.
const MINUTE_MS: u64 = 60_000;
/// Changes that are remembered of one thing.
const RUNS: usize = 256;
/// Servers that are remembered; more are left out.
const SERVERS: usize = 5000;
/// Events that are remembered.
const EVENTS: usize = 300;

/// A value that is the same for a while: since when, and what.
#[derive(Clone, Debug)]
struct Track<T>(VecDeque<(u64, T)>);

impl<T: PartialEq> Track<T> {
    fn new() -> Self {
        Self(VecDeque::new())
    }

    fn note(&mut self, at_ms: u64, value: T) {
        if self.0.back().is_some_and(|(_, last)| *last == value) {
            return;
        }
        if self.0.len() == RUNS {
            self.0.pop_front();
        }
        self.0.push_back((at_ms, value));
    }

    /// Forgets what was over before `from_ms`.
    fn prune(&mut self, from_ms: u64) {
        while self.0.get(1).is_some_and(|(next, _)| *next <= from_ms) {
            self.0.pop_front();
        }
    }
}

/// The checks of a minute: when it began, the mean and the longest in microseconds, how many.
#[derive(Clone, Copy, Debug)]
struct Minute {
    at_ms: u64,
    sum_us: u64,
    most_us: u64,
    number: u64,
}

#[derive(Debug)]
struct Server {
    states: Track<&'static str>,
    minutes: VecDeque<Minute>,
}

/// How many servers of a service are up, how many there are, and whether the fallback serves.
type Serving = (usize, usize, bool);

#[derive(Debug, Default)]
struct Store {
    now_ms: u64,
    groups: BTreeMap<String, Track<Option<String>>>,
    services: BTreeMap<String, Track<Serving>>,
    servers: BTreeMap<String, BTreeMap<String, Server>>,
    left_out: usize,
    events: VecDeque<Value>,
}

/// The history; all clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct History(Arc<Mutex<Store>>);

impl History {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes it for as long as it is polled and there is a director.
    pub async fn write(self, orders: mpsc::Sender<Order>) {
        let begun = Instant::now();
        let Some(mut events) = ask(&orders, Order::Listen).await else { return };
        let mut next = begun;
        loop {
            let event = tokio::select! {
                event = events.recv() => Some(event),
                () = sleep_until(next) => None,
            };
            let now = Instant::now();
            let now_ms = u64::try_from(now.duration_since(begun).as_millis()).unwrap_or(u64::MAX);
            match event {
                Some(Ok(line)) => {
                    if self.store().tell(now_ms, &line) {
                        next = next.min(now + BREATH);
                    }
                }
                Some(Err(RecvError::Lagged(_))) => next = now,
                Some(Err(RecvError::Closed)) => return,
                None => {
                    let Some(view) = ask(&orders, Order::Status).await else { return };
                    self.store().look(now_ms, &view);
                    next = now + STEP;
                }
            }
        }
    }

    /// The groups' owners, the services, and the newest events.
    #[must_use]
    pub fn all(&self) -> Value {
        let store = self.store();
        let owners = |track: &Track<Option<String>>| {
            track.0.iter().map(|(at, owner)| json!([at, owner])).collect::<Value>()
        };
        let serving = |track: &Track<Serving>| {
            let run = |(at, (up, all, fallback)): &(u64, Serving)| json!([at, up, all, fallback]);
            track.0.iter().map(run).collect::<Value>()
        };
        let groups: Map<String, Value> =
            store.groups.iter().map(|(name, track)| (name.clone(), owners(track))).collect();
        let services: Map<String, Value> =
            store.services.iter().map(|(name, track)| (name.clone(), serving(track))).collect();
        json!({
            "now_ms": store.now_ms,
            "kept_ms": u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX),
            "groups": groups,
            "services": services,
            "left_out": store.left_out,
            "events": store.events,
        })
    }

    /// The servers of a service: their states, and for every minute the mean and the longest
    /// check in microseconds. `None` for a service that is not known.
    #[must_use]
    pub fn of(&self, service: &str) -> Option<Value> {
        let store = self.store();
        let servers = store.servers.get(service)?;
        let one = |server: &Server| {
            let states = server.states.0.iter().map(|(at, state)| json!([at, state]));
            let minutes = server.minutes.iter();
            let minutes = minutes.map(|it| json!([it.at_ms, it.sum_us / it.number, it.most_us]));
            json!({ "states": states.collect::<Value>(), "checks": minutes.collect::<Value>() })
        };
        let servers: Map<String, Value> =
            servers.iter().map(|(address, server)| (address.clone(), one(server))).collect();
        Some(json!({ "now_ms": store.now_ms, "service": service, "servers": servers }))
    }
}

impl Store {
    /// Remembers an event, and says whether there is something to be looked at.
    fn tell(&mut self, now_ms: u64, line: &str) -> bool {
        let Ok(event) = serde_json::from_str::<Value>(line) else { return false };
        let kind = event["report"]["event"].as_str().unwrap_or_default();
        let changes = matches!(kind, "role" | "server" | "peer" | "fallback" | "reloaded");
        // What is told for those who look for a fault would push out everything else.
        if event["level"] != "debug" {
            if self.events.len() == EVENTS {
                self.events.pop_front();
            }
            let (number, level, text) = (&event["event"], &event["level"], &event["message"]);
            self.events.push_back(
                json!({ "event": number, "at_ms": now_ms, "level": level, "message": text }),
            );
        }
        changes
    }

    fn look(&mut self, now_ms: u64, view: &View) {
        self.now_ms = now_ms;
        let kept = u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX);
        let from = now_ms.saturating_sub(kept);
        for group in &view.groups {
            let track = self.groups.entry(group.name.to_string()).or_insert_with(Track::new);
            track.note(now_ms, group.owner.as_ref().map(ToString::to_string));
            track.prune(from);
        }
        self.left_out = 0;
        let mut servers = 0;
        for service in &view.services {
            let name = service.name.to_string();
            let up = service.servers.iter().filter(|server| serves(server)).count();
            let track = self.services.entry(name.clone()).or_insert_with(Track::new);
            track.note(now_ms, (up, service.servers.len(), service.fallback_serving));
            track.prune(from);
            let known = self.servers.entry(name).or_default();
            known.retain(|address, _| {
                service.servers.iter().any(|server| server.address.to_string() == *address)
            });
            for server in &service.servers {
                servers += 1;
                if servers > SERVERS {
                    self.left_out += 1;
                    continue;
                }
                let one = known
                    .entry(server.address.to_string())
                    .or_insert_with(|| Server { states: Track::new(), minutes: VecDeque::new() });
                one.look(now_ms, from, server);
            }
        }
        let named = |name: &String| view.services.iter().any(|it| it.name.as_str() == name);
        self.services.retain(|name, _| named(name));
        self.servers.retain(|name, _| named(name));
        self.groups.retain(|name, _| view.groups.iter().any(|it| it.name.as_str() == name));
    }
}

fn serves(server: &director_core::view::ServerView) -> bool {
    server.desired_weight.is_some_and(|weight| weight.0 > 0)
}

impl Server {
    fn look(&mut self, now_ms: u64, from_ms: u64, server: &director_core::view::ServerView) {
        use director_core::report::Health;
        use director_core::standing::Duty;
        let state = match (server.duty, server.health) {
            (Duty::Drain { .. }, _) => "drain",
            (Duty::Maintenance, _) => "maintenance",
            (Duty::Serve, Health::Up) => "up",
            (Duty::Serve, Health::Down) => "down",
            (Duty::Serve, Health::Unknown) => "unknown",
        };
        self.states.note(now_ms, state);
        self.states.prune(from_ms);
        while self.minutes.front().is_some_and(|minute| minute.at_ms < from_ms) {
            self.minutes.pop_front();
        }
        let Some(took) = server.check_us else { return };
        let at_ms = now_ms / MINUTE_MS * MINUTE_MS;
        match self.minutes.back_mut().filter(|minute| minute.at_ms == at_ms) {
            Some(minute) => {
                minute.sum_us = minute.sum_us.saturating_add(took);
                minute.most_us = minute.most_us.max(took);
                minute.number += 1;
            }
            None => {
                self.minutes.push_back(Minute { at_ms, sum_us: took, most_us: took, number: 1 });
            }
        }
    }
}

/// Asks the loop, which answers unless it is ending.
async fn ask<T>(
    orders: &mpsc::Sender<Order>,
    question: impl FnOnce(oneshot::Sender<T>) -> Order,
) -> Option<T> {
    let (reply, answer) = oneshot::channel();
    orders.send(question(reply)).await.ok()?;
    answer.await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_remembered_once_until_it_changes() {
        let mut track = Track::new();
        for (at, value) in [(0, "up"), (10, "up"), (20, "down"), (30, "up")] {
            track.note(at, value);
        }
        assert_eq!(track.0, [(0, "up"), (20, "down"), (30, "up")]);
        track.prune(25);
        assert_eq!(track.0, [(20, "down"), (30, "up")], "what was the state then is still known");
        for at in 0..10_000 {
            track.note(100 + at, if at % 2 == 0 { "down" } else { "up" });
        }
        assert_eq!(track.0.len(), RUNS);
    }

    #[test]
    fn events_are_bounded_and_only_changes_ask_for_a_look() {
        let mut store = Store::default();
        let line = |kind: &str, level: &str| {
            json!({ "event": 1, "level": level, "message": "x", "report": { "event": kind } })
                .to_string()
        };
        assert!(store.tell(5, &line("role", "info")));
        assert!(!store.tell(5, &line("check-failed", "info")));
        assert!(!store.tell(5, &line("step-done", "debug")) && store.events.len() == 2);
        assert!(!store.tell(5, "garbage"));
        for _ in 0..2 * EVENTS {
            store.tell(6, &line("server", "warn"));
        }
        assert_eq!(store.events.len(), EVENTS);
    }
}
