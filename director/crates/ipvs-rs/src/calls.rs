//! A method per request, on the blocking client.

use crate::address::Endpoint;
use crate::client::Client;
use crate::daemon::{Daemon, DaemonRole};
use crate::destination::Destination;
use crate::error::{Error, ErrorKind, Missing};
use crate::reply::Reply;
use crate::request::Request;
use crate::service::{Service, ServiceKey};
use crate::settings::{Config, Info};

/// The replies of one kind, in the kernel's order.
pub(crate) fn pick<T>(replies: Vec<Reply>, kind: fn(Reply) -> Option<T>) -> Vec<T> {
    replies.into_iter().filter_map(kind).collect()
}

/// The only reply of a kind, or the error that there is none.
pub(crate) fn only<T>(
    replies: Vec<Reply>,
    kind: fn(Reply) -> Option<T>,
    request: &Request,
) -> Result<T, Error> {
    replies.into_iter().find_map(kind).ok_or_else(|| request.error(ErrorKind::NoAnswer))
}

pub(crate) fn service(reply: Reply) -> Option<Service> {
    if let Reply::Service(service) = reply { Some(service) } else { None }
}

pub(crate) fn destination(reply: Reply) -> Option<Destination> {
    if let Reply::Destination(destination) = reply { Some(destination) } else { None }
}

pub(crate) fn daemon(reply: Reply) -> Option<Daemon> {
    if let Reply::Daemon(daemon) = reply { Some(daemon) } else { None }
}

pub(crate) fn config(reply: Reply) -> Option<Config> {
    if let Reply::Config(config) = reply { Some(config) } else { None }
}

pub(crate) fn info(reply: Reply) -> Option<Info> {
    if let Reply::Info(info) = reply { Some(info) } else { None }
}

/// Finds one destination in a service's list.
pub(crate) fn find(
    list: Vec<Destination>,
    endpoint: Endpoint,
    request: &Request,
) -> Result<Destination, Error> {
    list.into_iter().find(|destination| destination.endpoint() == endpoint).ok_or_else(|| {
        let subject = format!("{} (looking for {endpoint})", request.subject());
        Error::new(ErrorKind::Missing(Missing::Destination), request.operation(), subject)
    })
}

/// Errors are those of [`Client::execute`]; the notes name the ones to expect.
impl Client {
    /// Adds a service.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`]; [`Missing::Scheduler`].
    pub fn add_service(&mut self, service: &Service) -> Result<(), Error> {
        self.change(&Request::AddService(service.clone()))
    }

    /// Replaces every setting of a service; its destinations and connections stay.
    ///
    /// # Errors
    /// [`Missing::Service`]; [`Missing::Scheduler`].
    pub fn edit_service(&mut self, service: &Service) -> Result<(), Error> {
        self.change(&Request::EditService(service.clone()))
    }

    /// Removes a service with its destinations.
    ///
    /// # Errors
    /// [`Missing::Service`].
    pub fn remove_service(&mut self, key: &ServiceKey) -> Result<(), Error> {
        self.change(&Request::RemoveService(*key))
    }

    /// One service.
    ///
    /// # Errors
    /// [`Missing::Service`].
    pub fn service(&mut self, key: &ServiceKey) -> Result<Service, Error> {
        let request = Request::GetService(*key);
        only(self.execute(&request)?, service, &request)
    }

    /// All services of the network namespace, in the kernel's hash order. Up to Linux 6.12 at
    /// least, the kernel does not notice when the table changes between two pieces of the list:
    /// an entry can then be missing or come twice.
    ///
    /// # Errors
    /// [`ErrorKind::DumpInterrupted`].
    pub fn services(&mut self) -> Result<Vec<Service>, Error> {
        Ok(pick(self.execute(&Request::ListServices)?, service))
    }

    /// Adds a destination to a service.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`]; [`Missing::Service`].
    pub fn add_destination(
        &mut self,
        key: &ServiceKey,
        destination: &Destination,
    ) -> Result<(), Error> {
        self.change(&Request::AddDestination(*key, destination.clone()))
    }

    /// Replaces every setting of a destination; its connections stay.
    ///
    /// # Errors
    /// [`Missing::Service`]; [`Missing::Destination`].
    pub fn edit_destination(
        &mut self,
        key: &ServiceKey,
        destination: &Destination,
    ) -> Result<(), Error> {
        self.change(&Request::EditDestination(*key, destination.clone()))
    }

    /// Removes a destination from a service.
    ///
    /// # Errors
    /// [`Missing::Service`]; [`Missing::Destination`].
    pub fn remove_destination(&mut self, key: &ServiceKey, at: Endpoint) -> Result<(), Error> {
        self.change(&Request::RemoveDestination(*key, at))
    }

    /// All destinations of a service, the last added first. As the kernel answers an empty list
    /// for a service that it does not have, an empty list is followed by a look at the service.
    ///
    /// # Errors
    /// [`Missing::Service`].
    pub fn destinations(&mut self, key: &ServiceKey) -> Result<Vec<Destination>, Error> {
        let list = pick(self.execute(&Request::ListDestinations(*key))?, destination);
        if list.is_empty() {
            self.service(key)?;
        }
        Ok(list)
    }

    /// One destination, looked for in its service's list: the kernel has no question for one.
    ///
    /// # Errors
    /// [`Missing::Service`]; [`Missing::Destination`].
    pub fn destination(&mut self, key: &ServiceKey, at: Endpoint) -> Result<Destination, Error> {
        find(self.destinations(key)?, at, &Request::ListDestinations(*key))
    }

    /// Starts a sync daemon.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`]; [`ErrorKind::NoDevice`]; [`ErrorKind::InvalidValue`] beside
    /// destinations of another family than their service's.
    pub fn start_daemon(&mut self, daemon: &Daemon) -> Result<(), Error> {
        self.change(&Request::StartDaemon(daemon.clone()))
    }

    /// Stops a sync daemon.
    ///
    /// # Errors
    /// [`Missing::Daemon`].
    pub fn stop_daemon(&mut self, role: DaemonRole) -> Result<(), Error> {
        self.change(&Request::StopDaemon(role))
    }

    /// The running sync daemons: none, one or both.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`].
    pub fn daemons(&mut self) -> Result<Vec<Daemon>, Error> {
        Ok(pick(self.execute(&Request::ListDaemons)?, daemon))
    }

    /// The timeouts of the connection table.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`].
    pub fn config(&mut self) -> Result<Config, Error> {
        only(self.execute(&Request::GetConfig)?, config, &Request::GetConfig)
    }

    /// Sets timeouts; `None` and zero leave a value as it is.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for times that are no whole seconds.
    pub fn set_config(&mut self, config: &Config) -> Result<(), Error> {
        self.change(&Request::SetConfig(config.clone()))
    }

    /// Version and table size.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`].
    pub fn info(&mut self) -> Result<Info, Error> {
        only(self.execute(&Request::GetInfo)?, info, &Request::GetInfo)
    }

    /// Zeroes the counters of a service and its destinations.
    ///
    /// # Errors
    /// [`Missing::Service`].
    pub fn zero_service(&mut self, key: &ServiceKey) -> Result<(), Error> {
        self.change(&Request::ZeroService(*key))
    }

    /// Zeroes all counters.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`].
    pub fn zero_all(&mut self) -> Result<(), Error> {
        self.change(&Request::ZeroAll)
    }

    /// Removes all services and destinations of the network namespace.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.change(&Request::Flush)
    }

    fn change(&mut self, request: &Request) -> Result<(), Error> {
        self.execute(request).map(|_| ())
    }
}
