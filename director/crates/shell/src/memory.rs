//! What must outlive the process: the ledger, in a file.
//!
//! A director that is killed puts nothing back. Its successor reads here what was changed, and what
//! of the kernel's table was its own.

use director_core::plan::Ledger;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// Where the ledger is kept.
pub trait Memory: Send {
    /// Keeps the ledger instead of what was kept before.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn keep(&mut self, ledger: &Ledger) -> io::Result<()>;
}

/// Nothing is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl Memory for Forgetful {
    fn keep(&mut self, _: &Ledger) -> io::Result<()> {
        Ok(())
    }
}

/// A file; none means that nothing was left.
#[derive(Clone, Debug)]
pub struct LedgerFile(PathBuf);

impl LedgerFile {
    /// The file in the directory of the control socket: one director has one of each.
    #[must_use]
    pub fn beside(control: &std::path::Path) -> Self {
        Self(control.with_file_name("ledger.json"))
    }

    /// What was kept last.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or is not a ledger.
    pub fn read(&self) -> io::Result<Ledger> {
        let failed = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.0.display()))
        };
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Ledger::default()),
            Err(error) => return Err(failed(error)),
        };
        serde_json::from_slice(&text).map_err(|error| failed(error.into()))
    }
}

impl Memory for LedgerFile {
    /// The file is whole at every moment: it is replaced, not written anew.
    fn keep(&mut self, ledger: &Ledger) -> io::Result<()> {
        if *ledger == Ledger::default() {
            return match fs::remove_file(&self.0) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let fresh = self.0.with_extension("json.new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = io::BufWriter::new(options.open(&fresh)?);
        serde_json::to_writer(&mut file, ledger)?;
        file.flush()?;
        fs::rename(&fresh, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use director_core::config::{Scheduler, ServiceKey, VirtualAddress};
    use director_core::desired::{DesiredService, DesiredState, Presence, Sysctl, SysctlValue};
    use director_core::name::InterfaceName;
    use director_core::observed::Snapshot;
    use std::net::SocketAddr;

    #[test]
    fn what_is_kept_is_read_and_nothing_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = LedgerFile::beside(&folder.path().join("control"));
        assert_eq!(file.read().unwrap(), Ledger::default());
        let mut ledger = Ledger::default();
        let key = Sysctl::SyncThreshold;
        let sysctls = [(key, SysctlValue::Two(3, 50))].into();
        ledger.note_settings(&Snapshot { sysctls, ..Snapshot::default() });
        let interface = InterfaceName::new("lan").unwrap();
        let address =
            VirtualAddress { address: [10, 0, 0, 100].into(), prefix: 24, interface, mac: None };
        let server = SocketAddr::from(([10, 0, 0, 21], 80));
        let service = DesiredService {
            settings: Scheduler::Rr.into(),
            servers: [].into(),
            absent: [server].into(),
        };
        ledger.note(&DesiredState {
            addresses: [(address, Presence::Held)].into(),
            services: [(ServiceKey::FwMark6(7), service)].into(),
            ..DesiredState::default()
        });
        file.keep(&ledger).unwrap();
        assert_eq!(file.read().unwrap(), ledger);
        file.keep(&Ledger::default()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(&file.0, "{").unwrap();
        assert!(file.read().unwrap_err().to_string().contains("ledger.json"));
    }
}
