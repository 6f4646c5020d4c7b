//! What a kernel holds, and waiting until it stays so.

use crate::place::{Daemon, inside};
use e2e::processes::Outcome;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Lines of `ipvsadm -Sn`, and for each server with thresholds one of those.
pub(crate) type Table = BTreeSet<String>;

/// No table takes longer.
const LONGEST: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(500);

pub(crate) fn look() -> Outcome<Table> {
    let saved = inside("lb", &["ipvsadm", "-Sn"])?;
    let mut table: Table = saved.lines().map(|line| line.trim().to_owned()).collect();
    let listed = inside("lb", &["ipvsadm", "-Ln", "--thresholds"])?;
    let mut service = "";
    for line in listed.lines().skip(3) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match &words[..] {
            ["->", _, "0", ..] => {}
            ["->", server, upper, lower, ..] => {
                table.insert(format!("{service}: {server} upper {upper} lower {lower}"));
            }
            _ => service = line.trim(),
        }
    }
    Ok(table)
}

/// Takes everything out of it.
pub(crate) fn empty() -> Outcome<()> {
    inside("lb", &["ipvsadm", "-C"]).map(|_| ())
}

/// The table when it has been as it is for a while, and is not empty unless it may be.
pub(crate) fn settled(quiet: Duration, daemon: &mut Daemon) -> Outcome<Table> {
    let begun = Instant::now();
    let (mut table, mut since) = (look()?, Instant::now());
    while since.elapsed() < quiet || (table.is_empty() && begun.elapsed() < quiet * 3) {
        if begun.elapsed() > LONGEST {
            return Err(format!("its table does not come to rest: {}", daemon.said()));
        }
        // Nobody tells of a change: it is looked for.
        std::thread::sleep(LOOK);
        if let Some(why) = daemon.ended() {
            return Err(why);
        }
        let now = look()?;
        if now != table {
            (table, since) = (now, Instant::now());
        }
    }
    Ok(table)
}
