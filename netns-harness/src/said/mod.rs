//! Whether what a director says of its table is what the kernel's own tool shows.
//!
//! Three readers of one table, none of which shares code with another: `director status`, the
//! `ipvsadm` of the distribution, and this comparison.

mod shown;
mod told;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use scenario::{Judged, NodeKind, Ruling, Scenario};
use serde::{Deserialize, Serialize};

/// Where the texts stand below the run directory.
pub(crate) const DIRECTORY: &str = "status";

/// What came of the questions to one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Found {
    /// Both answered the same.
    Same {
        /// How many virtual services both have.
        services: usize,
        /// How many destinations both have.
        destinations: usize,
    },
    /// Both answered, and these are the differences.
    Different(Vec<String>),
    /// The director runs and does not answer, or not in a form that can be read.
    Silent(String),
    /// It could not be asked, and this is why.
    NotAsked(String),
}

/// Compares the JSON of `director status --json` with the text of `ipvsadm -Ln`.
///
/// A service or server that the director itself calls foreign may be there besides.
pub(crate) fn compare(status: &str, ipvsadm: &str) -> anyhow::Result<Found> {
    let told = told::read(status).context("the answer of director status")?;
    let shown = shown::read(ipvsadm).context("the answer of ipvsadm")?;
    let differences = told.differences(&shown);
    Ok(if differences.is_empty() {
        let destinations = shown.values().map(|service| service.destinations.len()).sum();
        Found::Same { services: shown.len(), destinations }
    } else {
        Found::Different(differences)
    })
}

/// One line for each director of the scenario, from what its node left in the run directory.
pub(crate) fn judged(scenario: &Scenario, directory: &Path) -> anyhow::Result<Vec<Judged>> {
    let directors =
        scenario.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Director { .. }));
    directors
        .map(|node| {
            let path = directory.join(DIRECTORY).join(format!("{}.found.json", node.name));
            let found = match fs::read_to_string(&path) {
                Ok(text) => serde_json::from_str(&text)
                    .with_context(|| format!("reading {}", path.display()))?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    Found::NotAsked("it has no power at the end".to_owned())
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("reading {}", path.display()));
                }
            };
            Ok(line(&node.name, found, scenario.length))
        })
        .collect()
}

fn line(node: &str, found: Found, end: Duration) -> Judged {
    let text = format!("on {node}, director status says what ipvsadm -Ln shows");
    let ruling = match found {
        Found::Same { services, destinations } => {
            Ruling::Held { measured: format!("services: {services}, destinations: {destinations}") }
        }
        Found::Different(differences) => {
            Ruling::Violated { at: end, facts: differences.join("; ") }
        }
        Found::Silent(facts) => Ruling::Violated { at: end, facts },
        Found::NotAsked(reason) => Ruling::NotJudged { reason },
    };
    Judged { text, ruling }
}

#[cfg(test)]
mod tests;
