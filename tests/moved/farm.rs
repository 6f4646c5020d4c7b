//! Real servers: some that are well and answer everything that is asked of them, some that are ill.

mod names;
mod tls;

use crate::place::{self, Daemon, ILL, WELL, inside};
use e2e::processes::{Outcome, until};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const WELL_PAGE: &str = "all is well";
const ILL_PAGE: &str = "not today";
/// What mail, secure and web servers listen on, and servers that only greet.
const WEB: [u16; 2] = [80, 8080];
const SECURE: u16 = 443;
const MAIL: u16 = 25;
const GREETING: [u16; 2] = [22, 3306];
/// Names are asked for over UDP; the other port sends back what it gets.
const NAMES: u16 = 53;
const ECHO: u16 = 5000;
const STARTED: Duration = Duration::from_secs(10);

/// Starts this program as the farm, and waits until it answers.
pub(crate) fn start() -> Outcome<Daemon> {
    let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let own = own.to_str().ok_or("this program has no name")?;
    let mut daemon = place::start("farm", &[own, "farm"], "farm.log")?;
    until(STARTED, || match daemon.ended() {
        Some(why) => Err(why),
        None => inside("farm", &["grep", "-q", "ready", "/run/moved/farm.log"]).map(|_| ()),
    })?;
    Ok(daemon)
}

/// An address of a real server in each family.
fn addresses(last: u8) -> [IpAddr; 2] {
    let six = u16::from_str_radix(&last.to_string(), 16).unwrap_or_default();
    [Ipv4Addr::new(10, 0, 0, last).into(), Ipv6Addr::new(0xfd00, 0xa, 0, 0, 0, 0, 0, six).into()]
}

/// Serves until it is killed.
pub(crate) fn serve() -> Outcome<ExitCode> {
    let well: Vec<IpAddr> = WELL.flat_map(addresses).collect();
    let secure = tls::server(&well)?;
    let mut threads = Vec::new();
    for address in &well {
        for port in WEB {
            threads.push(tcp(*address, port, |stream| page(stream, "200 OK", WELL_PAGE))?);
        }
        let secure = Arc::clone(&secure);
        threads.push(tcp(*address, SECURE, move |stream| {
            page(secure.over(stream)?, "200 OK", WELL_PAGE)
        })?);
        threads.push(tcp(*address, MAIL, mail)?);
        for port in GREETING {
            threads.push(tcp(*address, port, |mut stream| stream.write_all(b"hello\r\n"))?);
        }
        threads.push(udp(*address, NAMES, names::answer)?);
        threads.push(udp(*address, ECHO, |bytes| Some(bytes.to_vec()))?);
    }
    for address in ILL.flat_map(addresses) {
        let ill = |stream| page(stream, "503 Service Unavailable", ILL_PAGE);
        threads.push(tcp(address, WEB[0], ill)?);
    }
    println!("ready");
    for thread in threads {
        thread.join().map_err(|_| "a server's thread ended".to_owned())?;
    }
    Ok(ExitCode::SUCCESS)
}

type Thread = thread::JoinHandle<()>;

fn tcp(
    address: IpAddr,
    port: u16,
    answer: impl Fn(TcpStream) -> std::io::Result<()> + Send + 'static,
) -> Outcome<Thread> {
    let at = SocketAddr::new(address, port);
    let listener = TcpListener::bind(at).map_err(|error| format!("tcp {at}: {error}"))?;
    Ok(thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that is gone already wants no answer.
            let _ = answer(stream);
        }
    }))
}

fn udp(
    address: IpAddr,
    port: u16,
    answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static,
) -> Outcome<Thread> {
    let at = SocketAddr::new(address, port);
    let socket = UdpSocket::bind(at).map_err(|error| format!("udp {at}: {error}"))?;
    Ok(thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            if let Some(answer) = answer(&buffer[..length]) {
                let _ = socket.send_to(&answer, from);
            }
        }
    }))
}

/// Answers one request with a page.
fn page(stream: impl Read + Write, status: &str, text: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    // The empty line ends a request without a body.
    while stream.read_line(&mut line)? > 2 {
        line.clear();
    }
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n{text}",
        text.len()
    );
    stream.get_mut().write_all(head.as_bytes())?;
    stream.get_mut().flush()
}

/// Greets, and takes everything until the client says goodbye.
fn mail(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(b"220 farm.example ESMTP\r\n")?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(line) = lines.next().transpose()? {
        let goodbye = line.to_ascii_uppercase().starts_with("QUIT");
        stream.write_all(if goodbye { b"221 goodbye\r\n" } else { b"250 farm.example\r\n" })?;
        if goodbye {
            break;
        }
    }
    Ok(())
}
