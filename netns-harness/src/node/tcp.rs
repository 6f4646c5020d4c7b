//! A listener that says one line to everybody, or nothing at all.

use std::io::{self, Write as _};
use std::net::{Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

/// How a listener treats its callers.
pub(super) enum Manner {
    /// Sends this and closes.
    Say(String),
    /// Accepts and keeps the connection, silently.
    Hang,
}

/// A listening socket and its thread; dropping it closes the port and every held connection.
pub(super) struct Listener {
    socket: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens on every address of the node.
    pub(super) fn start(port: u16, manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))?;
        let socket = OwnedFd::from(listener.try_clone()?);
        let thread = std::thread::Builder::new()
            .name(format!("port {port}"))
            .spawn(move || serve(&listener, &manner))?;
        Ok(Self { socket, thread: Some(thread) })
    }
}

fn serve(listener: &TcpListener, manner: &Manner) {
    let mut held: Vec<TcpStream> = Vec::new();
    // Ends when the socket is shut down: accept then fails.
    while let Ok((mut stream, _)) = listener.accept() {
        match manner {
            Manner::Say(line) => {
                // A caller that is gone already has no use for the line.
                let _ = stream.write_all(line.as_bytes());
                let _ = stream.shutdown(Shutdown::Write);
            }
            Manner::Hang => held.push(stream),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
