//! Settings of the kernel, as files below `/proc/sys`.

use crate::error::{NET_ADMIN, refused};
use crate::kernel::LinuxKernel;
use director_core::desired::{Sysctl, SysctlValue};
use director_engine::ports::{KernelError, Sysctls};
use std::fs;
use std::path::{Path, PathBuf};

/// A path, not a dotted name: in `net.ipv4.conf.eth0.100.arp_ignore` nobody can tell where the name
/// of the interface ends. Names of interfaces have no slash.
fn file(key: &Sysctl) -> PathBuf {
    Path::new("/proc/sys").join(key.path())
}

impl Sysctls for LinuxKernel {
    fn read_sysctl(&mut self, key: &Sysctl) -> Result<SysctlValue, KernelError> {
        let text = fs::read_to_string(file(key))
            .map_err(|error| refused(&error, &format!("read {key}"), NET_ADMIN))?;
        let value = text.trim();
        value
            .parse()
            .map_err(|_| KernelError::Other(format!("{key} holds {value:?}, which is no number")))
    }

    fn write_sysctl(&mut self, key: &Sysctl, value: SysctlValue) -> Result<(), KernelError> {
        let path = file(key);
        // Opened without creating: procfs would answer a missing setting with "permission denied".
        fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, value.to_string().as_bytes()))
            .map_err(|error| refused(&error, &format!("set {key} = {value}"), NET_ADMIN))?;
        let kept = self.read_sysctl(key)?;
        if kept == value {
            Ok(())
        } else {
            Err(KernelError::Other(format!("set {key} = {value}, but the kernel keeps {kept}")))
        }
    }
}
