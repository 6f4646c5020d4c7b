//! What is not a way to a server: thresholds, one-packet scheduling, persistence, and how each
//! scheduler spreads.

use crate::Outcome;
use crate::cells::HEALTH_PORT;
use crate::serve;
use e2e::processes::run;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::thread::{self, sleep};
use std::time::Duration;

const FIRST_PORT: u16 = 7800;
const PATIENCE: Duration = Duration::from_secs(2);
/// The kernel forgets a closed connection after two minutes (`tcp_timeouts` in
/// `ip_vs_proto_tcp.c`), and until then counts it.
const FORGOTTEN: Duration = Duration::from_secs(150);

/// How the two servers are to share connections that are open at the same time.
#[derive(Clone, Copy)]
enum Shares {
    /// So many, and so many.
    Of(usize, usize),
    /// One has all, whichever that is.
    One,
    /// Both have some.
    Both,
}

/// One service and what a client is to see of it.
#[derive(Clone, Copy)]
struct Extra {
    what: &'static str,
    /// Lines of its service beside those that all have.
    lines: &'static str,
    servers: [&'static str; 2],
    connections: usize,
    shares: Shares,
    how: How,
}

/// How its client goes about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// Connections that stay open, one after the other.
    Held,
    /// The same, and again when those are closed and forgotten.
    Again,
    /// Datagrams of one socket.
    Datagrams,
    /// Connections that stay open, each from another address of one /24.
    Addresses,
    /// Datagrams of SIP (RFC 3261), each of another socket: all of one call, or each of its own.
    Calls { alone: bool },
}

const EVEN: [&str; 2] = ["weight = 100", "weight = 100"];
const THREE_TO_ONE: [&str; 2] = ["weight = 3", "weight = 1"];

const SIP: &str = "scheduler = \"rr\"\nprotocol = \"udp\"\n\
                   persistence = { timeout = \"60s\", engine = \"sip\" }";

