//! `[services.NAME]`: virtual services and their real servers.

use crate::address::{Endpoint, endpoint, socket};
use crate::check::{self, check};
use crate::code::Code;
use crate::found::{At, Found};
use crate::policy;
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::{Entry, Value};
use crate::value::{choice, list, named, number};
use director_core::config::{
    Check, Forward, OnFailure, Scheduler, Server, Service, ServiceKey, Weight,
};
use director_core::name::ServiceName;
use std::collections::BTreeMap;
use std::net::SocketAddr;

pub(crate) const KEYS: Keys = Keys {
    known: &[
        "listen",
        "scheduler",
        "forward",
        "check",
        "on-failure",
        "fallback",
        "servers",
        "quorum",
        "panic-threshold",
        "slow-start",
        "flap-damping",
    ],
    later: &[
        ("fwmark", "services by firewall mark"),
        ("protocol", "services other than TCP"),
        ("persistence", "persistent services"),
    ],
};
pub(crate) const SERVER_KEYS: Keys = Keys { known: &["address", "weight"], later: &[] };
const SERVER_EXAMPLE: &str = r#"{ address = "10.0.0.21", weight = 1 }"#;

/// What `[services.NAME]` says, as far as it is valid.
pub(crate) struct Draft {
    pub(crate) name: ServiceName,
    pub(crate) listen: Option<At<SocketAddr>>,
    /// `None` when wrong, `Some(None)` when there is none.
    pub(crate) fallback: Option<Option<At<Endpoint>>>,
    /// `None` when the list itself could not be read.
    pub(crate) servers: Option<At<Servers>>,
    scheduler: Option<Scheduler>,
    forward: Option<Forward>,
    check: Option<Check>,
    on_failure: Option<OnFailure>,
    policy: Option<policy::Draft>,
}

/// The real servers of a service.
pub(crate) struct Servers {
    /// Those that could be read.
    pub(crate) list: Vec<ServerDraft>,
    /// Whether that is all of them.
    pub(crate) complete: bool,
}

/// A real server.
pub(crate) struct ServerDraft {
    pub(crate) endpoint: At<Endpoint>,
    weight: Option<Weight>,
}

impl Draft {
    pub(crate) fn read(entry: &Entry<'_>, found: &mut Found<'_>) -> Option<Self> {
        let name = named(entry.key, &entry.key_span, ServiceName::new, found);
        let title = format!("[services.{}]", entry.key);
        let example = format!("[services.{}] on a line of its own", entry.key);
        let section = Section::open(title, &entry.value, &KEYS, &example, found)?;
        let words: Vec<_> = Scheduler::ALL.iter().map(|it| (it.name(), *it)).collect();
        let on_failure = [("quiesce", OnFailure::Quiesce), ("remove", OnFailure::Remove)];
        let listen_help = r#"say where clients connect to: listen = "10.0.0.100:80""#;
        let servers_help = format!("list the real servers: servers = [{SERVER_EXAMPLE}]");
        let draft = Self {
            listen: section.need("listen", listen_help, found, socket),
            scheduler: section.read("scheduler", found, choice(&words)).or(Scheduler::Wlc),
            forward: section.read("forward", found, forward).or(Forward::Direct),
            check: required_check(entry.key, &section, found),
            on_failure: section
                .read("on-failure", found, choice(&on_failure))
                .or(OnFailure::Quiesce),
            fallback: section.read("fallback", found, endpoint).at_or_absent(),
            servers: section.need("servers", &servers_help, found, servers),
            policy: policy::Draft::read(&section, found),
            name: name?,
        };
        draft.report_unreachable(found);
        draft.report_nobody(found);
        Some(draft)
    }

    fn report_nobody(&self, found: &mut Found<'_>) {
        let (Some(servers), Some(None)) = (&self.servers, &self.fallback) else { return };
        if servers.value.list.is_empty() && servers.value.complete {
            let message = format!("nobody would serve {}", quote(self.name.as_str()));
            let help = format!("list a real server such as {SERVER_EXAMPLE}, or give a fallback");
            found.add(Code::NoServers, &servers.span, message, help);
        }
    }

    /// A quorum that all servers together do not reach would never be there.
    fn report_unreachable(&self, found: &mut Found<'_>) {
        let (Some(servers), Some(policy)) = (&self.servers, &self.policy) else { return };
        if servers.value.complete {
            let weights = servers.value.list.iter().filter_map(|server| server.weight);
            policy.report_unreachable(weights.map(|weight| u64::from(weight.0)).sum(), found);
        }
    }

    pub(crate) fn build(self) -> Option<(ServiceName, Service)> {
        let listen = self.listen?.value;
        let servers = self.servers?.value;
        let server = |draft: ServerDraft| {
            let server = Server { weight: draft.weight? };
            Some((draft.endpoint.value.with_port(listen.port()), server))
        };
        let expected = servers.list.len();
        let built: BTreeMap<_, _> = servers.list.into_iter().filter_map(server).collect();
        let service = Service {
            key: ServiceKey::Tcp(listen),
            scheduler: self.scheduler?,
            forward: self.forward?,
            check: self.check?,
            on_failure: self.on_failure?,
            fallback: self.fallback?.map(|at| at.value.with_port(listen.port())),
            servers: built,
            policy: self.policy?.policy,
        };
        let complete = servers.complete && service.servers.len() == expected;
        complete.then_some((self.name, service))
    }
}

fn required_check(name: &str, section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Check> {
    if section.entry("check").is_none() && !section.misspelt("check") {
        let message = format!(
            "{} has no `check`: a real server of which nothing is known is never taken for \
             healthy, so the service would never get a server",
            section.title
        );
        found.add(Code::NoCheck, &section.span, message, format!("write {}", check::EXAMPLE));
    }
    let read = |_: &str, value: &Value<'_>, found: &mut Found<'_>| check(name, value, found);
    section.read("check", found, read).given().map(|at| at.value)
}

fn forward(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Forward> {
    let words = [("direct", Forward::Direct), ("tunnel", Forward::Tunnel), ("nat", Forward::Nat)];
    let forward = choice(&words)(key, value, found)?;
    if forward == Forward::Direct {
        return Some(forward);
    }
    let message = format!("this release does direct routing only, not \"{forward}\"");
    let help = "write forward = \"direct\", with the real servers on the same network segment";
    found.add(Code::NotYet, &value.span, message, help);
    None
}

fn servers(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Servers> {
    let values = list(key, value, found)?;
    let list: Vec<_> = values.iter().filter_map(|value| server(value, found)).collect();
    Some(Servers { complete: list.len() == values.len(), list })
}

fn server(value: &Value<'_>, found: &mut Found<'_>) -> Option<ServerDraft> {
    let title = "a real server".to_owned();
    let section = Section::open(title, value, &SERVER_KEYS, SERVER_EXAMPLE, found)?;
    let help = format!("write {SERVER_EXAMPLE}");
    let endpoint = section.need("address", &help, found, endpoint);
    let weight = section.read("weight", found, number::<u16>(0..=65535)).or(Weight::ONE.0);
    Some(ServerDraft { endpoint: endpoint?, weight: weight.map(Weight) })
}
