//! A socket that answers every datagram with the same one, or never.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

/// A socket on one address, so that answers come from the address that was asked, and its thread;
/// dropping it closes the port.
pub(super) struct Socket {
    socket: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

impl Socket {
    /// Answers there; without an answer it takes the questions and says nothing.
    pub(super) fn start(at: SocketAddr, answer: Option<String>) -> io::Result<Self> {
        let socket = UdpSocket::bind(at)?;
        let kept = OwnedFd::from(socket.try_clone()?);
        let thread = std::thread::Builder::new()
            .name(format!("datagrams {at}"))
            .spawn(move || serve(&socket, answer.as_deref()))?;
        Ok(Self { socket: kept, thread: Some(thread) })
    }
}

fn serve(socket: &UdpSocket, answer: Option<&str>) {
    let mut question = [0_u8; 2048];
    loop {
        match socket.recv_from(&mut question) {
            // A socket that was shut down reads nothing, from nowhere: nobody asks with nothing.
            Ok((0, _)) => return,
            Ok((_, from)) => {
                // Who asked may be gone: the port unreachable comes back as an error of later.
                let _ = answer.map(|answer| socket.send_to(answer.as_bytes(), from));
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(_) => return,
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // ENOTCONN, and yet it wakes who waits in it (`udp_disconnect` is not asked for; inet(7)).
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    #[test]
    fn it_answers_until_it_is_dropped() {
        let free = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let socket = Socket::start(free, Some("well".to_owned())).unwrap();
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        client.connect(free).unwrap();
        client.send(b"how").unwrap();
        let mut answer = [0_u8; 16];
        let count = client.recv(&mut answer).unwrap();
        assert_eq!(&answer[..count], b"well");
        drop(socket);
        UdpSocket::bind(free).expect("the port is free again");
    }
}
