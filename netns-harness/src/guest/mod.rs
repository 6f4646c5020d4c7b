//! The inside of a run: builds the topology, plays the timeline, and stops everything.

mod agent;
mod capture;
pub(crate) mod mounts;
mod requests;
mod returning;
mod spent;
mod switch;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use scenario::Event;
use serde::{Deserialize, Serialize};

use crate::clock::{self, Alarm};
use crate::plan::{Deed, Node, Order, Plan, Port, Resource, Role, Setup, Step};
use crate::record::Recorder;
use agent::Agent;
use switch::Switches;

/// Where every process of the guest finds the run directory.
pub(crate) const RUN: &str = "/mnt/run";
/// Where every process of the guest finds the host's own files, also those below `/tmp`.
pub(crate) const HOST: &str = "/mnt/host";
/// What stands on a node's disk and survives a power loss.
pub(crate) const DISKS: &str = "/mnt/disk";

/// The guest's last word, in `outcome.json` of the run directory.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Why the scenario could not be played to its end; absent when it was.
    pub(crate) error: Option<String>,
}

/// Plays the plan in the run directory and writes the outcome there; powers a machine off.
pub(crate) fn run(directory: &Path, machine: bool) -> anyhow::Result<()> {
    let played = mounts::guest(directory, machine).and_then(|()| play());
    let outcome = Outcome { error: played.as_ref().err().map(|error| format!("{error:#}")) };
    let written = serde_json::to_string(&outcome)
        .map_err(anyhow::Error::from)
        .and_then(|text| Ok(fs::write(Path::new(RUN).join("outcome.json"), text)?));
    if machine {
        if let Err(error) = written {
            eprintln!("no outcome: {error:#}; {outcome:?}");
        }
        rustix::system::reboot(rustix::system::RebootCommand::PowerOff)?;
    }
    played
}

fn play() -> anyhow::Result<()> {
    let text = fs::read_to_string(Path::new(RUN).join("plan.json")).context("reading the plan")?;
    let plan: Plan = serde_json::from_str(&text).context("reading the plan")?;
    let recorder = Recorder::open(&Path::new(RUN).join("records/timeline.jsonl"))?;
    let switches = Switches::build(&plan.segments)?;
    let captures = capture::start(&plan)?;
    spent::begin(&plan)?;
    returning::begin(&plan)?;
    let mut lab = Lab { plan: &plan, recorder, agents: BTreeMap::new(), switches };
    for node in &plan.nodes {
        lab.power_on(node)?;
    }
    switch::settle()?;
    // Whatever happens before the start is recorded as of the start.
    let start = clock::now() + plan.head_start;
    lab.recorder.begin(start);
    lab.begin(start)?;
    let alarm = Alarm::new().context("a timer")?;
    for step in &plan.steps {
        alarm.sleep_until(start + step.at).context("waiting")?;
        lab.step(step, start).with_context(|| format!("statement {:?}", step.text))?;
    }
    if plan.stays {
        requests::serve(&mut lab, start)?;
    } else {
        alarm.sleep_until(start + plan.length).context("waiting")?;
    }
    lab.finish()?;
    captures.finish();
    Ok(())
}

struct Lab<'a> {
    plan: &'a Plan,
    recorder: Recorder,
    agents: BTreeMap<String, Agent>,
    switches: Switches,
}

impl<'a> Lab<'a> {
    fn power_on(&mut self, node: &Node) -> anyhow::Result<()> {
        let mut agent = Agent::spawn(&node.name)?;
        self.switches.connect(node, agent.pid())?;
        match switch::delay(&node.ports) {
            // The guests' own kernels have netem; a machine's may not, and its network is not
            // without latency either.
            Err(error) if !self.plan.machine => {
                self.note(&node.name, &format!("no latency was added: {error:#}"))?;
            }
            other => other?,
        }
        agent.order(&Order::Build(Box::new(Setup {
            node: node.clone(),
            length: self.plan.length,
            look: self.plan.look,
            addresses: self.plan.addresses.clone(),
            group: self.plan.counting.computing.then(|| spent::group(&node.name)),
            hardware: self.plan.hardware.clone(),
        })))?;
        self.agents.insert(node.name.clone(), agent);
        Ok(())
    }

