//! How soon a change is seen.

use crate::Trial;
use e2e::processes::{Outcome, run, until};
use std::time::{Duration, Instant};

/// A change must be seen in this time.
pub(crate) const SOON: Duration = Duration::from_secs(1);
const SHOWN: Duration = Duration::from_secs(10);
pub(crate) const TIMES: u8 = 20;

/// Gives orders to the director and looks for them on the page, each as soon as the other is seen.
pub(crate) fn page(trial: &mut Trial) -> Outcome<()> {
    trial.browser.see("if (!state.open.has('web003')) turn('web003')")?;
    let word = "[...document.querySelectorAll('.inside tbody tr')].map((row) => \
         row.children[1].textContent.split(' ')[0])[0]";
    let server = "state.status.services.find((it) => it.name === 'web003').servers[0].address";
    let server = trial.browser.see(server)?.as_str().unwrap_or_default().to_owned();
    let mut most = Duration::ZERO;
    for number in 0..TIMES {
        let goes = number % 2 == 0;
        let given = Instant::now();
        order(trial, if goes { "on" } else { "off" }, &server)?;
        until(SHOWN, || {
            let shown = trial.browser.see(word)?;
            match (shown == "maintenance") == goes {
                true => Ok(()),
                false => Err(format!("the page shows {shown}")),
            }
        })?;
        most = most.max(given.elapsed());
    }
    let said = format!("{} ms at most, of {TIMES}", most.as_millis());
    trial.hold("a change is seen within a second", most < SOON, said);
    Ok(())
}

/// Begins or ends the maintenance of a server.
pub(crate) fn order(trial: &Trial, switch: &str, server: &str) -> Outcome<()> {
    let director = trial.director.display().to_string();
    let socket = trial.folder.join("d1.sock").display().to_string();
    run(&director, &["maintenance", switch, server, "--control", &socket]).map(|_| ())
}
