//! Source ports of checks through services.
//!
//! IPVS knows a connection by its addresses and ports alone, not by its mark (`ip_vs_conn_hashkey`
//! in `ip_vs_conn.c`): a port that was used lately for another server would lead to that one.

use director_core::probe::Way;
use rustix::net::getsockname;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longer than the kernel remembers any connection of a check: 300 s for datagrams
/// (`udp_timeouts` in `ip_vs_proto_udp.c`), 120 s for a connection that has ended.
const REMEMBERED: Duration = Duration::from_secs(310);
/// Ports that are tried before a check gives up.
const TRIES: usize = 64;

/// Which port went to which server, for as long as the kernel may remember.
#[derive(Debug, Default)]
pub(super) struct Ports(Mutex<Used>);

#[derive(Debug, Default)]
struct Used {
    marks: BTreeMap<(SocketAddr, SocketAddr), (u32, Instant)>,
    /// In the order in which they are forgotten.
    ages: VecDeque<(Instant, (SocketAddr, SocketAddr))>,
}

impl Ports {
    /// Opens sockets until one has a port that has not led to another server lately.
    pub(super) fn claim(
        &self,
        target: SocketAddr,
        way: Way,
        open: impl Fn() -> io::Result<OwnedFd>,
    ) -> io::Result<OwnedFd> {
        // Those that do not do stay open until one does: the kernel gives no port twice.
        let mut unfit = Vec::new();
        for _ in 0..TRIES {
            let socket = open()?;
            let own = SocketAddr::try_from(getsockname(&socket)?)?;
            let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if used.take((own, target), way.mark, Instant::now()) {
                return Ok(socket);
            }
            unfit.push(socket);
        }
        let text = format!("{TRIES} ports in a row lead to other servers of {target}");
        Err(io::Error::new(io::ErrorKind::AddrInUse, text))
    }
}

impl Used {
    /// Whether these ends may be used with this mark; from now on they are.
    fn take(&mut self, ends: (SocketAddr, SocketAddr), mark: u32, now: Instant) -> bool {
        while let Some((at, old)) = self.ages.front().copied() {
            if now.saturating_duration_since(at) < REMEMBERED {
                break;
            }
            self.ages.pop_front();
            if self.marks.get(&old).is_some_and(|(_, used)| *used == at) {
                self.marks.remove(&old);
            }
        }
        if self.marks.get(&ends).is_some_and(|(other, _)| *other != mark) {
            return false;
        }
        self.marks.insert(ends, (mark, now));
        self.ages.push_back((now, ends));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_leads_to_one_server_for_as_long_as_the_kernel_remembers() {
        let ends = |port| {
            let own = SocketAddr::from(([10, 0, 0, 1], port));
            (own, SocketAddr::from(([10, 0, 0, 100], 80)))
        };
        let start = Instant::now();
        let mut used = Used::default();
        assert!(used.take(ends(1), 7, start));
        assert!(used.take(ends(1), 7, start + Duration::from_secs(200)));
        assert!(!used.take(ends(1), 8, start + Duration::from_secs(200)));
        assert!(used.take(ends(2), 8, start + Duration::from_secs(200)));
        assert!(!used.take(ends(1), 8, start + REMEMBERED + Duration::from_secs(1)));
        assert!(used.take(ends(1), 8, start + Duration::from_secs(200) + REMEMBERED));
        let all = used.take(ends(3), 9, start + Duration::from_secs(9_999));
        assert!(all && used.marks.len() == 1 && used.ages.len() == 1);
    }
}