    /// Directors before clients, as in a building where the lights go on before the doors open.
    fn begin(&mut self, start: Duration) -> anyhow::Result<()> {
        let (routers, others): (Vec<&Node>, Vec<&Node>) =
            self.plan.nodes.iter().partition(|node| matches!(node.role, Role::Router { .. }));
        for node in others.into_iter().chain(routers) {
            self.agent(&node.name)?.order(&Order::Begin(start))?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step, start: Duration) -> anyhow::Result<()> {
        // Power is lost when the last frame has left, which a busy machine does later than it was
        // told: what a scenario demands within a time of the loss counts from there.
        let losing: Vec<&'a Port> = step.deeds.iter().flat_map(|deed| self.losing(deed)).collect();
        if !losing.is_empty() {
            self.switches.silence(losing.into_iter())?;
        }
        self.recorder.now(Event::Statement { index: step.index, text: step.text.clone() });
        step.deeds.iter().try_for_each(|deed| self.deed(deed, start))
    }

    fn deed(&mut self, deed: &Deed, start: Duration) -> anyhow::Result<()> {
        match deed {
            Deed::PowerOff(name) => self.power_off(name),
            Deed::PowerOn(name) => {
                if self.agents.contains_key(name) {
                    return self.note(name, "has power already");
                }
                let node = self.plan.nodes.iter().find(|node| node.name == *name);
                self.power_on(node.with_context(|| format!("no node {name}"))?)?;
                self.agent(name)?.order(&Order::Begin(start))
            }
            Deed::Order(name, _) if !self.agents.contains_key(name) => {
                self.note(name, "has no power; nothing was done")
            }
            Deed::Order(_, Order::Exhaust(Resource::Modules)) if !self.plan.machine => {
                anyhow::bail!("the kernel modules here are those of this machine")
            }
            Deed::Order(name, order) => self.agent(name)?.order(order),
            Deed::Wires(wires) => self.switches.set(wires),
            Deed::Forget(segment) => switch::forget(segment),
            Deed::Clock(by) if self.plan.machine => clock::leap(*by).context("the wall clock"),
            Deed::Clock(_) => anyhow::bail!("the wall clock here is that of this machine"),
        }
    }

    /// The ports of a node that is about to lose its power.
    fn losing(&self, deed: &Deed) -> &'a [Port] {
        let Deed::PowerOff(name) = deed else { return &[] };
        if self.agents.contains_key(name) { self.ports(name) } else { &[] }
    }

    fn ports(&self, name: &str) -> &'a [Port] {
        let node = self.plan.nodes.iter().find(|node| node.name == name);
        node.map(|node| node.ports.as_slice()).unwrap_or_default()
    }

    fn power_off(&mut self, name: &str) -> anyhow::Result<()> {
        let Some(agent) = self.agents.remove(name) else {
            return self.note(name, "has no power already");
        };
        drop(agent);
        self.switches.remove(self.ports(name))
    }

    fn finish(mut self) -> anyhow::Result<()> {
        for agent in self.agents.values_mut() {
            agent.order(&Order::Finish)?;
        }
        returning::finish(self.plan, &self.recorder)?;
        spent::finish(self.plan, &self.recorder)
    }

    fn agent(&mut self, name: &str) -> anyhow::Result<&mut Agent> {
        self.agents.get_mut(name).with_context(|| format!("node {name} has no power"))
    }

    fn note(&self, node: &str, text: &str) -> anyhow::Result<()> {
        self.recorder.now(Event::Note { node: Some(node.to_owned()), text: text.to_owned() });
        Ok(())
    }
}
