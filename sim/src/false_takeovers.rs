//! How often a living owner is taken for dead when heartbeats are lost or late.
//!
//! The same pair under the same losses, once for each way to tell death: by asking, by a silence of
//! three intervals (three missed beats), and by one of 3.6 intervals (three missed beats and the
//! skew of a VRRP backup with priority 100, RFC 9568 §6.1).
//!
//! What happens in the first ten seconds of the losses is counted for itself. A line that delayed
//! nothing until then and holds everything up for longer than the rest of 1.69 keepalives looks as
//! a death looks: whoever tells a death after that time takes the one for the other once. Judged is
//! what is known of the line by then.

use crate::bench::{CONFIG, PAIR, TWO_LINKS};
use crate::build::Refusal;
use crate::record::Entry;
use crate::world::World;
use director_core::Report;
use director_core::report::{PeerState, Role};
use director_core::time::Instant;
use scenario::Scenario;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// From the start until the links get worse.
const CALM: Duration = Duration::from_secs(5);

/// How long the links' becoming worse is counted for itself: nobody can know of it before.
const ONSET: Duration = Duration::from_secs(10);

/// How the directors of a column tell death.
const RULES: [(&str, &str); 3] = [
    ("asking", ""),
    ("3 missed", "detection = \"deadtime\"\ndeadtime = \"300ms\"\n"),
    ("and skew", "detection = \"deadtime\"\ndeadtime = \"360ms\"\n"),
];

/// What the links do; each frame between the directors fares so.
const LINES: [&str; 12] = [
    "loss 1%",
    "loss 5%",
    "loss 10%",
    "loss 20%",
    "loss 30%",
    "loss 5% burst 3",
    "loss 20% burst 3",
    "loss 20% burst 10",
    "loss 5% burst 40",
    "delay 1ms jitter 50ms",
    "delay 1ms jitter 150ms",
    "loss 10% delay 1ms jitter 50ms",
];

/// The line on which asking must be so many times better than three missed beats.
const GOAL: (&str, usize) = ("loss 20%", 100);

/// What was counted in all runs of one cell.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Times that the standby took the group of a living owner, once the losses had been known.
    takeovers: usize,
    /// The same right after the links had become worse.
    onset: usize,
    /// Times that a living peer was given up, by either director.
    deaths: usize,
}

/// The table, and whether asking was never worse than three missed beats, and as much better as it
/// must be where it must.
///
/// # Errors
/// None in practice: the scenarios are part of the program.
pub fn report(seeds: u64, length: Duration) -> Result<(String, bool), Refusal> {
    let mut out = format!(
        "false takeovers (and peers given up falsely) in {seeds} runs of {} s, keepalive 100 ms\n\
         {:<6} {:<32}",
        length.as_secs(),
        "links",
        "between the directors"
    );
    for (rule, _) in RULES {
        let _ = write!(out, " {rule:>15}");
    }
    let _ = writeln!(out, " {:>20}", "asking, at the onset");
    let mut good = true;
    for links in [1, 2] {
        for line in LINES {
            let mut counts = [Count::default(); RULES.len()];
            for (count, (_, rule)) in counts.iter_mut().zip(RULES) {
                *count = cell(links, line, rule, seeds, length)?;
            }
            let _ = write!(out, "{links:<6} {line:<32}");
            for count in counts {
                let both = format!("{} ({})", count.takeovers, count.deaths);
                let _ = write!(out, " {both:>15}");
            }
            let [ours, missed, _] = counts;
            let _ = write!(out, " {:>20}", ours.onset);
            let enough =
                (line, links) != (GOAL.0, 1) || ours.takeovers * GOAL.1 <= missed.takeovers;
            let holds = ours.takeovers <= missed.takeovers && enough;
            out.push_str(if holds { "\n" } else { "  worse than it must be\n" });
            good &= holds;
        }
    }
    Ok((out, good))
}

fn cell(links: u8, line: &str, rule: &str, seeds: u64, length: Duration) -> Result<Count, Refusal> {
    let mut config = CONFIG.replace("failback =", &format!("{rule}failback ="));
    let calm = CALM.as_secs();
    let mut timeline = vec![format!("{calm}s impair lan d1<->d2 {line}")];
    let mut text = PAIR.to_owned();
    if links == 2 {
        config = config.replace("[{ interface = \"lan\" }]", TWO_LINKS);
        for number in ["11", "12"] {
            let first = format!("lan = \"10.0.0.{number}\"");
            let both = format!("{first}, hb = \"10.1.0.{number}\"");
            config = config.replace(&first, &both);
        }
        let first = "lan = \"10.0.0.{11..12}/24\"";
        text = text.replace(first, &format!("{first}\nhb = \"10.1.0.{{11..12}}/24\""));
        timeline.push(format!("{calm}s impair hb d1<->d2 {line}"));
    }
    text = text.replace("expect =", &format!("timeline = {timeline:?}\nexpect ="));
    let scenario = Scenario::parse("false-takeovers", &text, &|_| Ok(config.clone()))
        .map_err(|problems| Refusal::Invalid(problems.to_string()))?;
    let scenario = Arc::new(scenario);
    let mut count = Count::default();
    for seed in 1..=seeds {
        let mut world = World::new(Arc::clone(&scenario), seed)?;
        world.run_until(CALM + length);
        count.add(&world);
    }
    Ok(count)
}

impl Count {
    fn add(&mut self, world: &World) {
        let begun = Instant::ZERO + CALM;
        for (at, entry) in world.log.entries().filter(|(at, _)| *at >= begun) {
            let settled = *at >= begun + ONSET;
            let Entry::Report { report, .. } = entry else { continue };
            match **report {
                Report::Role { to: Role::Taking, .. } => {
                    let count = if settled { &mut self.takeovers } else { &mut self.onset };
                    *count += 1;
                }
                Report::Peer { state: PeerState::Dead, .. } if settled => self.deaths += 1,
                _ => {}
            }
        }
    }
}
