//! The daemons of connection synchronisation, and when they tell.

use super::SimKernel;
use crate::ipvs::sync::{self, Teller};
use crate::ipvs::{ENTRY, Told};
use director_core::config::{SyncDaemon, SyncRole};
use director_core::desired::{Sysctl, SysctlValue};
use director_engine::ports::{ConnectionSync, KernelError};
use std::collections::BTreeMap;
use std::time::Duration;

/// The payload of a datagram of synchronisation, when nothing else is said: what an MTU of 1500
/// bytes leaves.
const PAYLOAD: usize = 1472;

/// What a director tells of its connections when it stops the daemon that told of them.
#[derive(Clone, Debug)]
pub(crate) struct LastWord {
    pub(crate) daemon: SyncDaemon,
    pub(crate) place: u8,
    pub(crate) messages: Vec<Vec<Told>>,
}

/// Entries that a message of a daemon has room for.
fn room(daemon: &SyncDaemon) -> usize {
    let payload = daemon.max_payload.map_or(PAYLOAD, |most| usize::from(most.get()));
    payload.saturating_sub(sync::HEADER) / ENTRY
}

impl SimKernel {
    pub(super) fn tell_when(&mut self, key: &Sysctl, value: SysctlValue) {
        let whole = |value: i64| u32::try_from(value).unwrap_or(0);
        let when = &mut self.ipvs.when;
        match (key, value) {
            (Sysctl::SyncThreshold, SysctlValue::Two(threshold, period)) => {
                (when.threshold, when.period) = (whole(threshold), whole(period));
            }
            (Sysctl::SyncRefreshPeriod, SysctlValue::One(seconds)) => {
                when.refresh = Duration::from_secs(u64::from(whole(seconds)));
            }
            (Sysctl::SyncRetries, SysctlValue::One(retries)) => {
                when.retries = u8::try_from(retries).unwrap_or(0);
            }
            _ => {}
        }
    }

    /// The daemon of synchronisation in a role, with the place of its interface.
    pub(crate) fn sync_daemon(&self, role: SyncRole) -> Option<(&SyncDaemon, u8)> {
        let daemon = self.memory.state.sync.get(&role)?;
        Some((daemon, self.place(&daemon.interface)?))
    }
}

impl ConnectionSync for SimKernel {
    fn sync_daemons(&mut self) -> Result<BTreeMap<SyncRole, SyncDaemon>, KernelError> {
        self.memory.sync_daemons()
    }

    fn start_sync(&mut self, role: SyncRole, daemon: &SyncDaemon) -> Result<(), KernelError> {
        let treated = self.treat()?;
        self.place(&daemon.interface).ok_or(KernelError::Missing)?;
        self.memory.start_sync(role, daemon)?;
        if role == SyncRole::Backup {
            self.ipvs.forget_routes();
        }
        if role == SyncRole::Master {
            self.ipvs.teller = Some(Box::new(Teller::new(room(daemon))));
        }
        treated.answer()
    }

    /// What was to be told and was not goes with the master: as on a real kernel, the director
    /// says a last word of all that lasts.
    fn stop_sync(&mut self, role: SyncRole) -> Result<(), KernelError> {
        let treated = self.treat()?;
        let daemon = self.sync_daemon(role).filter(|_| role == SyncRole::Master);
        self.last_word = daemon.map(|(daemon, place)| LastWord {
            daemon: daemon.clone(),
            place,
            messages: self.ipvs.last_word(room(daemon)),
        });
        self.memory.stop_sync(role)?;
        match role {
            SyncRole::Master => self.ipvs.teller = None,
            SyncRole::Backup => self.ipvs.forget_routes(),
        }
        treated.answer()
    }
}
