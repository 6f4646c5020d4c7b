//! `e2e-model`: the simulator's model of IPVS beside a real kernel.
//!
//! Random tables live a while: clients open, use and end connections, real servers come, change
//! and go, so do persistence and thresholds, and time passes. Whatever happens is played to both,
//! with segments on a real wire, and every choice of a real server, how its packets reach it (as
//! they are, by NAT, in a tunnel), what becomes of its answers behind NAT, and every count of
//! connections is compared. One table in four is of IPv6.
//!
//! `e2e-model DECISIONS TABLES SEED [SCHEDULER…]` plays tables of each scheduler until there were
//! so many new connections and so many tables, and prints a line for each. `e2e-model neighbours
//! DEEDS SEED` compares the world's neighbour tables instead (`neighbours/`). Status 1 when the two
//! have parted, 2 when it is called wrongly or cannot run. It needs root and IPVS, and a kernel of
//! its own in simulated time, where an hour costs nothing: `ci/guest` gives it one.

mod case;
mod frames;
mod lockstep;
mod neighbours;
mod sync;
mod wire;

use anyhow::Context as _;
use case::{Case, Family};
use director_core::config::Scheduler;
use director_linux::LinuxKernel;
use lockstep::{Dice, Lockstep, Shown};
use std::process::ExitCode;
use wire::Wire;

/// So many things happen to a table.
const DEEDS: usize = 120;
/// A scheduler with so many differences is not looked at any further.
const ENOUGH: usize = 3;
/// Lines of a table's life that are told with a difference.
const LINES: usize = 40;
/// Fair dice are farther from their mean than this, in standard deviations, once in 16,000 runs.
const FAR: f64 = 4.0;

/// What is asked for.
struct Request {
    decisions: u64,
    tables: u64,
    seed: u64,
    schedulers: Vec<Scheduler>,
}

/// What came of a scheduler.
#[derive(Default)]
struct Found {
    tables: u64,
    /// Tables that ended early because the order of two of the kernel's timers was open.
    open: u64,
    deeds: u64,
    decisions: u64,
    /// Those of them that are over IPv6.
    six: u64,
    answers: u64,
    /// Entries that were told to other directors.
    told: u64,
    differences: Vec<String>,
    dice: Dice,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let same = match &words[..] {
        [which, rest @ ..] if which == "neighbours" => neighbours::verify(rest),
        _ => request(&words).and_then(|request| verify(&request)),
    };
    match same {
        Ok(same) => ExitCode::from(u8::from(!same)),
        Err(wrong) => {
            eprintln!("e2e-model: {wrong:#}");
            ExitCode::from(2)
        }
    }
}

fn request(words: &[String]) -> anyhow::Result<Request> {
    let [decisions, tables, seed, names @ ..] = words else {
        anyhow::bail!("usage: e2e-model DECISIONS TABLES SEED [SCHEDULER…]");
    };
    let number = |word: &String| word.parse::<u64>().with_context(|| format!("{word:?}"));
    let named = |name: &String| {
        Scheduler::from_name(name).with_context(|| format!("there is no scheduler {name:?}"))
    };
    let schedulers: Vec<Scheduler> = names.iter().map(named).collect::<anyhow::Result<_>>()?;
    Ok(Request {
        decisions: number(decisions)?,
        tables: number(tables)?,
        seed: number(seed)?,
        schedulers: if names.is_empty() { Scheduler::ALL.to_vec() } else { schedulers },
    })
}

/// Whether the two are the same.
fn verify(request: &Request) -> anyhow::Result<bool> {
    let mut kernel = LinuxKernel::new();
    let mut wire = Wire::build()?;
    let mut same = true;
    for scheduler in &request.schedulers {
        let mut found = Found::default();
        while (found.decisions < request.decisions || found.tables < request.tables)
            && found.differences.len() < ENOUGH
        {
            let seed = request.seed + found.tables;
            live(&mut kernel, &mut wire, *scheduler, seed, &mut found)
                .with_context(|| format!("table {seed} of {scheduler}"))?;
        }
        found.print(*scheduler);
        same &= !found.differs();
    }
    Ok(same)
}

/// The life of one table.
fn live(
    kernel: &mut LinuxKernel,
    wire: &mut Wire,
    scheduler: Scheduler,
    seed: u64,
    found: &mut Found,
) -> anyhow::Result<()> {
    let mut case = Case::new(scheduler, seed);
    let mut lockstep = Lockstep::begin(kernel, wire, &case)?;
    let mut first = case.first().into_iter();
    for _ in 0..DEEDS {
        let deed = first.next().unwrap_or_else(|| case.happens());
        match lockstep.play(deed)? {
            Shown::Same => {}
            Shown::Open => {
                found.open += 1;
                break;
            }
            Shown::Different(what) => {
                found.differences.push(told(&lockstep.story, &what, seed));
                break;
            }
        }
        found.deeds += 1;
    }
    found.tables += 1;
    found.decisions += lockstep.decisions;
    found.six += if case.family == Family::Six { lockstep.decisions } else { 0 };
    found.answers += lockstep.answers;
    found.told += lockstep.talk.told;
    found.dice.add(&lockstep.dice);
    Ok(())
}

/// A difference with the table that shows it and the last that happened to it.
fn told(story: &[String], what: &str, seed: u64) -> String {
    let (head, rest) = story.split_first().map_or(("", story), |(head, rest)| (head, rest));
    let rest = &rest[rest.len().saturating_sub(LINES)..];
    format!("table {seed}, {head}: {what}\n    {}", rest.join("\n    "))
}

impl Found {
    fn differs(&self) -> bool {
        !self.differences.is_empty() || self.dice.deviation().is_some_and(|far| far > FAR)
    }

    fn print(&self, scheduler: Scheduler) {
        let Self { tables, open, deeds, decisions, six, answers, told, differences, dice } = self;
        println!(
            "{scheduler:<6} {tables:>5} tables ({open} ended where the order of two timers was \
             open), {deeds} deeds, {decisions} decisions ({six} over IPv6), {answers} answers \
             behind NAT, {told} entries told: {} differences",
            differences.len()
        );
        if let Some(far) = dice.deviation() {
            let Dice { throws, named, expected, .. } = dice;
            println!(
                "       its dice named the likeliest {named} times of {throws}, {expected:.0} \
                 expected: {far:.1} standard deviations off"
            );
        }
        for difference in differences {
            println!("  DIFFERENT {difference}");
        }
    }
}
