//! The last word of a synchronisation daemon: what the kernel has not told of yet.
//!
//! The kernel collects connections until a packet is full, or for two seconds, and a daemon that is
//! stopped throws away what it has collected (`sync_thread_master` in
//! `net/netfilter/ipvs/ip_vs_sync.c`). A director that hands over stops it when the addresses are
//! off and before the peer takes them. So connections that were begun just then would be unknown to
//! the new owner, which resets them. They are told of here, in the kernel's own words.

mod entry;
mod message;

use director_core::config::SyncDaemon;
use entry::Entry;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, sockopt};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Every connection of this network namespace, one in a line.
const CONNECTIONS: &str = "/proc/net/ip_vs_conn";

/// Nobody has the addresses meanwhile: what cannot be told in this time is left out.
const LIMIT: Duration = Duration::from_millis(4);

/// What a packet may take to the peer. The word that the addresses are off must not overtake the
/// connections: the peer stops listening to them when it takes over.
const UNDERWAY: Duration = Duration::from_millis(1);

/// Lines between two looks at the clock.
const STRIDE: usize = 256;

/// How packets reach each server: the kernel's number for it (`IP_VS_CONN_F_FWD_MASK`).
pub(super) type Methods = BTreeMap<IpAddr, u32>;

/// Tells whoever listens to `daemon` of every connection that lasts.
///
/// # Errors
/// What the system says of the list, or of the socket.
pub(super) fn tell(daemon: &SyncDaemon, interface: u32, methods: &Methods) -> io::Result<()> {
    let begun = Instant::now();
    let mut lasting = Vec::new();
    for (number, line) in BufReader::new(File::open(CONNECTIONS)?).lines().enumerate() {
        lasting.extend(Entry::read(&line?).filter(Entry::lasts));
        if number % STRIDE == STRIDE - 1 && begun.elapsed() > LIMIT {
            break;
        }
    }
    if lasting.is_empty() {
        return Ok(());
    }
    let socket = socket(daemon, interface)?;
    let to = SocketAddr::new(daemon.group, daemon.port.get());
    for packet in message::packets(&lasting, daemon, methods) {
        rustix::net::sendto(&socket, &packet, SendFlags::DONTWAIT, &to)?;
    }
    // Nothing answers; see UNDERWAY.
    std::thread::sleep(UNDERWAY);
    Ok(())
}

/// As the kernel's own (`make_send_sock` there).
fn socket(daemon: &SyncDaemon, interface: u32) -> io::Result<OwnedFd> {
    let ipv6 = daemon.group.is_ipv6();
    let family = if ipv6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, None)?;
    let hops = u32::from(daemon.ttl.get());
    if ipv6 {
        sockopt::set_ipv6_multicast_if(&socket, interface)?;
        sockopt::set_ipv6_multicast_hops(&socket, hops)?;
        sockopt::set_ipv6_multicast_loop(&socket, false)?;
    } else {
        let any = Ipv4Addr::UNSPECIFIED;
        sockopt::set_ip_multicast_if_with_ifindex(&socket, &any, &any, interface)?;
        sockopt::set_ip_multicast_ttl(&socket, hops)?;
        sockopt::set_ip_multicast_loop(&socket, false)?;
    }
    Ok(socket)
}
