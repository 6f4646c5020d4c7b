//! A connection as `/proc/net/ip_vs_conn` shows it (`ip_vs_conn_seq_show` in
//! `net/netfilter/ipvs/ip_vs_conn.c`).
//!
//! ```text
//! Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
//! TCP 0A000001 9C40 0A000064 0050 0A000015 0050 ESTABLISHED     899
//! ```
//!
//! Addresses and ports are hexadecimal; addresses of IPv6 have colons.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const SCTP: u8 = 132;

/// States of TCP by their numbers (`include/net/ip_vs.h`, names in `ip_vs_proto_tcp.c`).
const OF_TCP: [&str; 11] = [
    "NONE",
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "SYNACK",
];
/// The same of SCTP (`ip_vs_proto_sctp.c`).
const OF_SCTP: [&str; 14] = [
    "NONE",
    "INIT1",
    "INIT",
    "COOKIE_SENT",
    "COOKIE_REPLIED",
    "COOKIE_WAIT",
    "COOKIE",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECEIVED",
    "SHUTDOWN_ACK_SENT",
    "REJECTED",
    "CLOSED",
];
/// States in which nothing is to come any more that a reset could harm.
const OVER: [&str; 4] = ["TIME_WAIT", "CLOSE", "REJECTED", "CLOSED"];

/// States in which a connection is an active one (`tcp_state_active_table` in `ip_vs_proto_tcp.c`,
/// `set_sctp_state`); one of UDP never is.
const ACTIVE_TCP: [&str; 4] = ["ESTABLISHED", "SYN_SENT", "SYN_RECV", "SYNACK"];
const ACTIVE_SCTP: [&str; 1] = ["ESTABLISHED"];

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) protocol: u8,
    pub(super) client: SocketAddr,
    pub(super) service: SocketAddr,
    pub(super) server: SocketAddr,
    /// The kernel's number of its state.
    pub(super) state: u16,
    /// Whether its server counts it among the active ones.
    pub(super) active: bool,
    over: bool,
}

impl Entry {
    /// `None` for the heading, and for what cannot be read.
    pub(super) fn read(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let protocol = match words.next()? {
            "TCP" => TCP,
            "UDP" => UDP,
            "SCTP" => SCTP,
            _ => return None,
        };
        let mut place = || Some(SocketAddr::new(address(words.next()?)?, port(words.next()?)?));
        let (client, service, server) = (place()?, place()?, place()?);
        let name = words.next()?;
        let states = match protocol {
            TCP => OF_TCP.as_slice(),
            SCTP => OF_SCTP.as_slice(),
            _ => &["UDP"],
        };
        let state = states.iter().position(|state| *state == name)?;
        let state = u16::try_from(state).ok()?;
        let active = match protocol {
            TCP => ACTIVE_TCP.contains(&name),
            SCTP => ACTIVE_SCTP.contains(&name),
            _ => false,
        };
        let over = OVER.contains(&name);
        Some(Self { protocol, client, service, server, state, active, over })
    }

    /// Whether a packet of it is to be expected. A template of persistence has no client's port.
    pub(super) fn lasts(&self) -> bool {
        !self.over && self.client.port() != 0
    }
}

fn port(word: &str) -> Option<u16> {
    u16::from_str_radix(word, 16).ok()
}

fn address(word: &str) -> Option<IpAddr> {
    if word.contains(':') {
        return Some(word.parse::<Ipv6Addr>().ok()?.into());
    }
    Some(Ipv4Addr::from(u32::from_str_radix(word, 16).ok()?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Entry {
        Entry::read(line).expect("a connection")
    }

    #[test]
    fn lines_of_the_kernel_are_read() {
        let line = "TCP 0A000001 9C40 0A000064 0050 0A000015 1F90 ESTABLISHED     899";
        let one = read(line);
        assert_eq!((one.protocol, one.state, one.lasts()), (TCP, 1, true));
        assert_eq!(one.client, "10.0.0.1:40000".parse().unwrap());
        assert_eq!(one.service, "10.0.0.100:80".parse().unwrap());
        assert_eq!(one.server, "10.0.0.21:8080".parse().unwrap());
        let line = "UDP 2001:0db8:0000:0000:0000:0000:0000:0001 0035 \
                    2001:0db8:0000:0000:0000:0000:0000:0064 0035 \
                    2001:0db8:0000:0000:0000:0000:0000:0015 0035 UDP          12 sip abc";
        let one = read(line);
        assert_eq!((one.protocol, one.state, one.lasts()), (UDP, 0, true));
        assert!(!one.active);
        assert_eq!(one.client, "[2001:db8::1]:53".parse().unwrap());
        let line = "SCTP 0A000001 9C40 0A000064 0050 0A000015 0050 ESTABLISHED     10";
        assert_eq!((read(line).state, read(line).active), (8, true));
    }

    #[test]
    fn what_is_over_and_what_is_no_connection_does_not_last() {
        let line = |state: &str, port: &str| {
            format!("TCP 0A000001 {port} 0A000064 0050 0A000015 0050 {state} 100")
        };
        assert!(!read(&line("TIME_WAIT", "9C40")).lasts());
        assert!(!read(&line("CLOSE", "9C40")).lasts());
        assert!(!read(&line("NONE", "0000")).lasts(), "a template");
        let half_open = read(&line("SYN_RECV", "9C40"));
        assert!(half_open.lasts() && half_open.active);
        let half_closed = read(&line("FIN_WAIT", "9C40"));
        assert!(half_closed.lasts() && !half_closed.active);
        let heading = "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName";
        for line in [heading, "", "TCP 0A000001", &line("LISTENING", "9C40"), "ICMP a b c d"] {
            assert_eq!(Entry::read(line), None, "{line}");
        }
    }
}
