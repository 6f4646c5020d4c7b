//! Somebody changes what is the director's; how long it stays so.

use super::{RESYNC, SOON, setting, somebody, table, told};
use crate::Outcome;
use crate::cells::HELD_PORT;
use e2e::processes::{run, until};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The kernel tells of changed addresses: nothing is waited for but the pass.
const AT_ONCE: Duration = Duration::from_millis(100);
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

pub(super) fn play() -> Outcome<usize> {
    let held = format!("-t 10.0.0.100:{HELD_PORT} -r 10.0.0.21:{HELD_PORT}");
    let changes = [
        ("ipvsadm -d", format!("ipvsadm -d {held}")),
        ("ipvsadm -e -w", format!("ipvsadm -e {held} -g -w 99")),
        ("ipvsadm -e -s", format!("ipvsadm -E -t 10.0.0.100:{HELD_PORT} -s wrr")),
        ("ipvsadm -D", format!("ipvsadm -D -t 10.0.0.100:{HELD_PORT}")),
        ("ipvsadm -C", "ipvsadm -C".to_owned()),
    ];
    let mut broken = 0;
    for (what, command) in &changes {
        broken += usize::from(told(what, repaired(command)));
    }
    let after = after_a_while("net/ipv4/vs/conn_reuse_mode");
    broken += usize::from(told("sysctl -w", after));
    broken += usize::from(told("nft delete table", marks()));
    broken += usize::from(told("ip addr del", address()));
    Ok(broken)
}

/// The table is whole again when the director compares it next.
fn repaired(command: &str) -> Outcome<String> {
    let before = table()?;
    somebody(command)?;
    let begun = Instant::now();
    if table()? == before {
        return Err("nothing changed".to_owned());
    }
    until(RESYNC + SOON, || match table()? {
        now if now == before => Ok(()),
        now => Err(format!("it is {now:?}")),
    })?;
    within(begun, RESYNC + Duration::from_millis(500))
}

fn after_a_while(path: &str) -> Outcome<String> {
    let before = setting(path)?;
    somebody(&format!("echo 0 >/proc/sys/{path}"))?;
    let begun = Instant::now();
    until(RESYNC + SOON, || match setting(path)? {
        now if now == before => Ok(()),
        now => Err(format!("{path} is {now}")),
    })?;
    within(begun, RESYNC + Duration::from_millis(500))
}

fn marks() -> Outcome<String> {
    let rules = || run("ip", &["netns", "exec", "d", "nft", "list", "ruleset"]);
    let before = rules()?;
    somebody("nft delete table inet director")?;
    let begun = Instant::now();
    until(RESYNC + SOON, || match rules()? {
        now if now == before => Ok(()),
        now => Err(format!("the rules are {now:?}")),
    })?;
    within(begun, RESYNC + Duration::from_millis(500))
}

fn address() -> Outcome<String> {
    let there = || -> Outcome<bool> {
        Ok(run("ip", &["-n", "d", "-brief", "addr", "show", "dev", "lan"])?.contains("10.0.0.100/"))
    };
    somebody("ip addr del 10.0.0.100/24 dev lan")?;
    let begun = Instant::now();
    while !there()? {
        if begun.elapsed() > RESYNC + SOON {
            return Err("it does not come back".to_owned());
        }
        sleep(BETWEEN_LOOKS);
    }
    within(begun, AT_ONCE)
}

fn within(begun: Instant, most: Duration) -> Outcome<String> {
    let took = begun.elapsed();
    let text = format!("put right after {} ms", took.as_millis());
    if took <= most { Ok(text) } else { Err(format!("{text}, not within {most:?}")) }
}
