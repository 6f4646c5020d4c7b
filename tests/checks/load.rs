//! How many servers are checked, where they are, and the configurations that say so.

use crate::Outcome;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

pub(crate) const TCP_PORT: u16 = 4001;
pub(crate) const HTTP_PORT: u16 = 4002;
/// Servers that fail in the course of a run have a port of their own.
pub(crate) const VICTIM_PORT: u16 = 4003;
pub(crate) const VICTIMS: u32 = 5;
/// Servers of one service.
const POOL: usize = 100;
/// Addresses that end in neither 0 nor 255 below one third byte.
const LAST: u32 = 250;

/// For one check, but no more than its interval.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Between two checks of a server that has begun to fail.
pub(crate) const FAST: Duration = Duration::from_secs(1);
/// Failures in a row that take a server out.
pub(crate) const FALL: u32 = 2;

/// What is checked.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) tcp: u32,
    pub(crate) http: u32,
    pub(crate) interval: Duration,
}

/// The number of a server as an address; `None` for other addresses.
pub(crate) fn number(address: Ipv4Addr) -> Option<u32> {
    let [first, high, low, last] = address.octets();
    let place = (u32::from(high) * 256 + u32::from(low)) * LAST + u32::from(last);
    let inside = first == 127 && (1..=LAST).contains(&last.into());
    place.checked_sub(LAST + 1).filter(|_| inside)
}

fn address(number: u32) -> Ipv4Addr {
    // 127.0.0 is left to others.
    let (third, last) = (number / LAST + 1, number % LAST + 1);
    Ipv4Addr::from(0x7f00_0000 | third << 8 | last)
}

impl Load {
    pub(crate) fn new(tcp: u32, http: u32, interval: Duration) -> Outcome<Self> {
        if tcp < 2 * VICTIMS || interval < FAST || tcp + http > 1_000_000 {
            return Err(format!("at least {} TCP checks, and a second between two", 2 * VICTIMS));
        }
        Ok(Self { tcp, http, interval })
    }

    pub(crate) fn all(&self) -> u32 {
        self.tcp + self.http
    }

    pub(crate) fn timeout(&self) -> Duration {
        TIMEOUT.min(self.interval)
    }

    /// Within this a server that refuses is found: it fails right after a check, and `FALL` checks
    /// in a row have to say so, the last of which may take its whole time.
    pub(crate) fn bound(&self) -> Duration {
        self.interval + FAST * (FALL - 1) + self.timeout()
    }

    /// Servers that will fail.
    pub(crate) fn victims() -> Vec<SocketAddrV4> {
        (0..VICTIMS).map(|number| SocketAddrV4::new(address(number), VICTIM_PORT)).collect()
    }

    fn tcp_servers(&self) -> Vec<SocketAddrV4> {
        let others = (VICTIMS..self.tcp).map(|it| SocketAddrV4::new(address(it), TCP_PORT));
        Self::victims().into_iter().chain(others).collect()
    }

    fn http_servers(&self) -> Vec<SocketAddrV4> {
        (self.tcp..self.all()).map(|it| SocketAddrV4::new(address(it), HTTP_PORT)).collect()
    }

    /// Services with their servers: whether they are web servers, and who they are.
    fn pools(&self) -> Vec<(bool, Vec<SocketAddrV4>)> {
        let pools = |http: bool, servers: &[SocketAddrV4]| -> Vec<_> {
            servers.chunks(POOL).map(|pool| (http, pool.to_vec())).collect()
        };
        let mut all = pools(false, &self.tcp_servers());
        all.extend(pools(true, &self.http_servers()));
        all
    }

    /// For the director. The interface is that of [`crate::measure`]'s machine.
    pub(crate) fn director(&self) -> String {
        let mut text = String::from(
            "[cluster]\nkey-file = \"cluster.key\"\ndetection = \"deadtime\"\n\
             [nodes.d]\naddresses = { lan = \"10.9.0.1\" }\npriority = 100\n\
             [groups.web]\naddresses = [\"10.9.0.100/24 on lan\"]\n",
        );
        let seconds = |it: Duration| format!("\"{}ms\"", it.as_millis());
        for (place, (http, servers)) in self.pools().into_iter().enumerate() {
            let kind = if http {
                "type = \"http\", path = \"/\", expect = \"WELL\""
            } else {
                "type = \"tcp\""
            };
            let listen = 10_000 + place;
            let (interval, timeout) = (seconds(self.interval), seconds(self.timeout()));
            let fast = seconds(FAST);
            let _infallible = write!(
                text,
                "[services.s{place:04}]\nlisten = \"10.9.0.100:{listen}\"\nforward = \"nat\"\n\
                 check = {{ {kind}, interval = {interval}, timeout = {timeout}, \
                 fast-interval = {fast}, fall = {FALL}, rise = 1 }}\nservers = [\n"
            );
            for server in servers {
                let _infallible = writeln!(text, "{{ address = \"{server}\", weight = 1 }},");
            }
            text.push_str("]\n");
        }
        text
    }

    /// The same for keepalived.
    pub(crate) fn keepalived(&self) -> String {
        let mut text = String::from("global_defs {\n router_id d\n}\n");
        for (place, (http, servers)) in self.pools().into_iter().enumerate() {
            let listen = 10_000 + place;
            let _infallible = write!(
                text,
                "virtual_server 10.9.0.100 {listen} {{\n delay_loop {}\n lb_algo wlc\n \
                 lb_kind NAT\n protocol TCP\n",
                self.interval.as_secs()
            );
            let (timeout, retries) = (self.timeout().as_secs(), FALL - 1);
            let pace = format!(
                "connect_timeout {timeout}\n retry {retries}\n delay_before_retry {}\n",
                FAST.as_secs()
            );
            for server in servers {
                let (address, port) = (server.ip(), server.port());
                let _infallible = write!(text, " real_server {address} {port} {{\n weight 1\n ");
                text.push_str(&if http {
                    format!(
                        "HTTP_GET {{\n url {{\n path /\n status_code 200\n }}\n {pace} }}\n }}\n"
                    )
                } else {
                    format!("TCP_CHECK {{\n {pace} }}\n }}\n")
                });
            }
            text.push_str("}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_has_an_address_of_its_own() {
        for server in [0, 1, 249, 250, 62_499, 62_500, 70_000] {
            assert_eq!(number(address(server)), Some(server));
        }
        for other in ["127.0.0.1", "127.1.2.0", "127.1.2.255", "10.1.2.3"] {
            assert_eq!(number(other.parse().unwrap()), None, "{other}");
        }
    }

    #[test]
    fn the_director_understands_it() {
        let load = Load::new(250, 150, Duration::from_secs(10)).unwrap();
        let config = director_config::parse("load.toml", &load.director()).unwrap();
        assert_eq!(config.services.len(), 5);
        let servers: usize = config.services.values().map(|it| it.servers.len()).sum();
        assert_eq!(servers, 400);
    }
}
