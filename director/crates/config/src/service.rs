//! `[services.NAME]`: virtual services and their real servers.

pub(crate) mod forward;
mod listen;
pub(crate) mod servers;
pub(crate) mod settings;

use crate::address::{Endpoint, endpoint};
use crate::check::{self, check};
use crate::code::Code;
use crate::duration::at_least;
use crate::found::{At, Found};
use crate::hook::hook;
use crate::policy;
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::{Entry, Value};
use crate::value::{choice, named};
use director_core::config::{Check, Forward, Hook, OnFailure, Service, ServiceSettings};
use director_core::name::ServiceName;
use listen::Listen;
use servers::{SERVER_EXAMPLE, ServerDraft, Servers};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const KEYS: Keys = Keys {
    known: &[
        "listen",
        "protocol",
        "fwmark",
        "family",
        "scheduler",
        "scheduler-flags",
        "persistence",
        "one-packet",
        "forward",
        "tunnel",
        "check",
        "on-failure",
        "fallback",
        "fallback-command",
        "servers",
        "quorum",
        "panic-threshold",
        "slow-start",
        "flap-damping",
        "half-open-limit",
        "drain",
    ],
};
/// How long the command of a fallback may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// What leaves the configuration has half a minute to end its connections.
const DRAIN: Duration = Duration::from_secs(30);

/// What `[services.NAME]` says, as far as it is valid.
pub(crate) struct Draft {
    pub(crate) name: ServiceName,
    pub(crate) listen: Listen,
    /// `None` when wrong, `Some(None)` when there is none.
    pub(crate) fallback: Option<Option<At<Endpoint>>>,
    /// `None` when the list itself could not be read.
    pub(crate) servers: Option<At<Servers>>,
    pub(crate) forward: Option<Forward>,
    pub(crate) check: Option<At<Check>>,
    settings: Option<ServiceSettings>,
    on_failure: Option<OnFailure>,
    /// `None` when wrong, `Some(None)` when there is none.
    fallback_command: Option<Option<Hook>>,
    policy: Option<policy::Draft>,
    drain: Option<Duration>,
}

impl Draft {
    pub(crate) fn read(entry: &Entry<'_>, found: &mut Found<'_>) -> Option<Self> {
        let name = named(entry.key, &entry.key_span, ServiceName::new, found);
        let title = format!("[services.{}]", entry.key);
        let example = format!("[services.{}] on a line of its own", entry.key);
        let section = Section::open(title, &entry.value, &KEYS, &example, found)?;
        let on_failure = [("quiesce", OnFailure::Quiesce), ("remove", OnFailure::Remove)];
        let servers_help = format!("list the real servers: servers = [{SERVER_EXAMPLE}]");
        let listen = Listen::read(&section, found);
        let settings = settings::read(&section, &listen, found);
        let (forward, tunnel) = forward::read(&section, found).of_service();
        let draft = Self {
            settings,
            forward,
            check: required_check(entry.key, &section, found),
            on_failure: section
                .read("on-failure", found, choice(&on_failure))
                .or(OnFailure::Quiesce),
            fallback: section.read("fallback", found, endpoint).at_or_absent(),
            fallback_command: section
                .read("fallback-command", found, hook(COMMAND_TIMEOUT))
                .given_or_absent(),
            policy: policy::Draft::read(&section, found),
            servers: section.need("servers", &servers_help, found, |key, value, found| {
                servers::servers(key, value, tunnel, found)
            }),
            drain: section.read("drain", found, at_least(Duration::ZERO)).or(DRAIN),
            listen,
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
        let (key, marked) = self.listen.build()?;
        let port = self.listen.port()?;
        let servers = self.servers?.value;
        let server =
            |draft: &ServerDraft| Some((draft.endpoint.value.with_port(port), draft.build()?));
        let built: BTreeMap<_, _> = servers.list.iter().filter_map(server).collect();
        let complete = servers.complete && built.len() == servers.list.len();
        let service = Service {
            key,
            marked: marked.into_iter().collect(),
            settings: self.settings?,
            forward: self.forward?,
            check: self.check?.value,
            on_failure: self.on_failure?,
            fallback: self.fallback?.map(|at| at.value.with_port(port)),
            fallback_command: self.fallback_command?,
            servers: built,
            policy: self.policy?.policy,
            drain: self.drain?,
        };
        complete.then_some((self.name, service))
    }
}

fn required_check(
    name: &str,
    section: &Section<'_, '_>,
    found: &mut Found<'_>,
) -> Option<At<Check>> {
    if section.entry("check").is_none() && !section.misspelt("check") {
        let message = format!(
            "{} has no `check`: a real server of which nothing is known is never taken for \
             healthy, so the service would never get a server",
            section.title
        );
        found.add(Code::NoCheck, &section.span, message, format!("write {}", check::EXAMPLE));
    }
    let read = |_: &str, value: &Value<'_>, found: &mut Found<'_>| check(name, value, found);
    section.read("check", found, read).given()
}
