//! Connection synchronisation: what a master tells, seen on the wire, and what a backup is told.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

use anyhow::Context;
use director_core::config::{Forward, SyncDaemon, SyncRole};
use director_core::name::InterfaceName;
use director_core::time::Instant;
use director_engine::ports::ConnectionSync as _;
use director_linux::LinuxKernel;
use director_sim::ipvs::{ENTRY, Ipvs, Told, When};

use crate::frames::datagram;
use crate::wire::{Wire, sysctl};

/// The group that the daemons talk to.
pub(crate) const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 81), 8848);

/// The other director.
const PEER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 40_000);

/// Whose messages they are.
const ID: u8 = 7;

/// The header of a message (`struct ip_vs_sync_mesg`), and its version.
const HEADER: usize = 8;
const VERSION: u8 = 1;

/// What is not enough for a message waits for two seconds, and the master's thread looks once in
/// a second (`ip_vs_sync.c`); some of the lab's ticks more.
const PATIENCE: Duration = Duration::from_millis(3_200);

/// Where the flags of an entry are, and the one that says that another director told of it, which
/// nobody who is told heeds.
const FLAGS: usize = 4;
const FROM_SYNC: u8 = 0x20;

/// Where its timeout is: 0 in the last word of a daemon that ends, which is the director's own.
const TIMEOUT: std::ops::Range<usize> = 20..24;

/// An entry's bytes.
type Bytes = [u8; ENTRY];

/// Both sides of synchronisation, beside each other.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    role: Option<SyncRole>,
    /// What the model has told and the kernel has not yet.
    due: VecDeque<Due>,
    /// Entries that both have told.
    pub(crate) told: u64,
}

/// Entries that are told since some moment, in any order.
#[derive(Debug)]
struct Due {
    since: Instant,
    entries: Vec<Bytes>,
}

/// Has the kernel tell of connections as `when` says.
pub(crate) fn tell_when(when: When) -> anyhow::Result<()> {
    let When { threshold, period, refresh, retries } = when;
    // One file for both: a threshold that is not below its period is refused.
    sysctl("ipv4/vs/sync_threshold", &format!("{threshold}\t{period}"))?;
    sysctl("ipv4/vs/sync_refresh_period", &refresh.as_secs().to_string())?;
    sysctl("ipv4/vs/sync_retries", &retries.to_string())
}

/// Ends the daemons of the table before.
pub(crate) fn silence(kernel: &mut LinuxKernel) -> anyhow::Result<()> {
    for role in kernel.sync_daemons().context("reading the daemons")?.into_keys() {
        kernel.stop_sync(role).context("stopping a daemon")?;
    }
    Ok(())
}

fn daemon() -> anyhow::Result<SyncDaemon> {
    Ok(SyncDaemon {
        interface: InterfaceName::new("lan").context("a name")?,
        id: ID,
        group: (*GROUP.ip()).into(),
        port: NonZeroU16::new(GROUP.port()).context("a port")?,
        ttl: NonZeroU8::MIN,
        max_payload: None,
    })
}

impl Talk {
    /// What the kernel is to be.
    pub(crate) fn role(&self) -> Option<SyncRole> {
        self.role
    }

    /// Ends what the kernel was and begins what it is to be; a difference of its last word.
    pub(crate) fn become_role(
        &mut self,
        role: Option<SyncRole>,
        (kernel, wire, model): (&mut LinuxKernel, &mut Wire, &mut Ipvs),
        present: &BTreeMap<SocketAddr, Forward>,
        now: Instant,
    ) -> anyhow::Result<Option<String>> {
        if self.role == role {
            return Ok(None);
        }
        let mut difference = None;
        if let Some(before) = self.role {
            kernel.stop_sync(before).context("stopping a daemon")?;
            if let Some(unsaid) = kernel.take_unsaid() {
                anyhow::bail!("the last word: {unsaid}");
            }
        }
        if self.role == Some(SyncRole::Master) {
            let said = wire.told()?;
            let (last, timely) = said.into_iter().partition(|one| one[TIMEOUT] == [0; 4]);
            self.time_passed(model, now);
            difference = self.compare(timely);
            let difference_of_last = compare_last(last, model, present);
            difference = difference.or(difference_of_last);
            // The daemon throws away what it has not sent.
            self.due.clear();
            model.be_master(false);
        }
        if let Some(role) = role {
            kernel.start_sync(role, &daemon()?).context("starting a daemon")?;
            model.be_master(role == SyncRole::Master);
        }
        if self.role.into_iter().chain(role).any(|one| one == SyncRole::Backup) {
            model.forget_routes();
        }
        self.role = role;
        Ok(difference)
    }

