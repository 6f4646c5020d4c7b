//! What a report means to those who are told of troubles.

use super::Occasion;
use crate::beat::LinkId;
use crate::config::Config;
use crate::name::{NodeName, ServiceName};
use crate::report::{FenceState, Health, PeerState, Report, Role};
use alloc::format;
use alloc::string::{String, ToString};
use core::net::SocketAddr;

/// Something that is wrong for a while. One of each at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    Server(ServiceName, SocketAddr),
    Fallback(ServiceName),
    Unserved(ServiceName),
    Quorum(ServiceName),
    Panic(ServiceName),
    Peer(NodeName),
    Link(NodeName, LinkId),
    Witness,
    Fencing(NodeName),
    Configuration(NodeName),
}

impl Trouble {
    pub(super) fn service(&self) -> Option<&ServiceName> {
        match self {
            Self::Server(service, _)
            | Self::Fallback(service)
            | Self::Unserved(service)
            | Self::Quorum(service)
            | Self::Panic(service) => Some(service),
            _ => None,
        }
    }

    fn occasion(&self) -> Occasion {
        match self {
            Self::Server(..) => Occasion::Server,
            Self::Fallback(_) => Occasion::Fallback,
            Self::Unserved(_) => Occasion::Unserved,
            Self::Quorum(_) => Occasion::Quorum,
            Self::Panic(_) => Occasion::Panic,
            Self::Peer(_) => Occasion::Peer,
            Self::Link(..) => Occasion::Link,
            Self::Witness => Occasion::Witness,
            Self::Fencing(_) => Occasion::Fencing,
            Self::Configuration(_) => Occasion::Configuration,
        }
    }

    /// Whether the configuration still has what it is about.
    pub(super) fn is_in(&self, config: &Config) -> bool {
        match self {
            Self::Server(service, server) => {
                let service = config.services.get(service);
                service.is_some_and(|service| service.servers.contains_key(server))
            }
            Self::Peer(peer)
            | Self::Link(peer, _)
            | Self::Fencing(peer)
            | Self::Configuration(peer) => config.nodes.contains_key(peer),
            _ => self.service().is_none_or(|name| config.services.contains_key(name)),
        }
    }
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Begins(Trouble),
    Ends(Trouble),
    News(Occasion, Option<ServiceName>),
}

/// Something that may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) turn: Turn,
    pub(super) what: String,
    pub(super) place: String,
    pub(super) why: String,
}

impl Event {
    pub(super) fn occasion(&self) -> Occasion {
        match &self.turn {
            Turn::Begins(trouble) | Turn::Ends(trouble) => trouble.occasion(),
            Turn::News(occasion, _) => *occasion,
        }
    }

    pub(super) fn service(&self) -> Option<&ServiceName> {
        match &self.turn {
            Turn::Begins(trouble) | Turn::Ends(trouble) => trouble.service(),
            Turn::News(_, service) => service.as_ref(),
        }
    }
}

/// What the report means; `None` when nobody is told of it.
pub(super) fn of(report: &Report) -> Option<Event> {
    of_service(report).or_else(|| of_cluster(report)).or_else(|| of_director(report))
}

fn event(turn: Turn, what: impl Into<String>, place: String, why: impl ToString) -> Event {
    Event { turn, what: what.into(), place, why: why.to_string() }
}

fn turn(begins: bool, trouble: Trouble) -> Turn {
    if begins { Turn::Begins(trouble) } else { Turn::Ends(trouble) }
}

