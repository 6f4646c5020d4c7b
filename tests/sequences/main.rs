//! `e2e-sequences`: random sequences of reloads, crashes, drifts, kernel errors and takeovers.
//!
//! Two directors, the pure machine that the daemon runs, are on one virtual clock, each on a kernel
//! of its own. `e2e-sequences memory COUNT SEED` gives them kernels in memory, `e2e-sequences
//! kernel COUNT SEED` the machine's own in two network namespaces, through the daemon's own ports.
//! A crash ends a director between any two operations on its kernel.
//!
//! All along nobody touches what is somebody else's, and no server gets a weight that has passed no
//! check. In the end the table is what the configuration says, worked out without the director.
//!
//! `ci/guest` gives the second form a kernel of its own: it needs root, IPVS, `ip` and `nft`.
//! Status 1 when a sequence fails; its seed is printed, and COUNT 1 with it plays it again.

mod case;
mod configuration;
mod foreign;
mod judge;
mod lab;
mod memory;
mod node;
mod real;
mod watched;

use case::{Case, Tally};
use lab::{Lab, Machine};
use std::process::ExitCode;

type Outcome<T> = Result<T, String>;

/// Failures that are told whole; the rest is only counted.
const SHOWN: u64 = 5;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = match &words[..] {
        ["memory", count, seed] => numbers(count, seed)
            .and_then(|(count, seed)| campaign("in memory", &memory::pair(), count, seed)),
        ["kernel", count, seed] => numbers(count, seed)
            .and_then(|(count, seed)| campaign("on the kernel", &real::pair()?, count, seed)),
        _ => Err("usage: e2e-sequences memory|kernel COUNT SEED".to_owned()),
    };
    match ended {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::from(2)
        }
    }
}

fn numbers(count: &str, seed: &str) -> Outcome<(u64, u64)> {
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number"));
    Ok((number(count)?, number(seed)?))
}

/// Plays so many sequences from a seed on; how many failed.
fn campaign<M: Machine>(place: &str, machines: &[M; 2], count: u64, first: u64) -> Outcome<u64> {
    let (mut failed, mut operations, mut tally) = (0, 0, Tally::default());
    for seed in first..first.saturating_add(count) {
        let case = Case::of(seed);
        case.tally(&mut tally);
        let mut lab = Lab::new(&case, machines)?;
        if let Err(why) = lab.play(&case) {
            failed += 1;
            if failed <= SHOWN {
                println!("seed {seed}: {why}\n  events: {:?}", case.events);
            }
        }
        operations += lab.nodes.iter().map(|node| node.kernel.operations).sum::<u64>();
    }
    println!(
        "{count} sequences {place} from seed {first}: {tally}; {operations} operations; \
         {failed} failed"
    );
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_end_as_configured() {
        assert_eq!(campaign("in memory", &memory::pair(), 150, 1), Ok(0));
    }
}