    /// What a packet had the model tell, in this order.
    pub(crate) fn packet_came(&mut self, model: &mut Ipvs, now: Instant) {
        let told = model.take_told().into_iter();
        self.due.extend(told.map(|told| Due { since: now, entries: vec![told.bytes()] }));
    }

    /// What time had it tell: in which order timers run whose times are near each other is open.
    pub(crate) fn time_passed(&mut self, model: &mut Ipvs, now: Instant) {
        let entries: Vec<Bytes> = model.take_told().iter().map(Told::bytes).collect();
        if !entries.is_empty() {
            self.due.push_back(Due { since: now, entries });
        }
    }

    /// What was told since the last look, by both.
    pub(crate) fn look(
        &mut self,
        wire: &mut Wire,
        model: &mut Ipvs,
        now: Instant,
    ) -> anyhow::Result<Option<String>> {
        if self.role.is_none() {
            return Ok(None);
        }
        let said = wire.told()?;
        self.time_passed(model, now);
        let difference = self.compare(said);
        let late = self.due.front().filter(|due| now.since(due.since) > PATIENCE);
        Ok(difference.or_else(|| {
            late.map(|Due { since, entries }| {
                let since = since.since(Instant::ZERO).as_secs_f64();
                format!("the kernel does not tell what the model did at {since:.3}: {entries:02x?}")
            })
        }))
    }

    fn compare(&mut self, said: Vec<Bytes>) -> Option<String> {
        for mut one in said {
            one[FLAGS + 3] &= !FROM_SYNC;
            let Some(Due { entries, .. }) = self.due.front_mut() else {
                return Some(format!("the kernel tells {one:02x?}, the model nothing"));
            };
            let Some(place) = entries.iter().position(|entry| *entry == one) else {
                return Some(format!("the kernel tells {one:02x?}, the model {entries:02x?}"));
            };
            entries.remove(place);
            if entries.is_empty() {
                self.due.pop_front();
            }
            self.told += 1;
        }
        None
    }
}

/// The last word is of all that lasts, in any order; what is told of a server that is not in the
/// table is left out, for how packets reach it is not known there.
fn compare_last(
    mut said: Vec<Bytes>,
    model: &Ipvs,
    present: &BTreeMap<SocketAddr, Forward>,
) -> Option<String> {
    let lasting = model.last_word(usize::MAX).into_iter().flatten();
    let mut expected: Vec<Bytes> = lasting
        .filter_map(|told| {
            let forward = present.get(&SocketAddr::V4(told.server()))?;
            let mut bytes = told.by(*forward).bytes();
            bytes[TIMEOUT].fill(0);
            Some(bytes)
        })
        .collect();
    said.sort_unstable();
    expected.sort_unstable();
    (said != expected).then(|| {
        format!("the last word: the kernel's side {said:02x?}, the model's {expected:02x?}")
    })
}

/// The frame of a message that tells a backup of an entry.
pub(crate) fn message(told: &Told) -> Vec<u8> {
    let size = u16::try_from(HEADER + ENTRY).unwrap_or(0).to_be_bytes();
    let mut payload = vec![0, ID, size[0], size[1], 1, VERSION, 0, 0];
    payload.extend(told.bytes());
    datagram(PEER, GROUP, &payload)
}

/// The entries of a message's payload.
pub(crate) fn entries(payload: &[u8]) -> Vec<Bytes> {
    let rest = payload.get(HEADER..).unwrap_or_default();
    rest.chunks_exact(ENTRY).filter_map(|entry| entry.try_into().ok()).collect()
}
