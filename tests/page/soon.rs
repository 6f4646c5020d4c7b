//! How soon a change is seen.

use crate::Trial;
use e2e::processes::{Outcome, run, until};
use std::time::{Duration, Instant};

/// A change must be seen in this time.
pub(crate) const SOON: Duration = Duration::from_secs(1);
const SHOWN: Duration = Duration::from_secs(10);
/// Changes of a round. An even number: what was begun is ended.
const TIMES: u8 = 20;
/// What else the machine does can make a round late; it does not make three late.
const ROUNDS: usize = 3;

/// Makes changes until one round of them is seen soon enough, or all rounds are over: how long the
/// last of each took to be seen.
pub(crate) fn rounds(mut change: impl FnMut(bool) -> Outcome<()>) -> Outcome<Vec<Duration>> {
    let mut longest: Vec<Duration> = Vec::new();
    while longest.len() < ROUNDS && longest.last().is_none_or(|most| *most >= SOON) {
        let mut most = Duration::ZERO;
        for number in 0..TIMES {
            let given = Instant::now();
            change(number % 2 == 0)?;
            most = most.max(given.elapsed());
        }
        longest.push(most);
    }
    Ok(longest)
}

/// Shows what came of the rounds.
pub(crate) fn told(trial: &mut Trial, what: &str, longest: &[Duration]) {
    let holds = longest.last().is_some_and(|most| *most < SOON);
    let all: Vec<String> = longest.iter().map(|most| most.as_millis().to_string()).collect();
    trial.hold(what, holds, format_args!("{} ms at most, of {TIMES}", all.join(", then ")));
}

/// Gives orders to the director and looks for them on the page, each as soon as the other is seen.
pub(crate) fn page(trial: &mut Trial) -> Outcome<()> {
    trial.browser.see("if (!state.open.has('web003')) turn('web003')")?;
    let word = "[...document.querySelectorAll('.inside tbody tr')].map((row) => \
         row.children[1].textContent.split(' ')[0])[0]";
    let server = "state.status.services.find((it) => it.name === 'web003').servers[0].address";
    let server = trial.browser.see(server)?.as_str().unwrap_or_default().to_owned();
    let longest = rounds(|goes| {
        order(trial, if goes { "on" } else { "off" }, &server)?;
        until(SHOWN, || {
            let shown = trial.browser.see(word)?;
            match (shown == "maintenance") == goes {
                true => Ok(()),
                false => Err(format!("the page shows {shown}")),
            }
        })
    })?;
    told(trial, "a change is seen within a second", &longest);
    Ok(())
}

/// Begins or ends the maintenance of a server.
pub(crate) fn order(trial: &Trial, switch: &str, server: &str) -> Outcome<()> {
    let director = trial.director.display().to_string();
    let socket = trial.folder.join("d1.sock").display().to_string();
    run(&director, &["maintenance", switch, server, "--control", &socket]).map(|_| ())
}
