//! Running health checks, by their tickets.

use director_core::probe::{Failure, Outcome, Probe, Ticket};
use director_probes::{Network, probe};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// The checks that are under way.
pub(crate) struct Checks<N> {
    network: Arc<N>,
    running: BTreeMap<Ticket, AbortHandle>,
    tasks: JoinSet<(Ticket, Outcome, Duration)>,
}

impl<N: Network + Send + Sync + 'static> Checks<N> {
    pub(crate) fn new(network: N) -> Self {
        Self { network: Arc::new(network), running: BTreeMap::new(), tasks: JoinSet::new() }
    }

    pub(crate) fn start(&mut self, ticket: Ticket, what: Arc<Probe>) {
        let network = Arc::clone(&self.network);
        let task = async move {
            let started = Instant::now();
            let outcome = probe(&*network, &what).await;
            (ticket, outcome, started.elapsed())
        };
        self.running.insert(ticket, self.tasks.spawn(task));
    }

    /// Ends a check without an outcome.
    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        if let Some(task) = self.running.remove(&ticket) {
            task.abort();
        }
    }

    /// Waits for the next check that ends by itself, and says how long it took. Dropping the
    /// future loses nothing.
    pub(crate) async fn finished(&mut self) -> (Ticket, Outcome, Duration) {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            let (ticket, outcome, took) = match ended {
                Ok((_, finished)) => finished,
                Err(error) => {
                    let task = self.running.iter().find(|(_, task)| task.id() == error.id());
                    let Some((ticket, _)) = task else { continue };
                    (*ticket, Err(Failure::Local { what: error.to_string() }), Duration::ZERO)
                }
            };
            // A check that was cancelled has left the table, though it may have ended before that.
            if self.running.remove(&ticket).is_some() {
                return (ticket, outcome, took);
            }
        }
        std::future::pending().await
    }
}
