//! A director that runs out of descriptors, disk, memory or modules.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use rustix::process::{Pid, Resource as Limit, Rlimit, prlimit};

use super::{modules, processes};
use crate::plan::Resource;

/// Where a director may write; `node::build` has given each of them a small file system.
pub(super) const DISKS: [&str; 3] = ["/run", "/tmp", "/var/log"];
/// What fills it.
const FILLER: &str = "lab-filler";
/// No file system of a node is larger than this many pieces of 64 KiB.
const PIECES: usize = 1 << 12;

/// What the processes could have before.
#[derive(Debug, Default)]
pub(super) struct Shortage(Vec<(Pid, Limit, Rlimit)>);

impl Shortage {
    /// From now on the director's processes get no more of it.
    pub(super) fn begin(&mut self, resource: Resource, spared: Option<Pid>) -> anyhow::Result<()> {
        match resource {
            Resource::Disk => DISKS.iter().try_for_each(|place| fill(Path::new(place))),
            Resource::Descriptors => processes::running(spared)?.into_iter().try_for_each(|pid| {
                let free = first_free(pid)?;
                self.limit(pid, Limit::Nofile, free)
            }),
            // What it has it keeps; the kernel gives no more (`may_expand_vm`, mm/mmap.c).
            Resource::Memory => processes::running(spared)?
                .into_iter()
                .try_for_each(|pid| self.limit(pid, Limit::As, 1)),
            Resource::Modules => modules::exhaust(),
        }
    }

    /// They get as much as before.
    pub(super) fn end(&mut self, resource: Resource) -> anyhow::Result<()> {
        let ended = match resource {
            Resource::Disk => {
                for place in DISKS {
                    // Whatever was never filled has no filler.
                    let _ = fs::remove_file(Path::new(place).join(FILLER));
                }
                return Ok(());
            }
            Resource::Descriptors => Limit::Nofile,
            Resource::Memory => Limit::As,
            Resource::Modules => return modules::replenish(),
        };
        for (pid, limit, before) in self.0.iter().filter(|(_, limit, _)| *limit == ended) {
            // The process may have ended since.
            let _ = prlimit(Some(*pid), *limit, *before);
        }
        self.0.retain(|(_, limit, _)| *limit != ended);
        Ok(())
    }

    fn limit(&mut self, pid: Pid, limit: Limit, current: u64) -> anyhow::Result<()> {
        let fresh = Rlimit { current: Some(current), maximum: None };
        let maximum = rustix::process::getrlimit(limit).maximum;
        let fresh = Rlimit { maximum, ..fresh };
        let before = prlimit(Some(pid), limit, fresh).context("limits of the director")?;
        self.0.push((pid, limit, before));
        Ok(())
    }
}

/// The lowest descriptor that is not in use: what would be opened next gets it.
fn first_free(pid: Pid) -> anyhow::Result<u64> {
    let folder = format!("/proc/{}/fd", pid.as_raw_nonzero());
    let mut used: Vec<u64> = fs::read_dir(&folder)
        .with_context(|| format!("reading {folder}"))?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    used.sort_unstable();
    Ok((0..)
        .zip(&used)
        .find(|(number, used)| number != *used)
        .map_or(u64::try_from(used.len()).unwrap_or(u64::MAX), |(number, _)| number))
}

fn fill(place: &Path) -> anyhow::Result<()> {
    let path = place.join(FILLER);
    let mut file =
        fs::File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    let piece = vec![0_u8; 1 << 16];
    for _ in 0..PIECES {
        match file.write_all(&piece) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
            Err(error) => {
                return Err(error).with_context(|| format!("filling {}", place.display()));
            }
        }
    }
    anyhow::bail!("{} is not full after {PIECES} pieces of 64 KiB", place.display())
}
