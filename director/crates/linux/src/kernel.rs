//! The kernel of this machine.

use director_engine::ports::KernelError;

/// The kernel of this machine: an [`IpvsTable`](director_engine::ports::IpvsTable), with addresses
/// and settings.
///
/// It keeps no state of the kernel: every call asks anew. Calls block for as long as the kernel
/// takes to answer, at most some seconds, and need no async runtime; inside one they belong on a
/// thread that may block.
#[derive(Debug, Default)]
pub struct LinuxKernel {
    /// Made at first use, so that a machine without IPVS can still be asked for its addresses.
    pub(crate) ipvs: Option<ipvs_rs::Client>,
    /// Why the peers were not told of the last connections, until somebody asks.
    pub(crate) unsaid: Option<KernelError>,
}

impl LinuxKernel {
    /// The kernel of the calling thread's network namespace.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}
