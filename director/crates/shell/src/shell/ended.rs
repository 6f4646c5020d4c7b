//! Checks that have ended.

use super::Shell;
use crate::checks::Finished;
use crate::links::Links;
use director_core::Input;
use director_engine::ports::Kernel;
use director_probes::Network;

/// Checks whose ends are taken in one go before a deadline.
const ENDED: usize = 4096;

impl<K, L, N> Shell<K, L, N>
where
    K: Kernel + Send + 'static,
    L: Links,
    N: Network + Send + Sync + 'static,
{
    /// Takes the checks that have ended: who was not run for a while must not take for late what
    /// was in time.
    pub(super) async fn take_finished_checks(&mut self) {
        for _ in 0..ENDED {
            let Finished { ticket, outcome, phases, took } = tokio::select! {
                biased;
                ended = self.checks.finished() => ended,
                () = std::future::ready(()) => return,
            };
            self.meter.checked(&outcome, &phases, took);
            self.handle(Input::ProbeFinished { ticket, outcome, phases });
        }
    }
}
