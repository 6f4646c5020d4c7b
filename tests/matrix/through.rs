//! Checks through the service, beside plain ones, from a director that holds the virtual addresses
//! and from one that does not.

use crate::Outcome;
use crate::cells::{GUE_PORT, HEALTH_PORT};
use crate::director::{self, State};
use crate::topology::ip_in;
use e2e::processes::until;
use serde_json::Value;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

/// Where server 1 serves on all addresses, and server 2 on its own alone.
pub(crate) const OWN_PORT: u16 = 6900;
const METHODS: [&str; 4] = ["direct", "ipip", "gue", "gre"];
/// Several checks, and for the first of them the kernel's table.
const SETTLED: Duration = Duration::from_secs(30);

fn configuration() -> String {
    let mut text = String::from(
        "[cluster]\nkey-file = \"cluster.key\"\nkeepalive = \"100ms\"\ninitdead = \"500ms\"\n\
         links = [{ interface = \"hb\" }]\n\n\
         [nodes.d]\naddresses = { lan = \"10.0.0.1\", hb = \"10.1.0.1\" }\npriority = 200\n\n\
         [nodes.d2]\naddresses = { lan = \"10.0.0.2\", hb = \"10.1.0.2\" }\npriority = 100\n\n\
         [groups.all]\naddresses = [\"10.0.0.100/24 on lan\", \"fd00:a::100/64 on lan\"]\n",
    );
    let mut port = 7000;
    for method in METHODS {
        for (family, address, server) in
            [("v4", "10.0.0.100", "10.0.0.2"), ("v6", "[fd00:a::100]", "fd00:a::2")]
        {
            for via in ["server", "service"] {
                port += 1;
                // Writing to a string cannot fail.
                let _ = writeln!(text, "\n[services.{method}-{family}-{via}]");
                let _ = writeln!(text, "listen = \"{address}:{port}\"\nscheduler = \"rr\"");
                let _ = match method {
                    "gue" => writeln!(text, "tunnel = {{ type = \"gue\", port = {GUE_PORT} }}"),
                    "direct" => writeln!(text, "forward = \"direct\""),
                    _ => writeln!(text, "tunnel = {{ type = \"{method}\" }}"),
                };
                let _ = writeln!(
                    text,
                    "check = {{ type = \"tcp\", expect = \"s\", port = {OWN_PORT}, \
                     interval = \"1s\", timeout = \"900ms\", fall = 2, via = \"{via}\" }}\n\
                     servers = [{{ address = \"{server}1\" }}, {{ address = \"{server}2\" }}]"
                );
            }
        }
    }
    text
}

/// Which states the servers of every service should have: of the plain checks, and of those
/// through the service.
type Wanted = ([&'static str; 2], [&'static str; 2]);

/// Plays the story and says what did not hold.
pub(crate) fn play(program: &str) -> Outcome<ExitCode> {
    ip_in("d2", "-6 addr add fd00:a::2/64 dev lan nodad")?;
    let before = State::look()?;
    let active = director::start(program, "d", &configuration())?;
    let standby = director::start(program, "d2", &configuration())?;
    let both = [("holds the addresses", &active), ("does not", &standby)];
    let mut broken = 0;
    println!(
        "health port {HEALTH_PORT}, asked port {OWN_PORT}: s2 listens there on its own address"
    );
    let stories: [(&str, &[&str], Wanted); 3] = [
        ("s2 does not listen on the virtual address", &[], (["up", "up"], ["up", "down"])),
        (
            "s1 has lost the virtual address",
            &["addr del 10.0.0.100/32 dev lo", "-6 addr del fd00:a::100/128 dev lo"],
            (["up", "up"], ["down", "down"]),
        ),
        (
            "s1 has it again",
            &["addr add 10.0.0.100/32 dev lo", "-6 addr add fd00:a::100/128 dev lo nodad"],
            (["up", "up"], ["up", "down"]),
        ),
    ];
    for (story, commands, wanted) in stories {
        commands.iter().try_for_each(|command| ip_in("s1", command))?;
        for (who, running) in both {
            let seen = until(SETTLED, || compare(&running.status()?, wanted));
            let result = match seen {
                Ok(services) => format!(" holds: {services} services"),
                Err(why) => {
                    broken += 1;
                    format!(" BROKEN: {why}{}", running.refusals())
                }
            };
            println!("{story}; the director {who}:{result}");
        }
    }
    standby.stop()?;
    active.stop()?;
    let left = before.differences(&State::look()?);
    left.iter().for_each(|what| println!("LEFT BEHIND: {what}"));
    Ok(ExitCode::from(u8::from(broken > 0 || !left.is_empty())))
}

fn compare(status: &Value, (plain, through): Wanted) -> Outcome<usize> {
    let services = status["services"].as_array().cloned().unwrap_or_default();
    // The machine's IPv6 address is: the configuration names one address of each interface.
    let foreign = status["kernel"]["foreign"].as_array().into_iter().flatten();
    let mut ways = foreign.filter(|it| it.as_str().is_none_or(|it| !it.starts_with("address ")));
    if let Some(way) = ways.next() {
        return Err(format!("a way of its own is foreign to it: {way}"));
    }
    for service in &services {
        let is_through = service["checked_via"] == "service";
        let wanted = if is_through { through } else { plain };
        let servers = service["servers"].as_array().cloned().unwrap_or_default();
        let states: Vec<_> = servers.iter().map(|server| server["health"].clone()).collect();
        let marked = servers.iter().all(|server| server["check_mark"].is_u64() == is_through);
        if states != wanted || !marked {
            let why: Vec<_> = servers.iter().map(|server| server["why"].to_string()).collect();
            return Err(format!("{} is {states:?}, {}", service["name"], why.join(", ")));
        }
    }
    let number = METHODS.len() * 4;
    if services.len() == number { Ok(number) } else { Err(format!("{number} services wanted")) }
}
