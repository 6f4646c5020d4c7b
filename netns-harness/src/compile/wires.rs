//! The state of the switches, from what is wrong in the scenario's words.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use scenario::{Effect, Faults, Share};

use crate::plan::{Impaired, Node, Port, Wires};

/// A frame that is overtaken is late by up to this much, as in the simulated world.
const APART: Duration = Duration::from_millis(5);

/// How the wires are.
pub(super) fn of(faults: &Faults, paused: &BTreeSet<String>, nodes: &[Node]) -> Wires {
    let name =
        |segment: &str, node: &str| port(nodes, segment, node).map(|port| port.switch_port.clone());
    let blocked = faults
        .blocked()
        .filter_map(|(segment, from, to)| Some((name(segment, from)?, name(segment, to)?)));
    let impaired = faults.impaired().filter_map(|(segment, from, to, effect)| {
        let (from, to) = (port(nodes, segment, from)?, port(nodes, segment, to)?);
        let netem = netem(to.latency, &effect);
        Some(Impaired { port: to.switch_port.clone(), from: from.hardware.clone(), netem })
    });
    let ports = || nodes.iter().flat_map(|node| node.ports.iter().map(move |port| (node, port)));
    let unplugged = ports().filter(|(node, port)| faults.is_unplugged(&port.segment, &node.name));
    let muted = ports().filter(|(node, _)| paused.contains(&node.name));
    let switch_port = |(_, port): (&Node, &Port)| port.switch_port.clone();
    Wires {
        blocked: blocked.collect(),
        muted: muted.map(switch_port).collect(),
        unplugged: unplugged.map(switch_port).collect(),
        impaired: impaired.collect(),
    }
}

fn port<'a>(nodes: &'a [Node], segment: &str, node: &str) -> Option<&'a Port> {
    let node = nodes.iter().find(|found| found.name == node)?;
    node.ports.iter().find(|port| port.segment == segment)
}

/// The words of tc-netem(8) for frames that fare like this, on a way that takes that long.
fn netem(latency: Duration, effect: &Effect) -> String {
    let Effect { loss, burst, delay, jitter, duplicate, reorder, corrupt } = *effect;
    // netem's jitter is to both sides of the delay.
    let mut half = jitter / 2;
    let mut fixed = latency + delay;
    if reorder > Share::NONE && delay.is_zero() {
        half += APART / 2;
    }
    fixed += half;
    let mut words = format!("delay {}us {}us", fixed.as_micros(), half.as_micros());
    if reorder > Share::NONE {
        // Frames of that share are sent at once: with a delay they overtake, without one they are
        // those that are not overtaken.
        let share = if delay.is_zero() { rest(reorder) } else { reorder };
        let _ = write!(words, " reorder {}", percent(share.millionths()));
    } else if !jitter.is_zero() {
        // With a rate, however high, a frame never leaves before the one that came before it.
        words.push_str(" rate 100gbit");
    }
    if loss > Share::NONE {
        let _ = write!(words, " loss {}", losses(loss, burst));
    }
    for (word, share) in [("duplicate", duplicate), ("corrupt", corrupt)] {
        if share > Share::NONE {
            let _ = write!(words, " {word} {}", percent(share.millionths()));
        }
    }
    words
}

fn rest(share: Share) -> Share {
    Share::of_million(Share::ALL.millionths() - share.millionths()).unwrap_or(Share::NONE)
}

/// Each frame by its own draw, or Gilbert's model: in a burst everything is lost, and a burst lasts
/// `burst` frames on average.
fn losses(loss: Share, burst: u32) -> String {
    let (lost, all) = (u64::from(loss.millionths()), u64::from(Share::ALL.millionths()));
    if burst < 2 || lost == all {
        return percent(loss.millionths());
    }
    let burst = u64::from(burst);
    let begins = lost * all / ((all - lost) * burst);
    let ends = all / burst;
    let shown = |millionths: u64| percent(u32::try_from(millionths.min(all)).unwrap_or(u32::MAX));
    format!("gemodel {} {}", shown(begins), shown(ends))
}

fn percent(millionths: u32) -> String {
    format!("{}.{:04}%", millionths / 10_000, millionths % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> Share {
        Share::parse(text).unwrap()
    }

    #[test]
    fn each_effect_has_its_words_and_the_segments_latency_stays() {
        let latency = Duration::from_micros(150);
        let shown = |effect: Effect| netem(latency, &effect);
        let none = Effect::default();
        assert_eq!(shown(none), "delay 150us 0us");
        assert_eq!(shown(Effect { loss: share("10%"), ..none }), "delay 150us 0us loss 10.0000%");
        let bursts = Effect { loss: share("10%"), burst: 5, ..none };
        assert_eq!(shown(bursts), "delay 150us 0us loss gemodel 2.2222% 20.0000%");
        let late =
            Effect { delay: Duration::from_millis(20), jitter: Duration::from_millis(5), ..none };
        assert_eq!(shown(late), "delay 22650us 2500us rate 100gbit");
        let overtaken = Effect { reorder: share("1%"), ..none };
        assert_eq!(shown(overtaken), "delay 2650us 2500us reorder 99.0000%");
        let twice = Effect { duplicate: share("0.5%"), corrupt: share("100%"), ..none };
        assert_eq!(shown(twice), "delay 150us 0us duplicate 0.5000% corrupt 100.0000%");
    }
}
