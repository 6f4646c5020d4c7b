//! Makes the kernel equal to what is desired, one pass at a time, off the loop.
//!
//! A pass asks the kernel and waits for it; the loop must go on sending heartbeats meanwhile. The
//! newest desired state wins: what was asked for during a pass and then replaced is never begun.

use director_core::desired::DesiredState;
use director_core::input::Reconciled;
use director_core::plan::Ledger;
use director_engine::ports::Kernel;
use director_engine::reconcile::reconcile;
use std::sync::Arc;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

/// The kernel between passes, and what is known to be ours in it.
struct Idle<K> {
    kernel: K,
    ledger: Ledger,
}

type Pass<K> = JoinHandle<(Idle<K>, Reconciled)>;

/// Owns the kernel.
pub(crate) struct Applier<K> {
    idle: Option<Idle<K>>,
    running: Option<Pass<K>>,
    wanted: Option<(u64, Arc<DesiredState>)>,
}

impl<K: Kernel + Send + 'static> Applier<K> {
    pub(crate) fn new(kernel: K) -> Self {
        let idle = Some(Idle { kernel, ledger: Ledger::default() });
        Self { idle, running: None, wanted: None }
    }

    /// Wants the kernel to be like this; whatever was wanted before and is not begun is forgotten.
    pub(crate) fn want(&mut self, number: u64, desired: Arc<DesiredState>) {
        self.wanted = Some((number, desired));
        self.begin();
    }

    /// Whether a pass is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    fn begin(&mut self) {
        if self.running.is_some() || self.wanted.is_none() {
            return;
        }
        let (Some(mut idle), Some((number, desired))) = (self.idle.take(), self.wanted.take())
        else {
            return;
        };
        self.running = Some(spawn_blocking(move || {
            let over = reconcile(&mut idle.kernel, number, desired, &mut idle.ledger);
            (idle, over)
        }));
    }

    /// Waits for the end of the running pass and begins the next. Dropping this loses nothing.
    ///
    /// # Errors
    /// When the pass panicked: the kernel is lost to this process.
    pub(crate) async fn finished(&mut self) -> Result<Reconciled, JoinError> {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let ended = running.await;
        self.running = None;
        let (idle, over) = ended?;
        self.idle = Some(idle);
        self.begin();
        Ok(over)
    }
}
