//! Real servers that are added and removed while the director runs.

use super::Shell;
use crate::links::Links;
use crate::order::{Altered, AlteredServer};
use crate::settings::Settings;
use director_core::Input;
use director_core::alter::{Alteration, Alterations, Change};
use director_core::name::NodeName;
use director_core::order::Author;
use director_engine::ports::Kernel;
use director_probes::Network;
use std::sync::Arc;

impl<K, L, N> Shell<K, L, N>
where
    K: Kernel + Send + 'static,
    L: Links,
    N: Network + Send + Sync + 'static,
{
    /// Adds or removes a server, as a reload of a file that says so would.
    pub(super) fn alter(
        &mut self,
        alteration: Alteration,
        by: &Author,
    ) -> Result<NodeName, String> {
        let Alteration { service, address, change, .. } = &alteration;
        match change {
            Change::Add { weight } => {
                tracing::info!("asked to add {address} to {service} with weight {weight} by {by}");
            }
            Change::Remove { .. } => {
                tracing::info!("asked to remove {address} from {service} by {by}");
            }
        }
        let done = if self.stop_by.is_some() {
            Err("this director is stopping".to_owned())
        } else {
            let mut config = (*self.settings.config).clone();
            alteration.apply(&mut config).map_err(|why| why.to_string()).map(|seat| (seat, config))
        };
        self.meter.ordered(done.is_ok());
        let (seat, config) = done.inspect_err(|why| tracing::warn!("refused: {why}"))?;
        self.alterations.keep(seat, alteration);
        self.settings.config = Arc::new(config);
        self.handle(Input::Reload(self.settings.config.clone()));
        Ok(self.node.clone())
    }

    /// What stands beside the configuration that was read.
    pub(super) fn altered(&self) -> Altered {
        let one = |(seat, alteration): (&director_core::standing::Seat, &Alteration)| {
            AlteredServer { server: seat.server, alteration: alteration.clone() }
        };
        Altered { read: self.read, servers: self.alterations.iter().map(one).collect() }
    }

    /// Makes the alterations that stand in settings that were read anew.
    pub(super) fn renewed(&self, settings: &mut Settings) -> Alterations {
        let mut alterations = self.alterations.clone();
        let mut config = (*settings.config).clone();
        for (seat, why) in alterations.renew(&mut config) {
            let (server, service) = (seat.server, seat.service);
            tracing::warn!("what was ordered for {server} of {service} is forgotten: {why}");
        }
        settings.config = Arc::new(config);
        alterations
    }
}