fn of_service(report: &Report) -> Option<Event> {
    let at =
        |service: &ServiceName, server: &SocketAddr| format!("service {service}, server {server}");
    let of = |service: &ServiceName| format!("service {service}");
    Some(match report {
        Report::Server { state: Health::Unknown, .. } => return None,
        Report::Server { service, server, state, why } => {
            let turn = turn(*state == Health::Down, Trouble::Server(service.clone(), *server));
            event(turn, format!("server {server} is {state}"), at(service, server), why)
        }
        Report::Flapping { service, server, falls, hold_ms } => event(
            Turn::News(Occasion::Flapping, Some(service.clone())),
            format!("server {server} goes up and down"),
            at(service, server),
            format!("down {falls} times; it stays out until it has not failed for {hold_ms} ms"),
        ),
        Report::Certificate { service, server, days } => event(
            Turn::News(Occasion::Certificate, Some(service.clone())),
            format!("the certificate of server {server} ends in {days} days"),
            at(service, server),
            "renew it",
        ),
        Report::Fallback { service, serving } => {
            let what = if *serving { "the fallback serves" } else { "its own servers serve" };
            let why = if *serving { "no usable server is left" } else { "one is usable again" };
            event(turn(*serving, Trouble::Fallback(service.clone())), what, of(service), why)
        }
        Report::Unserved { service, unserved } => {
            let what = if *unserved { "nobody serves" } else { "it is served" };
            let why = if *unserved {
                "no usable server is left and there is no fallback"
            } else {
                "a server is usable again"
            };
            event(turn(*unserved, Trouble::Unserved(service.clone())), what, of(service), why)
        }
        Report::Quorum { service, reached } => {
            let what = if *reached { "it has its quorum" } else { "it is below its quorum" };
            let why = if *reached { "enough weight is usable" } else { "too little is usable" };
            event(turn(!*reached, Trouble::Quorum(service.clone())), what, of(service), why)
        }
        Report::Panic { service, begun } => {
            let what = if *begun { "its checks are not believed" } else { "checks count again" };
            let why = if *begun { "so few servers pass them" } else { "enough servers pass them" };
            event(turn(*begun, Trouble::Panic(service.clone())), what, of(service), why)
        }
        _ => return None,
    })
}

fn of_cluster(report: &Report) -> Option<Event> {
    let of = |peer: &NodeName| format!("peer {peer}");
    Some(match report {
        Report::Role { group, to: Role::Active, why, .. } => {
            let what = format!("this director owns group {group}");
            event(Turn::News(Occasion::Role, None), what, format!("group {group}"), why)
        }
        Report::Role { group, from: Role::Active | Role::Releasing, to, why } => {
            let what = format!("this director no longer owns group {group}: it is {to}");
            event(Turn::News(Occasion::Role, None), what, format!("group {group}"), why)
        }
        Report::Peer { peer, state: PeerState::Dead, why } => {
            event(Turn::Begins(Trouble::Peer(peer.clone())), "it is dead", of(peer), why)
        }
        Report::Peer { peer, state: PeerState::Alive, why } => {
            event(Turn::Ends(Trouble::Peer(peer.clone())), "it is alive", of(peer), why)
        }
        Report::Link { peer, link, interface, up } => {
            let words = if *up { "heard" } else { "no longer heard" };
            let what = format!("it is {words} over {interface}");
            event(turn(!*up, Trouble::Link(peer.clone(), *link)), what, of(peer), "")
        }
        Report::TwoOwners { group, peer, winner, .. } => event(
            Turn::News(Occasion::TwoOwners, None),
            format!("group {group} has two owners, this node and {peer}"),
            format!("group {group}"),
            format!("they did not hear each other; {winner} keeps it"),
        ),
        Report::Witness { reached } => {
            let what = if *reached { "a witness is reached" } else { "no witness is reached" };
            let why = if *reached { "" } else { "this node may be the one that is cut off" };
            event(turn(!*reached, Trouble::Witness), what, "witnesses".into(), why)
        }
        Report::Fencing { peer, state: FenceState::Failed { why } } => {
            let what = "it could not be fenced, and nothing is taken from it";
            event(Turn::Begins(Trouble::Fencing(peer.clone())), what, of(peer), why)
        }
        Report::Fencing { peer, state: FenceState::Succeeded } => {
            event(Turn::Ends(Trouble::Fencing(peer.clone())), "it is fenced", of(peer), "")
        }
        Report::ConfigDiffers { peer, differs } => {
            let which = if *differs { "another configuration" } else { "the same configuration" };
            let turn = turn(*differs, Trouble::Configuration(peer.clone()));
            event(turn, format!("it has {which}"), of(peer), "")
        }
        _ => return None,
    })
}

fn of_director(report: &Report) -> Option<Event> {
    let (occasion, why) = match report {
        Report::StepFailed { why, .. } | Report::ObserveFailed { why } => {
            (Occasion::Kernel, why.as_str())
        }
        Report::Started { .. } | Report::Reloaded | Report::Stopping | Report::Stopped { .. } => {
            (Occasion::Life, "")
        }
        _ => return None,
    };
    let what = match report {
        Report::StepFailed { step, .. } => format!("the kernel refused to {step}"),
        Report::ObserveFailed { .. } => "the kernel could not be asked what it holds".into(),
        _ => report.to_string(),
    };
    Some(event(Turn::News(occasion, None), what, "this director".into(), why))
}