const fn spread(
    what: &'static str,
    lines: &'static str,
    servers: [&'static str; 2],
    connections: usize,
    shares: Shares,
) -> Extra {
    Extra { what, lines, servers, connections, shares, how: How::Held }
}

const EXTRAS: [Extra; 28] = [
    spread("rr", "scheduler = \"rr\"", THREE_TO_ONE, 8, Shares::Of(4, 4)),
    spread("wrr 3:1", "scheduler = \"wrr\"", THREE_TO_ONE, 8, Shares::Of(6, 2)),
    spread("lc", "scheduler = \"lc\"", THREE_TO_ONE, 8, Shares::Of(4, 4)),
    spread("wlc 3:1", "scheduler = \"wlc\"", THREE_TO_ONE, 8, Shares::Of(6, 2)),
    spread("sed 3:1", "scheduler = \"sed\"", THREE_TO_ONE, 8, Shares::Of(6, 2)),
    spread("nq 3:1", "scheduler = \"nq\"", THREE_TO_ONE, 8, Shares::Of(6, 2)),
    spread("fo 3:1", "scheduler = \"fo\"", THREE_TO_ONE, 8, Shares::Of(8, 0)),
    spread("ovf 3:1", "scheduler = \"ovf\"", THREE_TO_ONE, 6, Shares::Of(4, 2)),
    spread("lblc", "scheduler = \"lblc\"", EVEN, 8, Shares::One),
    spread("lblcr", "scheduler = \"lblcr\"", EVEN, 8, Shares::One),
    spread("dh", "scheduler = \"dh\"", EVEN, 8, Shares::One),
    spread("sh", "scheduler = \"sh\"", EVEN, 8, Shares::One),
    spread(
        "sh by port",
        "scheduler = \"sh\"\nscheduler-flags = [\"sh-port\"]",
        EVEN,
        24,
        Shares::Both,
    ),
    spread(
        "sh, its server full",
        "scheduler = \"sh\"\nscheduler-flags = [\"sh-fallback\"]",
        ["weight = 100, upper-threshold = 4", "weight = 100, upper-threshold = 4"],
        8,
        Shares::Of(4, 4),
    ),
    spread("mh", "scheduler = \"mh\"", EVEN, 8, Shares::One),
    spread(
        "mh by port",
        "scheduler = \"mh\"\nscheduler-flags = [\"mh-port\"]",
        EVEN,
        24,
        Shares::Both,
    ),
    spread(
        "mh, its server full",
        "scheduler = \"mh\"\nscheduler-flags = [\"mh-fallback\"]",
        ["weight = 100, upper-threshold = 4", "weight = 100, upper-threshold = 4"],
        8,
        Shares::Of(4, 4),
    ),
    spread("twos", "scheduler = \"twos\"", EVEN, 24, Shares::Both),
    spread("persistence", "scheduler = \"rr\"\npersistence = \"60s\"", EVEN, 8, Shares::One),
    Extra {
        how: How::Addresses,
        ..spread(
            "persistence, 8 addresses",
            "scheduler = \"rr\"\npersistence = \"60s\"",
            EVEN,
            8,
            Shares::Of(4, 4),
        )
    },
    Extra {
        how: How::Addresses,
        ..spread(
            "persistence by /24",
            "scheduler = \"rr\"\npersistence = { timeout = \"60s\", prefix = 24 }",
            EVEN,
            8,
            Shares::One,
        )
    },
    Extra {
        how: How::Calls { alone: false },
        ..spread("sip, one call", SIP, EVEN, 8, Shares::One)
    },
    Extra {
        how: How::Calls { alone: true },
        ..spread("sip, 8 calls", SIP, EVEN, 8, Shares::Of(4, 4))
    },
    spread(
        "upper threshold 2",
        "scheduler = \"rr\"",
        ["weight = 1, upper-threshold = 2", "weight = 1"],
        8,
        Shares::Of(2, 6),
    ),
    Extra {
        what: "lower threshold 1",
        lines: "scheduler = \"rr\"",
        servers: ["weight = 1, upper-threshold = 2, lower-threshold = 1", "weight = 1"],
        connections: 8,
        shares: Shares::Of(2, 6),
        how: How::Again,
    },
    Extra {
        what: "one socket",
        lines: "scheduler = \"rr\"\nprotocol = \"udp\"",
        servers: EVEN,
        connections: 8,
        shares: Shares::One,
        how: How::Datagrams,
    },
    Extra {
        what: "one socket, one-packet",
        lines: "scheduler = \"rr\"\nprotocol = \"udp\"\none-packet = true",
        servers: EVEN,
        connections: 8,
        shares: Shares::Of(4, 4),
        how: How::Datagrams,
    },
    Extra {
        what: "one-packet wrr 3:1",
        lines: "scheduler = \"wrr\"\nprotocol = \"udp\"\none-packet = true",
        servers: THREE_TO_ONE,
        connections: 8,
        shares: Shares::Of(6, 2),
        how: How::Datagrams,
    },
];

pub(crate) const COUNT: usize = EXTRAS.len();

fn ports() -> impl Iterator<Item = (u16, &'static Extra)> {
    (FIRST_PORT..).zip(&EXTRAS)
}

/// Where the real servers serve one of them.
pub(crate) fn port_of(what: &str) -> u16 {
    ports().find(|(_, extra)| extra.what == what).map_or(0, |(port, _)| port)
}

/// Adds the services to a configuration.
pub(crate) fn services(text: &mut String) {
    for (port, extra) in ports() {
        let Extra { lines, servers: [one, other], .. } = extra;
        let _ = writeln!(
            text,
            "\n[services.extra{port}]\nlisten = \"10.0.0.100:{port}\"\n{lines}\n\
             check = {{ type = \"tcp\", port = {HEALTH_PORT}, interval = \"1s\", \
             timeout = \"900ms\" }}\n\
             servers = [{{ address = \"10.0.0.21\", {one} }}, \
             {{ address = \"10.0.0.22\", {other} }}]"
        );
    }
}

/// The real server's side: it says its name, and keeps the connection for as long as the client.
pub(crate) fn serve(name: &str) -> Outcome<Vec<thread::JoinHandle<()>>> {
    let each = ports().map(|(port, extra)| match extra.how {
        How::Datagrams | How::Calls { .. } => {
            serve::udp((Ipv4Addr::new(10, 0, 0, 100), port).into(), name)
        }
        How::Held | How::Again | How::Addresses => keep(port, name),
    });
    each.collect()
}

fn keep(port: u16, name: &str) -> Outcome<thread::JoinHandle<()>> {
    let at = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port);
    let listener = TcpListener::bind(at).map_err(|error| format!("tcp {at}: {error}"))?;
    let name = name.to_owned();
    Ok(thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let name = name.clone();
            thread::spawn(move || {
                // Until the client closes; one that is gone wants nothing.
                let _ = stream.write_all(name.as_bytes());
                let _ = stream.read(&mut [0]);
            });
        }
    }))
}

