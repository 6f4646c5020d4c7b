//! What a playground is asked from outside, until it is asked to end.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::{Lab, RUN};
use crate::clock;
use crate::plan::{ANSWERS, Answer, Order, READY, REQUESTS, Request, Told};

/// How often requests are looked for.
const LOOK: Duration = Duration::from_millis(20);

/// Answers requests in the order of their names; ends with [`Request::Down`].
pub(super) fn serve(lab: &mut Lab<'_>, start: Duration) -> anyhow::Result<()> {
    let run = Path::new(RUN);
    fs::write(run.join(READY), "").context("saying that it is up")?;
    loop {
        for name in waiting(&run.join(REQUESTS))? {
            let path = run.join(REQUESTS).join(&name);
            let text = fs::read_to_string(&path).context("a request")?;
            fs::remove_file(&path).context("a request")?;
            let request = serde_json::from_str(&text).context("a request")?;
            let is_last = matches!(request, Request::Down);
            let told = lab.told(&request, start).unwrap_or_else(|error| Told {
                error: Some(format!("{error:#}")),
                ..Told::default()
            });
            let fresh = run.join(ANSWERS).join(format!(".{name}"));
            fs::write(&fresh, serde_json::to_string(&told)?).context("an answer")?;
            fs::rename(fresh, run.join(ANSWERS).join(&name)).context("an answer")?;
            if is_last {
                return Ok(());
            }
        }
        clock::sleep_until(clock::now() + LOOK);
    }
}

/// The names of complete requests.
fn waiting(directory: &Path) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(directory).context("the requests")?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    Ok(names)
}

impl Lab<'_> {
    fn told(&mut self, request: &Request, start: Duration) -> anyhow::Result<Told> {
        match request {
            Request::Down => {}
            Request::Step(step) => self.step(step, start)?,
            Request::Exec { node, command } => {
                let order = Order::Exec(command.clone());
                if let Answer::Said { status, output } = self.agent(node)?.ask(&order)? {
                    return Ok(Told { error: None, status, output });
                }
            }
        }
        Ok(Told::default())
    }
}
