//! The way from the switch to a node: its latency, and frames of some senders that fare badly.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::plan::Impaired;
use crate::shell::feed;

/// `TCQ_PRIO_BANDS`, `linux/pkt_sched.h`: one band for what fares well, the others for one sender
/// each.
const BANDS: usize = 16;

/// Puts the queueing disciplines of a port in place; what waited in the old ones is lost.
pub(super) fn set(port: &str, latency: Duration, impaired: &[&Impaired]) -> anyhow::Result<()> {
    let text = commands(port, latency, impaired)?;
    // A port may have none yet: what is not there is what is wanted.
    let _ = feed("tc", &["-batch", "-"], &format!("qdisc del dev {port} root\n"));
    if text.is_empty() {
        return Ok(());
    }
    feed("tc", &["-batch", "-"], &text).with_context(|| format!("the latency of {port}"))
}

/// The commands that do so where there are none yet.
pub(super) fn commands(
    port: &str,
    latency: Duration,
    impaired: &[&Impaired],
) -> anyhow::Result<String> {
    let mut text = String::new();
    let usual = format!("netem delay {}us limit 100000", latency.as_micros());
    if impaired.is_empty() {
        if !latency.is_zero() {
            writeln!(text, "qdisc add dev {port} root {usual}")?;
        }
        return Ok(text);
    }
    if impaired.len() >= BANDS {
        bail!("{port}: frames of {} senders fare badly, {} can", impaired.len(), BANDS - 1);
    }
    let map = "0 ".repeat(BANDS);
    writeln!(text, "qdisc add dev {port} root handle 1: prio bands {BANDS} priomap {map}")?;
    writeln!(text, "qdisc add dev {port} parent 1:1 {usual}")?;
    for (index, Impaired { from, netem, .. }) in impaired.iter().enumerate() {
        // Class numbers are hexadecimal.
        let class = format!("1:{:x}", index + 2);
        writeln!(text, "qdisc add dev {port} parent {class} netem {netem} limit 100000")?;
        writeln!(
            text,
            "filter add dev {port} parent 1: protocol all prio 1 flower src_mac {from} \
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
        let text = commands("d2-hb", Duration::from_micros(150), &[&bad]).unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(commands("d2-hb", Duration::ZERO, &[]).unwrap(), "");
        assert!(commands("d2-hb", Duration::ZERO, &[&bad; BANDS]).is_err());
    }
}
