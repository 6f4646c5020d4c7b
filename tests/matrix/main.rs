//! `e2e-matrix`: every way in which packets can reach real servers, on a real kernel, with traffic.
//!
//! `e2e-matrix run DIRECTOR` makes a client, a router, a director and two real servers of network
//! namespaces, lets the program DIRECTOR run one configuration with a service for each cell of
//!
//! > {direct, ipip, gue, gre, nat} × {IPv4, IPv6} × {TCP, UDP, SCTP} × {service, firewall mark}
//!
//! and for each tunnel between the two families, sends connections to each, and prints what came of
//! it. A cell holds when every connection is answered from the virtual address and the two servers
//! get the same number. What the kernel refuses is named in its own words. Then come thresholds,
//! one-packet scheduling, persistence, and what each scheduler makes of connections that are open
//! at the same time. It needs root, IPVS,
//! `ip` and `nft`, and the whole machine: `ci/guest` gives it one.
//!
//! `e2e-matrix takeover DIRECTOR` holds 200 connections through a takeover and a failback of two
//! directors, with connection synchronisation and without it.
//!
//! `e2e-matrix checks DIRECTOR` has two directors check servers at their own and, through the
//! service, at the virtual addresses, while one of the servers serves its own alone.
//!
//! `e2e-matrix upkeep DIRECTOR` changes the kernel behind a director, adds what is not its own, has
//! it reload and drain, and kills it, with clients that hold their connections meanwhile.
//!
//! `e2e-matrix files DIRECTOR` has two directors, of which one calls its interface otherwise, read
//! several files, change one of them, and refuse it when it is broken.
//!
//! The other forms are the parts of it that run inside the namespaces.

mod cells;
mod director;
mod extras;
mod files;
mod refused;
mod sctp;
mod serve;
mod takeover;
mod through;
mod topology;
mod traffic;
mod upkeep;

use cells::Cell;
use std::process::ExitCode;

type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match &words[..] {
        ["run", director] => run(director),
        ["takeover", director] => takeover(director),
        ["checks", director] => checks(director),
        ["upkeep", director] => upkeep(director),
        ["files", director] => files(director),
        ["talk", way, port] => upkeep::talk(way, port),
        ["hold"] => takeover::hold_connections(),
        ["serve", name, number] => serve::serve(name, number),
        ["ask", number] => traffic::ask(number),
        ["share", port] => extras::share(port),
        _ => Err("usage: e2e-matrix run|takeover|checks|upkeep|files DIRECTOR".to_owned()),
    };
    ended.unwrap_or_else(|wrong| {
        eprintln!("{wrong}");
        ExitCode::from(2)
    })
}

fn takeover(program: &str) -> Outcome<ExitCode> {
    topology::build()?;
    let _servers = topology::servers()?;
    takeover::play(program)
}

fn checks(program: &str) -> Outcome<ExitCode> {
    topology::build()?;
    let _servers = topology::servers()?;
    through::play(program)
}

fn upkeep(program: &str) -> Outcome<ExitCode> {
    topology::build()?;
    let _servers = topology::servers()?;
    upkeep::play(program)
}

fn files(program: &str) -> Outcome<ExitCode> {
    topology::build()?;
    let _servers = topology::servers()?;
    files::play(program)
}

fn run(program: &str) -> Outcome<ExitCode> {
    let cells = Cell::all();
    topology::build()?;
    let _servers = topology::servers()?;
    let before = director::State::look()?;
    let running = director::start(program, "d", &cells::configuration(&cells))?;
    running.wait_until_ready(cells.len() + extras::COUNT, 2)?;
    let mut broken = 0;
    println!("{:8} {:11} {:6} {:8}  outcome", "method", "clients", "over", "by");
    for cell in &cells {
        let outcome = match traffic::through(cell) {
            Ok(split) => format!("holds: {split}"),
            Err(why) => {
                broken += 1;
                format!("BROKEN: {why}{}", running.refusals())
            }
        };
        println!("{cell}  {outcome}");
    }
    refused::show()?;
    println!("{} cells, {broken} broken", cells.len());
    let uneven = extras::play()?;
    println!("{} ways to share, {uneven} broken", extras::COUNT);
    broken += uneven;
    running.stop()?;
    let left = before.differences(&director::State::look()?);
    left.iter().for_each(|what| println!("LEFT BEHIND: {what}"));
    if left.is_empty() {
        println!("after the stop everything is as before: table, rules, addresses, settings");
    }
    Ok(ExitCode::from(u8::from(broken > 0 || !left.is_empty())))
}
