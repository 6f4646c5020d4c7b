//! Two directors whose configuration comes from several files, one of which calls its network card
//! otherwise: a reload of a file that changes, and of files that are broken.

use crate::Outcome;
use crate::cells::{HEALTH_PORT, HELD_PORT};
use crate::director::{self, Running, put};
use crate::extras;
use crate::topology::ip_in;
use crate::upkeep::told;
use e2e::processes::{run, until};
use serde_json::Value;
use std::process::ExitCode;
use std::time::Duration;

const NODES: [&str; 2] = ["d", "d2"];
/// What the kernel of the second calls its `lan`.
const OTHERWISE: &str = "ens3";
/// Until a change that a director makes at once is in the kernel.
const SOON: Duration = Duration::from_secs(3);
const TAKEN: Duration = Duration::from_secs(15);

const MAIN: &str = "include = [\"conf.d/*.toml\", \"nodes.toml\"]\n\n\
     [cluster]\nkey-file = \"cluster.key\"\nkeepalive = \"100ms\"\ninitdead = \"500ms\"\n\
     links = [{ interface = \"lan\" }, { interface = \"hb\" }]\n\n\
     [groups.all]\naddresses = [\"10.0.0.100/24 on lan\"]\n";

const OF_NODES: &str = "[nodes.d]\naddresses = { lan = \"10.0.0.1\", hb = \"10.1.0.1\" }\n\
     priority = 200\n\n\
     [nodes.d2]\naddresses = { lan = \"10.0.0.2\", hb = \"10.1.0.2\" }\npriority = 100\n\
     override = { interfaces = { lan = \"ens3\" } }\n";

const FIRST: &str = "conf.d/first.toml";
const SECOND: &str = "conf.d/second.toml";

fn service(name: &str, port: u16, weight: u16) -> String {
    format!(
        "[services.{name}]\nlisten = \"10.0.0.100:{port}\"\nscheduler = \"rr\"\n\
         check = {{ type = \"tcp\", port = {HEALTH_PORT}, interval = \"1s\", \
         timeout = \"900ms\" }}\n\
         servers = [{{ address = \"10.0.0.21\", weight = 7 }}, \
         {{ address = \"10.0.0.22\", weight = {weight} }}]\n"
    )
}

fn second(weight: u16) -> String {
    service("second", extras::port_of("persistence"), weight)
}

/// Plays all parts and says what did not hold.
pub(crate) fn play(program: &str) -> Outcome<ExitCode> {
    for words in ["down", &format!("name {OTHERWISE}"), "up"] {
        ip_in(
            "d2",
            &format!("link set {} {words}", if words == "up" { OTHERWISE } else { "lan" }),
        )?;
    }
    for node in NODES {
        put(node, "nodes.toml", OF_NODES)?;
        put(node, FIRST, &service("first", HELD_PORT, 7))?;
        put(node, SECOND, &second(7))?;
    }
    let pair = [director::start(program, "d", MAIN)?, director::start(program, "d2", MAIN)?];
    let mut broken = usize::from(told("several files make one configuration", begun(&pair)));
    broken += usize::from(told("a reload of a file that is included", changed(&pair)));
    for (what, name, text) in faults() {
        broken += usize::from(told(&format!("a reload with {what}"), refused(&pair, name, &text)));
    }
    let [first, second] = pair;
    first.stop()?;
    broken += usize::from(told("a takeover on a card of another name", taken(&second)));
    second.stop()?;
    println!("files: {broken} broken");
    Ok(ExitCode::from(u8::from(broken > 0)))
}

fn begun(pair: &[Running; 2]) -> Outcome<String> {
    let [first, second] = pair;
    first.wait_until_ready(2, 1)?;
    second.wait_until_ready(2, 0)?;
    let digest = same(pair)?;
    let log = [first.log(), second.log()].concat();
    match log.contains("another configuration") {
        true => Err(log),
        false => Ok(format!("{digest} with both, though one has another interface")),
    }
}

/// The configuration that both use.
fn same(pair: &[Running; 2]) -> Outcome<String> {
    let [first, second] = [pair[0].status()?, pair[1].status()?].map(|it| it["config"].clone());
    match (&first, first == second) {
        (Value::String(digest), true) => Ok(digest.clone()),
        _ => Err(format!("{first} and {second}")),
    }
}

fn table(node: &str) -> Outcome<Vec<String>> {
    let text = run("ip", &["netns", "exec", node, "ipvsadm", "-Sn"])?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    Ok(lines)
}

fn changed(pair: &[Running; 2]) -> Outcome<String> {
    let before = same(pair)?;
    for (node, running) in NODES.iter().zip(pair) {
        put(node, SECOND, &second(9))?;
        running.order(&["reload"])?;
    }
    for node in NODES {
        until(SOON, || {
            let lines = table(node)?;
            let nine = lines.iter().filter(|line| line.ends_with("-w 9")).count();
            if (lines.len(), nine) == (6, 1) { Ok(()) } else { Err(format!("{node}: {lines:?}")) }
        })?;
    }
    let after = same(pair)?;
    if before == after {
        return Err(format!("it is still {after}"));
    }
    Ok(format!("{before} became {after}, and one weight in each table"))
}

/// What is wrong, in which file, and its text then; none for a file that is not there.
fn faults() -> [(&'static str, &'static str, Option<String>); 4] {
    [
        ("a file that is no TOML", SECOND, Some(format!("{}[services.", second(9)))),
        ("an unknown word in a file", SECOND, Some(second(9).replace("\"rr\"", "\"rrr\""))),
        ("a service in two files", SECOND, Some(service("first", 7999, 7))),
        ("a file that is gone", "nodes.toml", None),
    ]
}

/// The first director refuses it and says where; nothing changes in either of them.
fn refused(pair: &[Running; 2], name: &str, text: &Option<String>) -> Outcome<String> {
    let look = || -> Outcome<_> { Ok((table("d")?, table("d2")?, same(pair)?)) };
    let before = look()?;
    match text {
        Some(text) => put("d", name, text)?,
        None => run("rm", &[&format!("/run/matrix-d/{name}")]).map(|_| ())?,
    }
    let Err(why) = pair[0].order(&["reload"]) else { return Err("it was taken".to_owned()) };
    if look()? != before {
        return Err("something changed".to_owned());
    }
    pair[0].holds(2, 1)?;
    if !why.contains(name) {
        return Err(format!("{name} is not named: {why}"));
    }
    put("d", SECOND, &second(9))?;
    put("d", "nodes.toml", OF_NODES)?;
    pair[0].order(&["reload"])?;
    if look()? != before {
        return Err("the mended file changed something".to_owned());
    }
    Ok(format!("refused, {name} is named, both tables stay"))
}

fn taken(second: &Running) -> Outcome<String> {
    until(TAKEN, || second.holds(2, 1))?;
    let text = run("ip", &["-n", "d2", "-brief", "addr", "show", "dev", OTHERWISE])?;
    match text.contains("10.0.0.100/24") {
        true => Ok(format!("10.0.0.100 is on {OTHERWISE}")),
        false => Err(text),
    }
}