/// Plays all of them and prints what came of it; how many are broken.
pub(crate) fn play() -> Outcome<usize> {
    let mut broken = 0;
    println!("{:24} shares", "service");
    for (port, extra) in ports() {
        let outcome = match shared(port, extra) {
            Ok(shares) => format!("holds: {shares}"),
            Err(why) => {
                broken += 1;
                format!("BROKEN: {why}")
            }
        };
        println!("{:24} {outcome}", extra.what);
    }
    Ok(broken)
}

fn shared(port: u16, extra: &Extra) -> Outcome<String> {
    let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let own = own.to_string_lossy();
    let said = run("ip", &["netns", "exec", "client", &own, "share", &port.to_string()])?;
    let mut shown = Vec::new();
    for round in said.lines() {
        let of = |name: &str| round.split_whitespace().filter(|it| *it == name).count();
        let (one, other) = (of("s1"), of("s2"));
        let fits = match extra.shares {
            Shares::Of(wanted, rest) => (one, other) == (wanted, rest),
            Shares::One => one.min(other) == 0 && one.max(other) == extra.connections,
            Shares::Both => one > 0 && other > 0 && one + other == extra.connections,
        };
        shown.push(format!("s1 {one}, s2 {other}"));
        if !fits {
            return Err(format!("not as it should be: {}", shown.join("; again ")));
        }
    }
    Ok(shown.join("; again "))
}

/// Inside the client: prints who answered, a line for each round.
pub(crate) fn share(port: &str) -> Outcome<ExitCode> {
    let wanted: u16 = port.parse().map_err(|_| format!("{port} is no port"))?;
    let (_, extra) = ports().find(|(port, _)| *port == wanted).ok_or("no such service")?;
    let to = SocketAddr::from(([10, 0, 0, 100], wanted));
    let failed = |error: std::io::Error| format!("{to}: {error}");
    match extra.how {
        How::Datagrams => println!("{}", datagrams(to, extra.connections).map_err(failed)?),
        How::Held => println!("{}", held(to, extra.connections, one).map_err(failed)?),
        How::Addresses => println!("{}", held(to, extra.connections, each).map_err(failed)?),
        How::Calls { alone } => {
            println!("{}", calls(to, extra.connections, alone).map_err(failed)?);
        }
        How::Again => {
            println!("{}", held(to, extra.connections, one).map_err(failed)?);
            // There is nothing to be seen of it from here.
            sleep(FORGOTTEN);
            println!("{}", held(to, extra.connections, one).map_err(failed)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The client's own address.
fn one(_: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 9, 0, 2)
}

/// Another address of the client for each connection (`topology.rs`).
fn each(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 9, 0, 10 + number)
}

fn held(
    to: SocketAddr,
    connections: usize,
    from: impl Fn(u8) -> Ipv4Addr,
) -> std::io::Result<String> {
    let (mut names, mut open) = (Vec::new(), Vec::new());
    for number in (0..=u8::MAX).take(connections) {
        let mut stream = connect(from(number), to)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut name = [0; 2];
        stream.read_exact(&mut name)?;
        names.push(String::from_utf8_lossy(&name).into_owned());
        open.push(stream);
    }
    Ok(names.join(" "))
}

/// Tries as long as the kernel does.
fn connect(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddr::from((from, 0)))?;
    connect(&socket, &to)?;
    Ok(socket.into())
}

/// Each from a socket of its own: without the engine a client is its address alone.
fn calls(to: SocketAddr, count: usize, alone: bool) -> std::io::Result<String> {
    let mut names = Vec::new();
    for number in 0..count {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.connect(to)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let call = if alone { number } else { 0 };
        let message = format!(
            "OPTIONS sip:matrix@10.0.0.100 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 10.9.0.2;branch=z9hG4bK{number}\r\n\
             From: <sip:client@10.9.0.2>;tag={number}\r\nTo: <sip:matrix@10.0.0.100>\r\n\
             Call-ID: call-{call}@10.9.0.2\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
        socket.send(message.as_bytes())?;
        let mut name = [0; 2];
        let length = socket.recv(&mut name)?;
        names.push(String::from_utf8_lossy(name.get(..length).unwrap_or_default()).into_owned());
    }
    Ok(names.join(" "))
}

fn datagrams(to: SocketAddr, count: usize) -> std::io::Result<String> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(to)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut names = Vec::new();
    for _ in 0..count {
        socket.send(b"?")?;
        let mut name = [0; 2];
        let length = socket.recv(&mut name)?;
        names.push(String::from_utf8_lossy(name.get(..length).unwrap_or_default()).into_owned());
    }
    Ok(names.join(" "))
}
