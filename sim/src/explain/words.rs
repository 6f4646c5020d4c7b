//! Causes and consequences in words.

use super::trail::Step;
use crate::net::packet::NodeId;
use director_core::beat::{Kind, LinkId};
use director_core::report::Level;
use director_core::time::Reason;
use director_core::vote::Answer as Vote;
use director_core::{Effect, Input};
use director_engine::record::Cause;
use std::net::{IpAddr, SocketAddr};

/// Who is who.
pub(crate) trait Names {
    /// What an address is called.
    fn node(&self, address: IpAddr) -> String;

    /// What a node calls one of its heartbeat links.
    fn link(&self, node: NodeId, link: LinkId) -> String;
}

/// What happens to a director and what it does, told with names.
pub(crate) struct Words<'a> {
    pub(crate) names: &'a dyn Names,
}

impl Words<'_> {
    /// Why the step was made.
    pub(crate) fn cause(&self, step: &Step) -> String {
        let link = |link: LinkId| self.link(step, link);
        match &step.turn.cause {
            Cause::Start => "its process begins".to_owned(),
            Cause::Ordered(order, by) => format!("order of {by}: {order}"),
            Cause::Told(Input::Deadline) => match step.why {
                Some(reason) => format!("timer: {}", timer(reason)),
                None => "timer".to_owned(),
            },
            Cause::Told(Input::Beat { link: over, beat }) => {
                let claims: Vec<String> = beat
                    .body
                    .claims
                    .iter()
                    .map(|(group, claim)| format!("{group} {}", lower(&format!("{claim:?}"))))
                    .collect();
                let kind = match beat.kind {
                    Kind::Regular => "heartbeat",
                    Kind::Ask => "question",
                    Kind::Answer { .. } => "answer",
                    Kind::Goodbye => "goodbye",
                };
                let (node, said) = (&beat.body.node, claims.join(", "));
                format!("{kind} {} of {node} over {}: {said}", beat.sequence, link(*over))
            }
            Cause::Told(Input::Rejected { link: over, from, why, .. }) => {
                format!("a packet of {} over {}: {why}", self.node(*from), link(*over))
            }
            Cause::Told(Input::Advert(arrival)) => {
                let from = self.node(arrival.from);
                match &arrival.said {
                    Ok(advert) => format!("an advert of {from}, priority {}", advert.priority),
                    Err(why) => format!("a packet of {from} for VRRP: {why}"),
                }
            }
            Cause::Told(Input::ProbeFinished { outcome, .. }) => match outcome {
                Ok(_) => "a check has succeeded".to_owned(),
                Err(failure) => format!("a check has failed: {failure}"),
            },
            Cause::Told(Input::Reconciled(result)) => {
                let mut parts: Vec<String> =
                    result.done.iter().map(|step| step.to_string()).collect();
                let failed = result.failed.iter();
                parts.extend(failed.map(|failed| format!("NOT {}: {}", failed.step, failed.why)));
                let parts =
                    if parts.is_empty() { "nothing to do".into() } else { parts.join("; ") };
                format!("the kernel, pass {}: {parts}", result.number)
            }
            Cause::Told(Input::LinkChanged { interface, up }) => {
                format!("{interface} has {} carrier", if *up { "its" } else { "no" })
            }
            Cause::Told(Input::WitnessAnswered { witness, .. }) => {
                format!("witness {} has answered", self.node(*witness))
            }
            Cause::Told(Input::VoterAnswered(answer)) => voted(answer),
            Cause::Told(Input::Fenced { peer, result }) => match result {
                Ok(()) => format!("{peer} is fenced"),
                Err(why) => format!("{peer} is not fenced: {why}"),
            },
            Cause::Told(Input::AlertEnded { channel, number, result }) => match result {
                Ok(()) => format!("alert {number} by {channel} is delivered"),
                Err(error) => format!("alert {number} by {channel} is not: {}", error.why),
            },
            Cause::Told(Input::KernelChanged) => "the kernel has changed".to_owned(),
            Cause::Told(Input::Reload(_)) => "it is to read its configuration".to_owned(),
            Cause::Told(Input::Order(order)) => format!("order: {order}"),
            Cause::Told(Input::MaintenanceFiles(_)) => "files of maintenance".to_owned(),
            Cause::Told(Input::Stop) => "it is to stop".to_owned(),
        }
    }

    /// Its cause, and after it what came of it.
    pub(crate) fn parts(&self, step: &Step, all: bool) -> Vec<String> {
        let consequences = self.consequences(step, all).into_iter();
        let consequences = consequences.map(|text| format!("→ {text}"));
        std::iter::once(self.cause(step)).chain(consequences).collect()
    }

    /// What came of it; what is sent or asked alike is said once.
    pub(crate) fn consequences(&self, step: &Step, all: bool) -> Vec<String> {
        let told = step.turn.reports.iter().filter(|report| all || report.level() != Level::Debug);
        let mut found: Vec<String> = told.map(|report| report.to_string()).collect();
        let mut alike: Vec<(String, usize)> = Vec::new();
        for effect in &step.turn.effects {
            let is_routine =
                matches!(effect, Effect::Send { beat, .. } if beat.kind == Kind::Regular);
            let Some(text) = self.effect(step, effect).filter(|_| all || !is_routine) else {
                continue;
            };
            match alike.iter_mut().find(|(known, _)| *known == text) {
                Some((_, count)) => *count += 1,
                None => alike.push((text, 1)),
            }
        }
        found.extend(alike.into_iter().map(|(text, count)| match count {
            1 => text,
            count => format!("{text} ({count} times)"),
        }));
        found
    }

    fn effect(&self, step: &Step, effect: &Effect) -> Option<String> {
        Some(match effect {
            Effect::Send { link, to, beat } => {
                let (to, over) = (self.node(to.ip()), self.link(step, *link));
                match beat.kind {
                    Kind::Regular => format!("tells {to} over {over}"),
                    Kind::Ask => format!("asks {to} over {over}"),
                    Kind::Answer { .. } => format!("answers {to} over {over}"),
                    Kind::Goodbye => format!("takes leave of {to} over {over}"),
                }
            }
            Effect::Advertise { interface, advert, .. } => {
                format!("advertises priority {} by {interface}", advert.priority)
            }
            Effect::StartProbe { probe, .. } => format!("checks {}", self.socket(probe.target)),
            Effect::CancelProbe { .. } => "gives up a check".to_owned(),
            Effect::Reconcile { number, .. } => format!("asks the kernel for pass {number}"),
            Effect::Announce { address } => format!("announces {address}"),
            Effect::AskWitness { witness, .. } => format!("asks witness {}", self.node(*witness)),
            Effect::AskVoter { voter, .. } => format!("asks voter {}", self.node(voter.ip())),
            Effect::Fence { peer } => format!("has {peer} fenced"),
            Effect::Alert { channel, notice } => {
                format!("alerts {channel}: {}", notice.subject())
            }
            Effect::Exit => "ends".to_owned(),
        })
    }

    fn link(&self, step: &Step, link: LinkId) -> String {
        self.names.link(step.node, link)
    }

    fn node(&self, address: IpAddr) -> String {
        self.names.node(address)
    }

    fn socket(&self, target: SocketAddr) -> String {
        format!("{}:{}", self.node(target.ip()), target.port())
    }
}

