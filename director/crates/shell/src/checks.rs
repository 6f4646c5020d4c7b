//! Running health checks, by their tickets.

use director_core::probe::{Failure, Outcome, Phases, Probe, Ticket};
use director_probes::{Network, timed};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// A check that has ended by itself.
pub(crate) struct Finished {
    pub(crate) ticket: Ticket,
    pub(crate) outcome: Outcome,
    pub(crate) phases: Phases,
    pub(crate) took: Duration,
}

/// The checks that are under way.
pub(crate) struct Checks<N> {
    network: Arc<N>,
    running: BTreeMap<Ticket, AbortHandle>,
    tasks: JoinSet<Finished>,
}

impl<N: Network + Send + Sync + 'static> Checks<N> {
    pub(crate) fn new(network: N) -> Self {
        Self { network: Arc::new(network), running: BTreeMap::new(), tasks: JoinSet::new() }
    }

    pub(crate) fn start(&mut self, ticket: Ticket, what: Arc<Probe>) {
        let network = Arc::clone(&self.network);
        let task = async move {
            let started = Instant::now();
            let (outcome, phases) = timed(&*network, &what).await;
            Finished { ticket, outcome, phases, took: started.elapsed() }
        };
        self.running.insert(ticket, self.tasks.spawn(task));
    }

    /// Ends a check without an outcome.
    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        if let Some(task) = self.running.remove(&ticket) {
            task.abort();
        }
    }

    /// Waits for the next check that ends by itself. Dropping the future loses nothing.
    pub(crate) async fn finished(&mut self) -> Finished {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            let finished = match ended {
                Ok((_, finished)) => finished,
                // It has left the table. Nobody looks for it: servers that hang all together have
                // thousands of them at once.
                Err(error) if error.is_cancelled() => continue,
                Err(error) => {
                    let task = self.running.iter().find(|(_, task)| task.id() == error.id());
                    let Some((ticket, _)) = task else { continue };
                    let outcome = Err(Failure::Local { what: error.to_string() });
                    let (phases, took) = (Phases::default(), Duration::ZERO);
                    Finished { ticket: *ticket, outcome, phases, took }
                }
            };
            // A check that was cancelled has left the table, though it may have ended before that.
            if self.running.remove(&finished.ticket).is_some() {
                return finished;
            }
        }
        std::future::pending().await
    }
}
