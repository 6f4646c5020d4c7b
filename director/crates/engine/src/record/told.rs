//! Each kind of input by its word, and its facts as JSON.

use super::Cause;
use super::delta::Delta;
use director_core::Input;
use director_core::beat::{Beat, Body, Kind, LinkId};
use director_core::input::{FailedStep, Reconciled};
use director_core::name::NodeName;
use director_core::observed::Snapshot;
use director_core::plan::Step;
use director_core::probe::{Phase, Phases};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What stands for facts where there are none.
const NONE: &str = "-";

/// What both who writes and who reads have seen so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// What each peer said last.
    bodies: BTreeMap<NodeName, Arc<Body>>,
    /// What the kernel held last.
    found: Arc<Snapshot>,
}

/// What a beat says: in full, or what its sender said before.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Said {
    Again(NodeName),
    New(Arc<Body>),
}

/// A pass over the kernel.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pass {
    number: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    done: Vec<Step>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failed: Vec<FailedStep>,
    found: Result<Delta, String>,
}

type Read<T> = Result<T, String>;

/// The word of a cause, and its facts.
pub(super) fn written(
    cause: &Cause,
    known: &mut Known,
) -> serde_json::Result<(&'static str, String)> {
    let input = match cause {
        Cause::Start => return Ok(("start", NONE.into())),
        Cause::Ordered(order, by) => return with("ordered", &(order, by)),
        Cause::Told(input) => input,
    };
    match input {
        Input::Deadline => Ok(("deadline", NONE.into())),
        Input::KernelChanged => Ok(("kernel", NONE.into())),
        Input::Stop => Ok(("stop", NONE.into())),
        Input::Beat { link, beat } => {
            with("beat", &(link, beat.kind, beat.sequence, known.say(&beat.body)))
        }
        Input::Rejected { link, from, why, owns } => with("rejected", &(link, from, why, owns)),
        Input::Advert(arrival) => with("advert", arrival),
        Input::ProbeFinished { ticket, outcome, phases } => {
            let phases: Vec<(Phase, u128)> =
                phases.iter().map(|(phase, took)| (phase, took.as_micros())).collect();
            with("check", &(ticket, outcome, phases))
        }
        Input::Reconciled(result) => with("pass", &known.pass(result)),
        Input::LinkChanged { interface, up } => with("carrier", &(interface, up)),
        Input::WitnessAnswered { witness, question } => with("witness", &(witness, question)),
        Input::VoterAnswered(answer) => with("voter", answer),
        Input::Fenced { peer, result } => with("fenced", &(peer, result)),
        Input::AlertEnded { channel, number, result } => with("alert", &(channel, number, result)),
        Input::Reload(config) => with("reload", config),
        Input::Order(order) => with("order", order),
        Input::MaintenanceFiles(files) => with("maintenance", files),
    }
}

/// The reverse of [`written`].
pub(super) fn read(word: &str, facts: &str, known: &mut Known) -> Read<Cause> {
    let input = match word {
        "start" => return none(facts).map(|()| Cause::Start),
        "ordered" => {
            let (order, by) = json(facts)?;
            return Ok(Cause::Ordered(order, by));
        }
        "deadline" => none(facts).map(|()| Input::Deadline)?,
        "kernel" => none(facts).map(|()| Input::KernelChanged)?,
        "stop" => none(facts).map(|()| Input::Stop)?,
        "beat" => {
            let (link, kind, sequence, said): (LinkId, Kind, u64, Said) = json(facts)?;
            let body = known.said(said)?;
            Input::Beat { link, beat: Beat { kind, sequence, body } }
        }
        "rejected" => {
            let (link, from, why, owns) = json(facts)?;
            Input::Rejected { link, from, why, owns }
        }
        "advert" => Input::Advert(json(facts)?),
        "check" => {
            let (ticket, outcome, parts): (_, _, Vec<(Phase, u64)>) = json(facts)?;
            let mut phases = Phases::default();
            parts.iter().for_each(|(phase, it)| phases.add(*phase, Duration::from_micros(*it)));
            Input::ProbeFinished { ticket, outcome, phases }
        }
        "pass" => Input::Reconciled(known.passed(json(facts)?)),
        "carrier" => {
            let (interface, up) = json(facts)?;
            Input::LinkChanged { interface, up }
        }
        "witness" => {
            let (witness, question) = json(facts)?;
            Input::WitnessAnswered { witness, question }
        }
        "voter" => Input::VoterAnswered(json(facts)?),
        "fenced" => {
            let (peer, result) = json(facts)?;
            Input::Fenced { peer, result }
        }
        "alert" => {
            let (channel, number, result) = json(facts)?;
            Input::AlertEnded { channel, number, result }
        }
        "reload" => Input::Reload(json(facts)?),
        "order" => Input::Order(json(facts)?),
        "maintenance" => Input::MaintenanceFiles(json(facts)?),
        unknown => return Err(format!("nothing is called `{unknown}` in this form")),
    };
    Ok(Cause::Told(input))
}

impl Known {
    /// Nothing but what the kernel held at first.
    pub(super) fn of(found: &Snapshot) -> Self {
        Self { bodies: BTreeMap::new(), found: Arc::new(found.clone()) }
    }

    fn say(&mut self, body: &Arc<Body>) -> Said {
        if self.bodies.get(&body.node) == Some(body) {
            return Said::Again(body.node.clone());
        }
        self.bodies.insert(body.node.clone(), Arc::clone(body));
        Said::New(Arc::clone(body))
    }

    fn said(&mut self, said: Said) -> Read<Arc<Body>> {
        match said {
            Said::Again(node) => {
                let body = self.bodies.get(&node).cloned();
                body.ok_or_else(|| format!("{node} has said nothing before"))
            }
            Said::New(body) => {
                self.bodies.insert(body.node.clone(), Arc::clone(&body));
                Ok(body)
            }
        }
    }

    fn pass(&mut self, result: &Reconciled) -> Pass {
        let found = result.found.as_ref().map_err(Clone::clone).map(|found| {
            let delta = Delta::between(&self.found, found);
            self.found = Arc::clone(found);
            delta
        });
        let (done, failed) = (result.done.clone(), result.failed.clone());
        Pass { number: result.number, done, failed, found }
    }

    fn passed(&mut self, pass: Pass) -> Reconciled {
        let Pass { number, done, failed, found } = pass;
        let found = found.map(|delta| {
            delta.apply(Arc::make_mut(&mut self.found));
            Arc::clone(&self.found)
        });
        Reconciled { number, done, failed, found }
    }
}

fn with(word: &'static str, facts: &impl Serialize) -> serde_json::Result<(&'static str, String)> {
    Ok((word, serde_json::to_string(facts)?))
}

pub(super) fn json<T: DeserializeOwned>(facts: &str) -> Read<T> {
    serde_json::from_str(facts).map_err(|error| format!("its facts are not understood: {error}"))
}

fn none(facts: &str) -> Read<()> {
    if facts == NONE { Ok(()) } else { Err(format!("`{facts}` where there are no facts")) }
}
