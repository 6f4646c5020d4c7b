use super::AsyncClient;
use crate::address::Endpoint;
use crate::calls::{config, daemon, destination, find, info, only, pick, service};
use crate::daemon::{Daemon, DaemonRole};
use crate::destination::Destination;
use crate::error::Error;
use crate::request::Request;
use crate::service::{Service, ServiceKey};
use crate::settings::{Config, Info};

/// Each call does what the call of the same name of [`Client`](crate::Client) does, and fails as
/// that one.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them, above")]
impl AsyncClient {
    /// Adds a service.
    pub async fn add_service(&mut self, service: &Service) -> Result<(), Error> {
        self.change(Request::AddService(service.clone())).await
    }

    /// Replaces every setting of a service.
    pub async fn edit_service(&mut self, service: &Service) -> Result<(), Error> {
        self.change(Request::EditService(service.clone())).await
    }

    /// Removes a service with its destinations.
    pub async fn remove_service(&mut self, key: &ServiceKey) -> Result<(), Error> {
        self.change(Request::RemoveService(*key)).await
    }

    /// One service.
    pub async fn service(&mut self, key: &ServiceKey) -> Result<Service, Error> {
        let request = Request::GetService(*key);
        only(self.execute(&request).await?, service, &request)
    }

    /// All services of the network namespace.
    pub async fn services(&mut self) -> Result<Vec<Service>, Error> {
        Ok(pick(self.execute(&Request::ListServices).await?, service))
    }

    /// Adds a destination to a service.
    pub async fn add_destination(
        &mut self,
        key: &ServiceKey,
        destination: &Destination,
    ) -> Result<(), Error> {
        self.change(Request::AddDestination(*key, destination.clone())).await
    }

    /// Replaces every setting of a destination.
    pub async fn edit_destination(
        &mut self,
        key: &ServiceKey,
        destination: &Destination,
    ) -> Result<(), Error> {
        self.change(Request::EditDestination(*key, destination.clone())).await
    }

    /// Removes a destination from a service.
    pub async fn remove_destination(
        &mut self,
        key: &ServiceKey,
        at: Endpoint,
    ) -> Result<(), Error> {
        self.change(Request::RemoveDestination(*key, at)).await
    }

    /// All destinations of a service, the last added first.
    pub async fn destinations(&mut self, key: &ServiceKey) -> Result<Vec<Destination>, Error> {
        let replies = self.execute(&Request::ListDestinations(*key)).await?;
        let list = pick(replies, destination);
        if list.is_empty() {
            self.service(key).await?;
        }
        Ok(list)
    }

    /// One destination.
    pub async fn destination(
        &mut self,
        key: &ServiceKey,
        at: Endpoint,
    ) -> Result<Destination, Error> {
        find(self.destinations(key).await?, at, &Request::ListDestinations(*key))
    }

    /// Starts a sync daemon.
    pub async fn start_daemon(&mut self, daemon: &Daemon) -> Result<(), Error> {
        self.change(Request::StartDaemon(daemon.clone())).await
    }

    /// Stops a sync daemon.
    pub async fn stop_daemon(&mut self, role: DaemonRole) -> Result<(), Error> {
        self.change(Request::StopDaemon(role)).await
    }

    /// The running sync daemons.
    pub async fn daemons(&mut self) -> Result<Vec<Daemon>, Error> {
        Ok(pick(self.execute(&Request::ListDaemons).await?, daemon))
    }

    /// The timeouts of the connection table.
    pub async fn config(&mut self) -> Result<Config, Error> {
        only(self.execute(&Request::GetConfig).await?, config, &Request::GetConfig)
    }

    /// Sets timeouts.
    pub async fn set_config(&mut self, config: &Config) -> Result<(), Error> {
        self.change(Request::SetConfig(config.clone())).await
    }

    /// Version and table size.
    pub async fn info(&mut self) -> Result<Info, Error> {
        only(self.execute(&Request::GetInfo).await?, info, &Request::GetInfo)
    }

    /// Zeroes the counters of a service and its destinations.
    pub async fn zero_service(&mut self, key: &ServiceKey) -> Result<(), Error> {
        self.change(Request::ZeroService(*key)).await
    }

    /// Zeroes all counters.
    pub async fn zero_all(&mut self) -> Result<(), Error> {
        self.change(Request::ZeroAll).await
    }

    /// Removes all services and destinations of the network namespace.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.change(Request::Flush).await
    }

    async fn change(&mut self, request: Request) -> Result<(), Error> {
        self.execute(&request).await.map(|_| ())
    }
}
