//! Machines whose kernels are in memory.

use crate::Outcome;
use crate::foreign::on_lan;
use crate::lab::Machine;
use director_core::observed::Lifetime;
use director_engine::memory::MemoryKernel;

/// A machine with its own address, which ends with this byte.
pub(crate) struct InMemory(u8);

/// Two of them.
pub(crate) fn pair() -> [InMemory; 2] {
    [InMemory(11), InMemory(12)]
}

impl Machine for InMemory {
    type Kernel = MemoryKernel;

    fn kernel(&self) -> MemoryKernel {
        MemoryKernel::default()
    }

    fn enter(&self) -> Outcome<()> {
        Ok(())
    }

    fn reset(&self, kernel: &mut MemoryKernel) -> Outcome<()> {
        *kernel = MemoryKernel::default();
        kernel.state.addresses.insert(on_lan(self.0), Lifetime::Forever);
        Ok(())
    }
}
