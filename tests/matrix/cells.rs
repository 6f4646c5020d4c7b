//! The cells of the matrix, and the configuration that has them all.

use crate::extras;
use std::fmt::{self, Write as _};

/// Connections per cell: the scheduler `rr` gives each of two servers half of them.
pub(crate) const CONNECTIONS: usize = 8;
/// Where the real servers take GUE.
pub(crate) const GUE_PORT: u16 = 6080;
/// Where the health checks ask.
pub(crate) const HEALTH_PORT: u16 = 6999;
/// Where the real servers answer a byte with a byte.
pub(crate) const HELD_PORT: u16 = 6998;
const FIRST_PORT: u16 = 7000;

/// What carries the connections of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Tcp,
    Udp,
    Sctp,
}

impl Over {
    const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

/// One way for packets to reach a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) number: u16,
    pub(crate) method: &'static str,
    pub(crate) ipv6: bool,
    pub(crate) over: Over,
    pub(crate) marked: bool,
    /// Whether the servers are of the other family.
    pub(crate) across: bool,
}

impl Cell {
    /// All of them, and after them the two families across each other.
    pub(crate) fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        let mut add = |method, ipv6, over, marked, across| {
            let number = u16::try_from(cells.len()).unwrap_or(u16::MAX);
            cells.push(Self { number, method, ipv6, over, marked, across });
        };
        for method in ["direct", "ipip", "gue", "gre", "nat"] {
            for ipv6 in [false, true] {
                for over in Over::ALL {
                    add(method, ipv6, over, false, false);
                    add(method, ipv6, over, true, false);
                }
            }
        }
        for method in ["ipip", "gue", "gre"] {
            for ipv6 in [false, true] {
                for over in Over::ALL {
                    add(method, ipv6, over, false, true);
                }
            }
        }
        cells
    }

    pub(crate) fn port(&self) -> u16 {
        FIRST_PORT + self.number
    }

    pub(crate) fn virtual_address(&self) -> &'static str {
        if self.ipv6 { "fd00:a::100" } else { "10.0.0.100" }
    }

    /// The address of a real server that packets of this cell are sent to.
    pub(crate) fn server_address(&self, number: u8) -> String {
        if self.ipv6 == self.across {
            format!("10.0.0.{}", 20 + number)
        } else {
            format!("fd00:a::{}", 20 + number)
        }
    }

    /// The address that the real server's program is asked at.
    pub(crate) fn served_address(&self, number: u8) -> String {
        if self.method == "nat" {
            self.server_address(number)
        } else {
            self.virtual_address().to_owned()
        }
    }

    fn service(&self) -> String {
        let mut text = format!("\n[services.cell{}]\n", self.number);
        let bracketed = |address: &str| {
            if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
        };
        let listen = format!("{}:{}", bracketed(self.virtual_address()), self.port());
        let _ = match self.marked {
            true => writeln!(text, "fwmark = {}\nlisten = [\"{listen}\"]", 100 + self.number),
            false => writeln!(text, "listen = \"{listen}\""),
        };
        let _ = writeln!(text, "protocol = \"{}\"", self.over.name());
        text.push_str("scheduler = \"rr\"\n");
        let _ = match self.method {
            "gue" => writeln!(text, "tunnel = {{ type = \"gue\", port = {GUE_PORT} }}"),
            "ipip" | "gre" => writeln!(text, "tunnel = {{ type = \"{}\" }}", self.method),
            method => writeln!(text, "forward = \"{method}\""),
        };
        let _ = writeln!(
            text,
            "check = {{ type = \"tcp\", port = {HEALTH_PORT}, interval = \"1s\", \
             timeout = \"900ms\" }}"
        );
        let _ = writeln!(
            text,
            "servers = [{{ address = \"{}\" }}, {{ address = \"{}\" }}]",
            self.server_address(1),
            self.server_address(2)
        );
        text
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = |ipv6| if ipv6 { "IPv6" } else { "IPv4" };
        let mut clients = family(self.ipv6).to_owned();
        if self.across {
            clients = format!("{clients}→{}", family(!self.ipv6));
        }
        let over = self.over.name().to_uppercase();
        let by = if self.marked { "fwmark" } else { "service" };
        write!(formatter, "{:8} {clients:11} {over:6} {by:8}", self.method)
    }
}

/// The configuration of a director with all cells.
pub(crate) fn configuration(cells: &[Cell]) -> String {
    let mut text = String::from(
        "[cluster]\nkey-file = \"cluster.key\"\nkeepalive = \"100ms\"\ninitdead = \"500ms\"\n\n\
         [nodes.d]\naddresses = { lan = \"10.0.0.1\" }\npriority = 100\n\n\
         [groups.all]\naddresses = [\"10.0.0.100/24 on lan\", \"fd00:a::100/64 on lan\"]\n",
    );
    cells.iter().for_each(|cell| text.push_str(&cell.service()));
    extras::services(&mut text);
    text
}
