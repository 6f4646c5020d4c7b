//! Makes the kernel equal to what is desired, one pass at a time, off the loop.
//!
//! A pass asks the kernel and waits for it; the loop must go on sending heartbeats meanwhile. The
//! newest desired state wins: what was asked for during a pass and then replaced is never begun.

use crate::memory::Memory;
use director_core::desired::DesiredState;
use director_core::input::Reconciled;
use director_core::plan::Ledger;
use director_engine::ports::Kernel;
use director_engine::reconcile::reconcile_keeping;
use std::sync::Arc;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

/// The kernel between passes, and what is known to be ours in it.
struct Idle<K> {
    kernel: K,
    ledger: Ledger,
    memory: Box<dyn Memory>,
    /// What the memory was given last.
    kept: Ledger,
}

/// Without it the next process would not know what to put back; that is no reason to serve nobody.
fn keep(memory: &mut dyn Memory, kept: &mut Ledger, ledger: &Ledger) {
    if kept != ledger {
        kept.clone_from(ledger);
        if let Err(error) = memory.keep(ledger) {
            tracing::warn!("what this director changes cannot be kept for the next one: {error}");
        }
    }
}

/// A pass that was begun.
enum Pass<K> {
    /// It goes on where it keeps nobody waiting.
    Aside(JoinHandle<(Idle<K>, Reconciled)>),
    /// It is over already: no time passes in this kernel.
    Over(Box<(Idle<K>, Reconciled)>),
}

/// Owns the kernel.
pub(crate) struct Applier<K> {
    idle: Option<Idle<K>>,
    running: Option<Pass<K>>,
    wanted: Option<(u64, Arc<DesiredState>)>,
}

impl<K: Kernel + Send + 'static> Applier<K> {
    /// Makes changes, beginning with what another process left.
    pub(crate) fn new(kernel: K, ledger: Ledger, memory: Box<dyn Memory>) -> Self {
        let kept = ledger.clone();
        let idle = Some(Idle { kernel, ledger, memory, kept });
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

    /// Everything is as it was before: there is nothing to be kept.
    pub(crate) fn forget(&mut self) {
        if let Some(Idle { memory, kept, .. }) = &mut self.idle {
            keep(&mut **memory, kept, &Ledger::default());
        }
    }

    fn begin(&mut self) {
        if self.running.is_some() || self.wanted.is_none() {
            return;
        }
        let (Some(mut idle), Some((number, desired))) = (self.idle.take(), self.wanted.take())
        else {
            return;
        };
        let pass = move || {
            let Idle { kernel, ledger, memory, kept } = &mut idle;
            let keep = |ledger: &Ledger| keep(&mut **memory, kept, ledger);
            let over = reconcile_keeping(kernel, number, desired, ledger, keep);
            (idle, over)
        };
        self.running = Some(if K::WAITS {
            Pass::Aside(spawn_blocking(pass))
        } else {
            Pass::Over(Box::new(pass()))
        });
    }

    /// Waits for the end of the running pass and begins the next. Dropping this loses nothing.
    ///
    /// # Errors
    /// When the pass panicked: the kernel is lost to this process.
    pub(crate) async fn finished(&mut self) -> Result<Reconciled, JoinError> {
        let ended = match self.running.take() {
            None => return std::future::pending().await,
            Some(Pass::Over(over)) => Ok(*over),
            Some(Pass::Aside(running)) => {
                // It stays there while it is waited for: this may be dropped.
                let Pass::Aside(running) = self.running.insert(Pass::Aside(running)) else {
                    return std::future::pending().await;
                };
                let ended = running.await;
                self.running = None;
                ended
            }
        };
        let (mut idle, over) = ended?;
        if let Some(error) = idle.kernel.take_unsaid() {
            tracing::warn!(
                "the peers were not told of the latest connections, which break at the next \
                 owner: {error}"
            );
        }
        self.idle = Some(idle);
        self.begin();
        Ok(over)
    }
}
