//! The way from the switch to a node: its latency, and frames of some senders that fare badly.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::plan::Impaired;
use crate::shell::feed;

/// `TCQ_PRIO_BANDS`, `linux/pkt_sched.h`: one band for what fares well, the others for one sender
/// each.
const BANDS: usize = 16;
/// The band of everything while the node's machine stands still, the last one.
const HELD: &str = "1:10";
/// What waits meanwhile, in bytes: about as many short frames as the simulated world keeps.
const RING: usize = 256 * 100;

/// The band of what fares well, always there: a port whose queues are replaced loses what waits in
/// them.
pub(super) fn usual(port: &str, latency: Duration) -> anyhow::Result<String> {
    let mut text = String::new();
    let map = "0 ".repeat(BANDS);
    writeln!(text, "qdisc add dev {port} root handle 1: prio bands {BANDS} priomap {map}")?;
    if !latency.is_zero() {
        let micros = latency.as_micros();
        writeln!(text, "qdisc add dev {port} parent 1:1 netem delay {micros}us limit 100000")?;
    }
    Ok(text)
}

/// Takes those out of their bands whose frames fared badly, and gives bands to those whose frames
/// do now.
pub(super) fn change(port: &str, before: usize, after: &[&Impaired]) -> anyhow::Result<()> {
    let text = commands(port, before, after)?;
    feed("tc", &["-batch", "-"], &text).with_context(|| format!("impairments at {port}"))
}

/// From now on everything that is on its way to the node waits, `again` when it has before.
pub(super) fn hold(port: &str, again: bool) -> anyhow::Result<()> {
    let text = held(port, again);
    feed("tc", &["-batch", "-"], &text).with_context(|| format!("holding {port} up"))
}

/// It goes on, in its order.
pub(super) fn release(port: &str) -> anyhow::Result<()> {
    let text = format!(
        "filter del dev {port} parent 1: prio 1\n\
         qdisc change dev {port} parent {HELD} plug release_indefinite\n"
    );
    feed("tc", &["-batch", "-"], &text).with_context(|| format!("letting {port} go on"))
}

/// `net/sched/sch_plug.c`: nothing leaves it before it is told to release.
fn held(port: &str, again: bool) -> String {
    let plug = if again {
        format!("qdisc change dev {port} parent {HELD} plug block")
    } else {
        format!("qdisc add dev {port} parent {HELD} plug limit {RING}")
    };
    format!("{plug}\nfilter add dev {port} parent 1: protocol all prio 1 matchall classid {HELD}\n")
}

fn commands(port: &str, before: usize, after: &[&Impaired]) -> anyhow::Result<String> {
    if after.len() >= BANDS - 1 {
        bail!("{port}: frames of {} senders fare badly, {} can", after.len(), BANDS - 2);
    }
    let mut text = String::new();
    // Class numbers are hexadecimal.
    let class = |index: usize| format!("1:{:x}", index + 2);
    if before > 0 {
        writeln!(text, "filter del dev {port} parent 1: prio 2")?;
    }
    for index in 0..before {
        writeln!(text, "qdisc del dev {port} parent {}", class(index))?;
    }
    for (index, Impaired { from, netem, .. }) in after.iter().enumerate() {
        let class = class(index);
        writeln!(text, "qdisc add dev {port} parent {class} netem {netem} limit 100000")?;
        writeln!(
            text,
            "filter add dev {port} parent 1: protocol all prio 2 flower src_mac {from} \
             classid {class}"
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_that_fare_badly_have_bands_of_their_own() {
        let bad = Impaired {
            port: "d2-hb".into(),
            from: "02:00:00:01:00:02".into(),
            netem: "delay 150us 0us loss 10.0000%".into(),
        };
        let usual = usual("d2-hb", Duration::from_micros(150)).unwrap();
        let worse = commands("d2-hb", 0, &[&bad]).unwrap();
        let healed = commands("d2-hb", 1, &[]).unwrap();
        let held = [held("d2-hb", false), held("d2-hb", true)].concat();
        insta::assert_snapshot!([usual, worse, healed, held].join("\n"));
        assert!(commands("d2-hb", 0, &[&bad; BANDS - 1]).is_err());
    }
}
