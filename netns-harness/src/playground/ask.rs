//! Questions to the guest: a file for each, and a file for each answer.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::session::Session;
use crate::failure::Failure;
use crate::plan::{ANSWERS, REQUESTS, Request, Told};

/// A command in the guest gets ten seconds; whoever asks waits a little longer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often the answer is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// Asks and waits for the answer.
pub(super) fn ask(session: &Session, request: &Request) -> Result<Told, Failure> {
    // Each process asks for one thing after the other.
    let name = format!("{:08x}", std::process::id());
    let text = serde_json::to_string(request).context("a request")?;
    let requests = session.path.join(REQUESTS);
    // A hidden name: nobody reads half of it.
    let fresh = requests.join(format!(".{name}"));
    fs::write(&fresh, text).context("asking")?;
    fs::rename(&fresh, requests.join(&name)).context("asking")?;
    let answer = session.path.join(ANSWERS).join(&name);
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok(text) = fs::read_to_string(&answer) {
            // The next question has the same name.
            let _ = fs::remove_file(&answer);
            let told: Told = serde_json::from_str(&text).context("an answer")?;
            return match told.error {
                Some(error) => Err(Failure::Input(error)),
                None => Ok(told),
            };
        }
        if !session.is_kept() {
            return Err(Failure::Broken(anyhow::anyhow!(
                "the playground has ended; director-lab down removes what is left of it"
            )));
        }
        if Instant::now() > deadline {
            let limit = PATIENCE.as_secs();
            return Err(Failure::Broken(anyhow::anyhow!("no answer within {limit} s")));
        }
        // Another kernel's file system tells nobody of a new file.
        std::thread::sleep(LOOK);
    }
}
