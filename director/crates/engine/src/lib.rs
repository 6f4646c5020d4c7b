//! The wall between pure decisions and real or simulated ports.
//!
//! * [`ports`]: the traits. Receiving is not among them: packets, outcomes and changes arrive as
//!   [`director_core::Input`].
//! * [`reconcile`]: observe, compare, apply step by step, observe again; the only caller of
//!   [`ports::Kernel`].
//! * [`contract`]: what every implementation of a port must do.
//! * [`memory`]: a kernel in memory, for dry runs, tests, and as the base of simulated ones.
//! * [`record`]: what a director was told, as a file that can be replayed.
//! * [`shared`]: a kernel that outlives the director on it.

pub mod contract;
pub mod memory;
pub mod ports;
pub mod reconcile;
pub mod record;
pub mod shared;
