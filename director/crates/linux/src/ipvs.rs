//! The IPVS table, over generic netlink.

mod convert;
mod counters;
mod sync;
mod telling;

use crate::error::NET_ADMIN;
use crate::kernel::LinuxKernel;
use crate::modules;
use convert::{kernel_key, kernel_server, kernel_service, our_key, our_server, our_service};
use director_core::config::{ServiceKey, ServiceSettings};
use director_core::desired::DesiredServer;
use director_core::observed::ObservedService;
use director_engine::ports::{IpvsTable, KernelError, TableChange};
use ipvs_rs::{Client, Endpoint, Error, ErrorKind, Missing, Request};
use std::collections::BTreeMap;
use std::net::SocketAddr;

impl LinuxKernel {
    /// Asks something of the table. `settings` are those that the question names, if any.
    fn ipvs<T>(
        &mut self,
        settings: Option<ServiceSettings>,
        question: impl FnOnce(&mut Client) -> Result<T, Error>,
    ) -> Result<T, KernelError> {
        let answer = match self.ipvs.take() {
            Some(client) => Ok(client),
            None => Client::connect(),
        }
        .and_then(|mut client| {
            let answer = question(&mut client);
            // After any other failure the family may have got another number (its module was
            // loaded again), or a late answer may be under way: the next question starts afresh.
            if answer.as_ref().err().is_none_or(|error| error.is_exists() || error.is_missing()) {
                self.ipvs = Some(client);
            }
            answer
        });
        answer.map_err(|error| in_terms_of_the_port(&error, settings))
    }
}

fn in_terms_of_the_port(error: &Error, settings: Option<ServiceSettings>) -> KernelError {
    match error.kind() {
        ErrorKind::Exists => KernelError::Exists,
        ErrorKind::Denied => KernelError::Denied { capability: NET_ADMIN },
        ErrorKind::NotAvailable => KernelError::Unsupported { cure: modules::cure("ip_vs") },
        ErrorKind::Missing(Missing::Scheduler) => match settings {
            Some(settings) => KernelError::Unsupported { cure: modules_of(&settings) },
            None => KernelError::Missing,
        },
        ErrorKind::Missing(_) | ErrorKind::NoDevice => KernelError::Missing,
        ErrorKind::FamilyUnsupported => KernelError::Unsupported {
            cure: "IPv6 services need CONFIG_IP_VS_IPV6 and IPv6 switched on".to_owned(),
        },
        _ => KernelError::Other(error.to_string()),
    }
}

/// The kernel answers alike when it has no such scheduler and when it has no such engine.
fn modules_of(settings: &ServiceSettings) -> String {
    let scheduler = modules::cure(&format!("ip_vs_{}", settings.scheduler));
    match settings.persistence.and_then(|persistence| persistence.engine) {
        None => scheduler,
        Some(engine) => {
            let engine = modules::cure(&format!("ip_vs_pe_{}", engine.name()));
            format!("{scheduler}; {engine}")
        }
    }
}

fn endpoint(server: SocketAddr) -> Endpoint {
    server.into()
}

fn request(change: &TableChange) -> Result<Request, KernelError> {
    Ok(match *change {
        TableChange::AddService(key, to) => Request::AddService(kernel_service(key, &to)?),
        TableChange::EditService(key, to) => Request::EditService(kernel_service(key, &to)?),
        TableChange::RemoveService(key) => Request::RemoveService(kernel_key(key)?),
        TableChange::AddServer(key, server, to) => {
            Request::AddDestination(kernel_key(key)?, kernel_server(server, to))
        }
        TableChange::EditServer(key, server, to) => {
            Request::EditDestination(kernel_key(key)?, kernel_server(server, to))
        }
        TableChange::RemoveServer(key, server) => {
            Request::RemoveDestination(kernel_key(key)?, endpoint(server))
        }
    })
}

/// The settings that a change names.
const fn settings(change: &TableChange) -> Option<ServiceSettings> {
    match change {
        TableChange::AddService(_, to) | TableChange::EditService(_, to) => Some(*to),
        _ => None,
    }
}

impl IpvsTable for LinuxKernel {
    fn services(&mut self) -> Result<BTreeMap<ServiceKey, ObservedService>, KernelError> {
        self.ipvs(None, |client| {
            let mut table = BTreeMap::new();
            for service in client.services()? {
                let Some(key) = our_key(&service.key) else {
                    continue;
                };
                let servers = match client.destinations(&service.key) {
                    Ok(list) => {
                        list.iter().map(|one| (one.endpoint().into(), our_server(one))).collect()
                    }
                    // Somebody removed it since the list was made.
                    Err(error) if error.is_missing() => continue,
                    Err(error) => return Err(error),
                };
                table.insert(key, ObservedService { servers, ..our_service(&service) });
            }
            Ok(table)
        })
    }

    fn add_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError> {
        let service = kernel_service(key, &to)?;
        self.ipvs(Some(to), |client| client.add_service(&service))
    }

    fn edit_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError> {
        let service = kernel_service(key, &to)?;
        self.ipvs(Some(to), |client| client.edit_service(&service))
    }

    fn remove_service(&mut self, key: ServiceKey) -> Result<(), KernelError> {
        let key = kernel_key(key)?;
        self.ipvs(None, |client| client.remove_service(&key))
    }

    fn add_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        let key = kernel_key(key)?;
        self.ipvs(None, |client| client.add_destination(&key, &kernel_server(server, to)))
    }

    fn edit_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        let key = kernel_key(key)?;
        self.ipvs(None, |client| client.edit_destination(&key, &kernel_server(server, to)))
    }

    fn remove_server(&mut self, key: ServiceKey, server: SocketAddr) -> Result<(), KernelError> {
        let key = kernel_key(key)?;
        self.ipvs(None, |client| client.remove_destination(&key, endpoint(server)))
    }

    /// As many as go into one send.
    const AT_ONCE: usize = 128;

    fn change_table(&mut self, changes: &[TableChange]) -> Vec<Result<(), KernelError>> {
        let requests: Vec<_> = changes.iter().map(request).collect();
        let good: Vec<Request> = requests.iter().flatten().cloned().collect();
        let mut sent = match self.ipvs(None, |client| Ok(client.batch(&good))) {
            Ok(results) => results.into_iter(),
            // There is no connection: each is refused for the same reason.
            Err(error) => return changes.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut broken = false;
        let answers = requests.into_iter().zip(changes).map(|(request, change)| {
            request?;
            let lost = || KernelError::Other("the kernel did not answer".to_owned());
            sent.next().ok_or_else(lost)?.map_err(|error| {
                broken |= !error.is_exists() && !error.is_missing();
                in_terms_of_the_port(&error, settings(change))
            })
        });
        let answers = answers.collect();
        if broken {
            // As for single questions: the next one starts afresh.
            self.ipvs = None;
        }
        answers
    }
}
