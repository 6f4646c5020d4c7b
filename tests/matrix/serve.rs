//! The program of a real server: it says its name on every port of the matrix.

use crate::Outcome;
use crate::cells::{Cell, HEALTH_PORT, HELD_PORT};
use std::io::Write as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::ExitCode;
use std::thread;

/// Serves until it is killed.
pub(crate) fn serve(name: &str, number: &str) -> Outcome<ExitCode> {
    let number: u8 = number.parse().map_err(|_| format!("{number} is no number"))?;
    let mut threads = vec![tcp(HEALTH_PORT, name)?, echo()?];
    for cell in Cell::all() {
        let place = format!("cell {}", cell.number);
        threads.push(if cell.udp {
            let address = cell.served_address(number);
            let address: IpAddr = address.parse().map_err(|error| format!("{place}: {error}"))?;
            udp(SocketAddr::new(address, cell.port()), name)?
        } else {
            tcp(cell.port(), name)?
        });
    }
    for thread in threads {
        thread.join().map_err(|_| "a server's thread ended".to_owned())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// For both families (ipv6(7)).
fn tcp(port: u16, name: &str) -> Outcome<thread::JoinHandle<()>> {
    let at = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port);
    let listener = TcpListener::bind(at).map_err(|error| format!("tcp {at}: {error}"))?;
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
fn udp(at: SocketAddr, name: &str) -> Outcome<thread::JoinHandle<()>> {
    let socket = UdpSocket::bind(at).map_err(|error| format!("udp {at}: {error}"))?;
    let name = name.to_owned();
    Ok(thread::spawn(move || {
        let mut buffer = [0; 64];
        while let Ok((_, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(name.as_bytes(), from);
        }
    }))
}
