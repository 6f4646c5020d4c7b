//! Servers that leave: by order, and because nobody ran when the configuration lost them.

use super::talk::Talker;
use super::{DRAIN, Held, SOON, configuration, table, told};
use crate::Outcome;
use crate::cells::HELD_PORT;
use crate::director::{self, Running};
use crate::extras;
use e2e::processes::until;
use serde_json::Value;
use std::thread::sleep;
use std::time::Duration;

/// Deadline of an order to drain.
const DEADLINE: Duration = Duration::from_secs(6);

pub(super) fn by_order(running: &Running) -> Outcome<usize> {
    let mut broken = usize::from(told("drain: a UDP flow", flow(running)));
    broken += usize::from(told("drain: a persistent client", client(running)));
    broken += usize::from(told("drain: an established connection", held(running)));
    Ok(broken)
}

/// The address of a server with its name.
fn address(name: &str, port: u16) -> String {
    format!("10.0.0.2{}:{port}", name.trim_start_matches('s'))
}

fn drain(running: &Running, server: &str) -> Outcome<()> {
    let deadline = format!("{}s", DEADLINE.as_secs());
    running.order(&["drain", server, "--deadline", &deadline, "--no-wait"]).map(|_| ())
}

/// Ends a drain; back when the kernel has the server's weight again.
fn undrain(running: &Running, server: &str) -> Outcome<()> {
    running.order(&["undrain", server])?;
    let wanted = format!("-r {server} -g -w 7");
    until(SOON + SOON, || match table()?.iter().any(|line| line.ends_with(&wanted)) {
        true => Ok(()),
        false => Err(format!("{server} does not come back")),
    })
}

/// What `director status` says of a server.
fn server(running: &Running, address: &str) -> Outcome<Value> {
    let status = running.status()?;
    let services = status["services"].as_array().cloned().unwrap_or_default();
    let mut servers = services.iter().flat_map(|it| it["servers"].as_array().into_iter().flatten());
    let found = servers.find(|server| server["address"] == address);
    found.cloned().ok_or_else(|| format!("no server {address} in the status"))
}

/// Waits until the status shows connections and the time that is left.
fn progress(running: &Running, address: &str, count: u64) -> Outcome<u64> {
    until(SOON, || {
        let server = server(running, address)?;
        let of = |name: &str| server[name].as_u64().unwrap_or_default();
        let left = of("deadline_ms");
        if of("active") + of("inactive") >= count && (1..=6000).contains(&left) {
            return Ok(left);
        }
        Err(format!("the status shows {server}"))
    })
}

fn expect(what: &str, found: &str, wanted: &str) -> Outcome<()> {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found}, not {wanted}")) }
}

/// Datagrams of one socket stay until the deadline and go elsewhere then; a new socket's go
/// elsewhere at once.
fn flow(running: &Running) -> Outcome<String> {
    let port = extras::port_of("one socket");
    let mut old = Talker::new("datagrams", port)?;
    let first = old.speak_until_heard()?;
    let other = if first == "s1" { "s2" } else { "s1" };
    let at = address(&first, port);
    drain(running, &at)?;
    let left = progress(running, &at, 1)?;
    for _ in 0..4 {
        expect("the old flow", &old.speak()?, &first)?;
        expect("a new flow", &Talker::new("datagrams", port)?.speak()?, other)?;
    }
    sleep(DEADLINE + SOON);
    expect("the old flow after the deadline", &old.speak_until_heard()?, other)?;
    undrain(running, &at)?;
    Ok(format!("with {first} until the deadline ({left} ms were left), then with {other}"))
}

/// The client's next connection goes elsewhere, and stays there.
fn client(running: &Running) -> Outcome<String> {
    let port = extras::port_of("persistence");
    let mut one = Talker::new("connections", port)?;
    let first = one.speak()?;
    let other = if first == "s1" { "s2" } else { "s1" };
    for _ in 0..3 {
        expect("before", &one.speak()?, &first)?;
    }
    let at = address(&first, port);
    drain(running, &at)?;
    for _ in 0..3 {
        expect("while it drains", &one.speak()?, other)?;
    }
    undrain(running, &at)?;
    expect("afterwards", &one.speak()?, other)?;
    Ok(format!("with {first} before, with {other} from the next connection on"))
}

/// An established connection goes on until the deadline.
fn held(running: &Running) -> Outcome<String> {
    let mut one = Talker::new("held", HELD_PORT)?;
    expect("before", &one.speak()?, "alive")?;
    let at = holder(running)?;
    drain(running, &at)?;
    let left = progress(running, &at, 1)?;
    expect("while it drains", &one.speak()?, "alive")?;
    sleep(DEADLINE + SOON);
    expect("after the deadline", &one.speak()?, "nobody")?;
    undrain(running, &at)?;
    Ok(format!("alive with {left} ms left, ended at the deadline"))
}

/// The server that has the active connection.
fn holder(running: &Running) -> Outcome<String> {
    until(SOON + SOON, || {
        for name in ["s1", "s2"] {
            let at = address(name, HELD_PORT);
            if server(running, &at)?["active"] == 1 {
                return Ok(at);
            }
        }
        Err("no server has the connection".to_owned())
    })
}

/// A reload has the servers of a service that it takes out drain, and gives it back anew.
pub(super) fn by_reload(running: &Running) -> Outcome<String> {
    let mut one = Talker::new("held", HELD_PORT)?;
    let before = one.speak()?;
    running.rewrite(&configuration(Held::Without))?;
    running.order(&["reload"])?;
    let outcome = left(running, &mut one, &before)?;
    running.rewrite(&configuration(Held::With))?;
    running.order(&["reload"])?;
    running.wait_until_ready(4, 1)?;
    Ok(outcome)
}

/// A killed director's successor has a configuration without the service: its connection goes on
/// for as long as the service's servers may drain.
pub(super) fn while_nobody_ran(
    program: &str,
    running: Running,
    broken: &mut usize,
) -> Outcome<Running> {
    let mut one = Talker::new("held", HELD_PORT)?;
    let before = one.speak()?;
    running.kill()?;
    let running = director::start(program, "d", &configuration(Held::Without))?;
    running.wait_until_ready(3, 1)?;
    let outcome = left(&running, &mut one, &before);
    *broken += usize::from(told("a service that left while no director ran", outcome));
    Ok(running)
}

fn left(running: &Running, one: &mut Talker, before: &str) -> Outcome<String> {
    expect("before", before, "alive")?;
    let drains = until(SOON, || match running.status()?["draining"].as_array() {
        Some(drains) if drains.len() == 1 => Ok(drains.clone()),
        drains => Err(format!("the status shows {drains:?}")),
    })?;
    let of = |name: &str| drains.first().and_then(|it| it[name].as_u64()).unwrap_or_default();
    let (connections, left) = (of("connections"), of("remaining_ms"));
    if connections != 1 || left == 0 {
        return Err(format!("{connections} connections, {left} ms"));
    }
    expect("while it drains", &one.speak()?, "alive")?;
    let present = || -> Outcome<bool> {
        Ok(table()?.iter().any(|line| line.contains(&format!(":{HELD_PORT}"))))
    };
    if !present()? {
        return Err("it is gone from the table".to_owned());
    }
    sleep(DRAIN);
    until(SOON, || match present()? {
        true => Err("it is still in the table".to_owned()),
        false => Ok(()),
    })?;
    Ok(format!("{connections} connection went on, {left} ms were left; then the service went"))
}
