//! The network and the host that a director really has.

mod files;
mod ports;
mod program;
mod roots;
mod sockets;

use crate::network::{Carrier, Datagrams, Ended, Host, Network, Pending};
use director_core::config::dialogue::{Program, Secret, Trust};
use director_core::probe::Way;
use ports::Ports;
use roots::Roots;
use rustix::rand::{GetRandomFlags, getrandom};
use rustls::RootCertStore;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpSocket, TcpStream};

/// This host and its network.
#[derive(Debug, Default)]
pub struct LocalHost {
    roots: Roots,
    ports: Ports,
}

impl Network for LocalHost {
    type Stream = TcpStream;

    async fn connect(&self, target: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(target).await?;
        // A request is one small write; waiting to make it bigger only makes the check slower.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn reach(&self, target: SocketAddr) -> io::Result<()> {
        self.abandon(TcpStream::connect(target).await?);
        Ok(())
    }

    async fn connect_by(&self, target: SocketAddr, way: Way) -> io::Result<TcpStream> {
        let socket = self.ports.claim(target, way, || sockets::stream(target, way))?;
        let stream =
            TcpSocket::from_std_stream(std::net::TcpStream::from(socket)).connect(target).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn datagrams_by(&self, target: SocketAddr, way: Way) -> io::Result<Box<dyn Datagrams>> {
        let socket = self.ports.claim(target, way, || sockets::datagram(target, way))?;
        sockets::to(socket.into(), target)
    }

    fn abandon(&self, stream: TcpStream) {
        // Closing resets it then. If the kernel will not have that, it is closed as any other.
        drop(stream.set_zero_linger());
    }

    fn datagrams(&self, carrier: Carrier, target: SocketAddr) -> io::Result<Box<dyn Datagrams>> {
        match carrier {
            Carrier::Udp => sockets::udp(target),
            Carrier::Echo => sockets::echo(target),
        }
    }

    fn host(&self) -> &dyn Host {
        self
    }
}

impl Host for LocalHost {
    fn secret<'a>(&'a self, kept: &'a Secret) -> Pending<'a, io::Result<Vec<u8>>> {
        Box::pin(files::secret(kept.clone()))
    }

    fn file<'a>(&'a self, path: &'a str, limit: u64) -> Pending<'a, io::Result<Vec<u8>>> {
        Box::pin(files::read(path.to_owned(), limit))
    }

    fn roots<'a>(&'a self, trust: &'a Trust) -> Pending<'a, io::Result<Arc<RootCertStore>>> {
        Box::pin(self.roots.of(trust))
    }

    fn run<'a>(
        &'a self,
        program: &'a Program,
        arguments: Vec<String>,
    ) -> Pending<'a, io::Result<Ended>> {
        Box::pin(program::run(program.clone(), arguments))
    }

    fn random(&self, bytes: &mut [u8]) {
        let mut filled = 0;
        while filled < bytes.len() {
            // The kernel gives random bytes or is asked again: getrandom(2) has no other failure
            // for a buffer that is there.
            filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty()).unwrap_or(0);
        }
    }
}

/// A descriptor that the runtime watches.
#[expect(unsafe_code, reason = "the runtime wants a promise about the descriptor")]
fn watched(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: it is open for as long as it is owned, and nothing here replaces or closes it while
    // it is watched: `AsyncFd::get_mut` is never called.
    Ok(unsafe { AsyncFd::register(descriptor) }?)
}

/// Does what may block away from the loop: a hung disk delays no other check.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