fn lower(word: &str) -> String {
    word.to_lowercase()
}

pub(crate) fn timer(reason: Reason) -> &'static str {
    match reason {
        Reason::BeatDue => "a heartbeat is due",
        Reason::PeerLate => "a peer is late",
        Reason::FenceDue => "a silent peer is to be fenced",
        Reason::WitnessDue => "a witness is to be asked, or is late",
        Reason::InitialWaitOver => "it has listened long enough",
        Reason::ElectionOver => "nobody better has taken the group",
        Reason::FailbackDue => "the failback has waited long enough",
        Reason::TakingOverdue => "a takeover takes too long",
        Reason::ReleaseOverdue => "a release takes too long",
        Reason::AdvertDue => "an advert is due",
        Reason::ActiveDown => "the active router is silent",
        Reason::AnnounceDue => "an announcement is due",
        Reason::ProbeDue => "a check is due",
        Reason::ProbeTimeout => "a check has used up its time",
        Reason::LeaseDue => "a lease is to be renewed",
        Reason::WeightStep => "a server gets more of its weight",
        Reason::DrainOver => "a server has drained long enough",
        Reason::AlertDue => "an alert is due",
        Reason::Resync => "the kernel is to be compared",
    }
}

fn voted(answer: &Vote) -> String {
    let (granted, refused) = (answer.granted.len(), answer.refused.len());
    format!("the voter grants {granted} groups and refuses {refused}")
}
