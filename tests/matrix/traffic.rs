//! The client: connections to a cell, and which server answered each.

use crate::Outcome;
use crate::cells::{CONNECTIONS, Cell, Over};
use crate::sctp;
use e2e::processes::run;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// Sends connections to the cell from the client's namespace; how the servers shared them.
pub(crate) fn through(cell: &Cell) -> Outcome<String> {
    let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let own = own.to_string_lossy();
    let said = run("ip", &["netns", "exec", "client", &own, "ask", &cell.number.to_string()])?;
    let mut split: BTreeMap<&str, usize> = BTreeMap::new();
    said.lines().for_each(|name| *split.entry(name).or_default() += 1);
    let shown: Vec<String> = split.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let shown = shown.join(", ");
    let even = split.len() == 2 && split.values().all(|count| *count == CONNECTIONS / 2);
    if even { Ok(shown) } else { Err(format!("not spread evenly: {shown}")) }
}

/// Inside the client: prints who answered, one name a line.
pub(crate) fn ask(number: &str) -> Outcome<ExitCode> {
    let number: usize = number.parse().map_err(|_| format!("{number} is no number"))?;
    let cell = *Cell::all().get(number).ok_or("no such cell")?;
    let address = cell.virtual_address().parse().map_err(|error| format!("{error}"))?;
    let to = SocketAddr::new(address, cell.port());
    for connection in 1..=CONNECTIONS {
        let answer = match cell.over {
            Over::Tcp => TcpStream::connect_timeout(&to, PATIENCE).and_then(answer),
            Over::Udp => datagram(to),
            Over::Sctp => sctp::stream(to).and_then(answer),
        };
        println!("{}", answer.map_err(|error| format!("connection {connection}: {error}"))?);
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(mut stream: TcpStream) -> std::io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut name = String::new();
    stream.read_to_string(&mut name)?;
    Ok(name)
}

/// A connected socket takes answers from the virtual address alone.
fn datagram(to: SocketAddr) -> std::io::Result<String> {
    let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.connect(to)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send(b"?")?;
    let mut buffer = [0; 64];
    let length = socket.recv(&mut buffer)?;
    Ok(String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned())
}
