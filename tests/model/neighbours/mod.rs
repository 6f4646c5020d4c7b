//! The world's neighbour tables beside a kernel's.
//!
//! A host passes packets on to neighbours, who claim each other's addresses, ask, answer and
//! announce themselves, over IPv4 and IPv6; time passes, and a carrier is lost. Compared after
//! every deed and every timer: the state of each address and whose it is, what is asked of whom,
//! where each packet goes, who is answered, and whom the sender of what waited in vain is told of.

mod case;
mod frames;
mod kernel;
mod lockstep;
mod wire;

use anyhow::Context as _;
use case::{Case, Family};
use director_sim::neighbours::Act;
use kernel::Kernel;
use lockstep::Lockstep;
use wire::Wire;

use crate::lockstep::Shown;
use crate::{ENOUGH, told};

/// So many things happen in a story.
const DEEDS: u64 = 60;

/// What came of a family.
#[derive(Default)]
struct Found {
    stories: u64,
    /// Stories that ended early because the order of two moments was open.
    open: u64,
    deeds: u64,
    looks: u64,
    questions: u64,
    answers: u64,
    sent: u64,
    refused: u64,
    differences: Vec<String>,
}

/// Plays stories of each family until there were so many deeds; whether the two are the same.
pub(crate) fn verify(words: &[String]) -> anyhow::Result<bool> {
    let [deeds, seed] = words else { anyhow::bail!("usage: e2e-model neighbours DEEDS SEED") };
    let number = |word: &String| word.parse::<u64>().with_context(|| format!("{word:?}"));
    let (deeds, seed) = (number(deeds)?, number(seed)?);
    let mut wire = Wire::build()?;
    let mut kernel = Kernel::of("lan")?;
    let mut same = true;
    for family in Family::ALL {
        let mut found = Found::default();
        while found.deeds < deeds && found.differences.len() < ENOUGH {
            let seed = seed + found.stories;
            live(&mut kernel, &mut wire, Case::new(family, seed), seed, &mut found)
                .with_context(|| format!("story {seed} of {}", family.name()))?;
        }
        found.print(family);
        same &= found.differences.is_empty();
    }
    Ok(same)
}

fn live(
    kernel: &mut Kernel,
    wire: &mut Wire,
    mut case: Case,
    seed: u64,
    found: &mut Found,
) -> anyhow::Result<()> {
    let mut lockstep = Lockstep::begin(kernel, wire, &case)?;
    for _ in 0..DEEDS {
        match lockstep.play(case.happens())? {
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
    found.stories += 1;
    found.looks += lockstep.looks;
    for act in &lockstep.acts {
        *match act {
            Act::Asks(..) => &mut found.questions,
            Act::Answers(..) => &mut found.answers,
            Act::Sends(..) => &mut found.sent,
            Act::Refuses(_) => &mut found.refused,
        } += 1;
    }
    Ok(())
}

impl Found {
    fn print(&self, family: Family) {
        let Self { stories, open, deeds, looks, questions, answers, sent, refused, differences } =
            self;
        println!(
            "{}: {stories} stories ({open} ended where the order of two moments was open), {deeds} \
             deeds, {looks} looks, {questions} questions, {answers} answers, {sent} packets sent, \
             {refused} refused: {} differences",
            family.name(),
            differences.len()
        );
        for difference in differences {
            println!("  DIFFERENT {difference}");
        }
    }
}
