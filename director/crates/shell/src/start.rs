//! Looking at the kernel before a director starts on it.

use director_core::config::Config;
use director_core::desired::{DesiredState, Presence};
use director_core::observed::Snapshot;
use director_engine::ports::{Kernel, KernelError};
use director_engine::reconcile::observe;

/// What the kernel holds of everything that the configuration speaks of. Changes nothing.
///
/// # Errors
/// When the kernel cannot be asked.
pub fn found(kernel: &mut impl Kernel, config: &Config) -> Result<Snapshot, KernelError> {
    let addresses = config.groups.values().flat_map(|group| group.addresses.iter().cloned());
    let addresses = addresses.map(|address| (address, Presence::AsFound)).collect();
    observe(kernel, &DesiredState { addresses, ..DesiredState::default() })
}
