//! The program of a real server: it says its name on every port of the matrix.

use crate::Outcome;
use crate::cells::{Cell, HEALTH_PORT, HELD_PORT, Over};
use crate::through::OWN_PORT;
use crate::{extras, sctp};
use std::io::Write as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::ExitCode;
use std::thread;

/// Serves until it is killed.
pub(crate) fn serve(name: &str, number: &str) -> Outcome<ExitCode> {
    let number: u8 = number.parse().map_err(|_| format!("{number} is no number"))?;
    let mut threads = vec![tcp(HEALTH_PORT, name)?, echo()?];
    if number == 1 {
        threads.push(tcp(OWN_PORT, name)?);
    } else {
        for own in [format!("10.0.0.{}", 20 + number), format!("fd00:a::{}", 20 + number)] {
            let own: IpAddr = own.parse().map_err(|error| format!("{own}: {error}"))?;
            threads.push(tcp_at(SocketAddr::new(own, OWN_PORT), name)?);
        }
    }
    for cell in Cell::all() {
        let place = format!("cell {}", cell.number);
        let address = cell.served_address(number);
        let address: IpAddr = address.parse().map_err(|error| format!("{place}: {error}"))?;
        let at = SocketAddr::new(address, cell.port());
        threads.push(match cell.over {
            Over::Tcp => tcp(cell.port(), name)?,
            Over::Udp => udp(at, name)?,
            Over::Sctp => answer(sctp::listener(at), name, at)?,
        });
    }
    threads.append(&mut extras::serve(name)?);
    for thread in threads {
        thread.join().map_err(|_| "a server's thread ended".to_owned())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// For both families (ipv6(7)).
fn tcp(port: u16, name: &str) -> Outcome<thread::JoinHandle<()>> {
    tcp_at(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port), name)
}

fn tcp_at(at: SocketAddr, name: &str) -> Outcome<thread::JoinHandle<()>> {
    answer(TcpListener::bind(at), name, at)
}

fn answer(
    listener: std::io::Result<TcpListener>,
    name: &str,
    at: SocketAddr,
) -> Outcome<thread::JoinHandle<()>> {
    let listener = listener.map_err(|error| format!("{at}: {error}"))?;
    let name = name.to_owned();
    Ok(thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // A client that is gone already wants no answer.
            let _ = stream.write_all(name.as_bytes());
        }
    }))
}

/// Answers every byte with itself for as long as the client likes.
fn echo() -> Outcome<thread::JoinHandle<()>> {
    let at = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), HELD_PORT);
    let listener = TcpListener::bind(at).map_err(|error| format!("tcp {at}: {error}"))?;
    Ok(thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let (mut from, mut to) = (&stream, &stream);
                std::io::copy(&mut from, &mut to)
            });
        }
    }))
}

/// On one address, which the answers then come from.
pub(crate) fn udp(at: SocketAddr, name: &str) -> Outcome<thread::JoinHandle<()>> {
    let socket = UdpSocket::bind(at).map_err(|error| format!("udp {at}: {error}"))?;
    let name = name.to_owned();
    Ok(thread::spawn(move || {
        let mut buffer = [0; 64];
        while let Ok((_, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(name.as_bytes(), from);
        }
    }))
}
