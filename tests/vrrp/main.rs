//! `e2e-vrrp`: a director and the real keepalived as two routers of one virtual router.
//!
//! `e2e-vrrp DIRECTOR` makes a segment of network namespaces, `d` with the program DIRECTOR and `k`
//! with Debian's keepalived, and for each cell of
//!
//! > {version 2, version 3} × {IPv4, IPv6} × {multicast, unicast} and version 2's password
//!
//! has each be active in turn: starts, orderly stops, kills, and changes of priority on both sides;
//! the same in which the virtual router has a hardware address of its own, by which a third node
//! must know it all the time; then the director is the owner of the addresses (priority 255), which
//! waits for nobody.
//! After every step both must agree on the owner, exactly one may hold the address (a killed
//! program leaves it), and the takeover must fall into the time that RFC 9568 §6 gives it. It needs
//! root, `ip`, keepalived, and the whole machine: `ci/guest` gives it one. (Debian's keepalived
//! 2.2.7 cannot send the checksum of RFC 9568 over IPv4; a later one has `v3_checksum_as_v2`.)
//!
//! `e2e-vrrp garbage DIRECTOR` has a director on both nodes and throws packets at them that they
//! must not believe: see [`garbage`]. `e2e-vrrp closed DIRECTOR` asks at the addresses of a
//! director that takes nothing there but its services: see [`closed`].

mod cells;
mod closed;
mod director;
mod garbage;
mod keepalived;
mod router;
mod story;
mod throw;
mod topology;
mod watch;

use cells::Cell;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let played = match &words[..] {
        ["throw"] => throw::throw().map(|()| 0),
        ["listen", port, word] => closed::listen(port, word).map(|()| 0),
        ["greet", address, port] => closed::greet(address, port).map(|()| 0),
        ["knock", address] => router::knock(address).map(|()| 0),
        ["garbage", program] => garbage::play(program),
        ["closed", program] => closed::play(program),
        [program] => play(program),
        _ => Err("usage: e2e-vrrp [garbage | closed] DIRECTOR".to_owned()),
    };
    match played {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::from(2)
        }
    }
}

/// Plays every cell; how many are broken.
fn play(program: &str) -> e2e::processes::Outcome<usize> {
    topology::build()?;
    println!(
        "milliseconds from each event to the new owner's address; `d` director, `k` keepalived"
    );
    let equals = play_all(program, &Cell::all(), story::STEPS);
    let (first, rest) = story::STEPS.split_at(1);
    let behind = [first, &[story::KILLED_AND_BACK], rest].concat();
    let broken = equals + play_all(program, &Cell::with_virtual_mac(), &behind);
    Ok(broken + play_all(program, &Cell::owned(), story::OWNER_STEPS))
}

/// Plays the same steps in every cell; in how many they are broken.
fn play_all(program: &str, cells: &[Cell], steps: &[story::Step]) -> usize {
    let mut broken = 0;
    let heads: Vec<&str> = steps.iter().map(|step| step.head).collect();
    println!("{:34} {}", "", heads.join("  "));
    for cell in cells {
        match story::play(program, cell, steps) {
            Ok(times) => {
                let columns = heads
                    .iter()
                    .zip(&times)
                    .map(|(head, time)| format!("{time:>width$}", width = head.chars().count()));
                println!("{cell:34} {}  holds", columns.collect::<Vec<_>>().join("  "));
            }
            Err(why) => {
                broken += 1;
                println!("{cell:34} BROKEN: {why}");
            }
        }
    }
    println!("{} cells of {} steps, {broken} broken", cells.len(), heads.len());
    broken
}
