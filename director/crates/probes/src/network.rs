//! What checks need of the world: connections, datagrams, and a little of the director's own host.

use director_core::config::dialogue::{Program, Secret, Trust};
use director_core::probe::Way;
use rustls::RootCertStore;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// Something that takes a while.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A network, and the host on it that asks.
pub trait Network: Send + Sync {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Connects to `target`.
    ///
    /// # Errors
    /// What the operating system said; its error number tells a refusal from a missing route.
    fn connect(&self, target: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Finds out whether a connection to `target` can be made; nothing is said over it.
    ///
    /// # Errors
    /// As [`Self::connect`].
    fn reach(&self, target: SocketAddr) -> impl Future<Output = io::Result<()>> + Send {
        async move {
            self.abandon(self.connect(target).await?);
            Ok(())
        }
    }

    /// Connects to `target` by the way of a check through a service.
    ///
    /// # Errors
    /// What the operating system said. A network without such ways says so.
    fn connect_by(
        &self,
        target: SocketAddr,
        way: Way,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send {
        std::future::ready(Err(no_way(target, way)))
    }

    /// A socket that exchanges datagrams with `target`, by the way of a check through a service.
    ///
    /// # Errors
    /// What the operating system said. A network without such ways says so.
    fn datagrams_by(&self, target: SocketAddr, way: Way) -> io::Result<Box<dyn Datagrams>> {
        Err(no_way(target, way))
    }

    /// Ends a connection over which nothing was said, and of which nothing is to be left: neither
    /// end has to wait for packets of it that are late (RFC 9293 §3.6.1, `TIME-WAIT`).
    fn abandon(&self, stream: Self::Stream) {
        drop(stream);
    }

    /// A socket that exchanges datagrams with `target` and nobody else.
    ///
    /// # Errors
    /// What the operating system said. A network without datagrams says so.
    fn datagrams(&self, carrier: Carrier, target: SocketAddr) -> io::Result<Box<dyn Datagrams>> {
        let text = format!("this network carries no {carrier:?} datagrams, not even to {target}");
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }

    /// The host that asks. One that has nothing says so whenever it is asked.
    fn host(&self) -> &dyn Host {
        &Bare
    }
}

fn no_way(target: SocketAddr, way: Way) -> io::Error {
    let text = format!("this network has no firewall marks such as {} to {target}", way.mark);
    io::Error::new(io::ErrorKind::Unsupported, text)
}

/// What carries datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// UDP.
    Udp,
    /// ICMP echo messages (RFC 792, RFC 4443): from type to the end of the payload.
    Echo,
}

/// A socket for datagrams. What the peer's kernel says of them (ICMP) comes back as an error.
pub trait Datagrams: Send {
    /// Sends one datagram.
    fn poll_send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<()>>;

    /// Receives one datagram; the bytes that it has, as far as there is room.
    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>>;
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a status.
    Status(i32),
    /// By a signal.
    Signal(i32),
}

/// What a check may have of the director's own host.
pub trait Host: Send + Sync {
    /// A secret, as it is now.
    ///
    /// # Errors
    /// When it is not there, is empty, or others may read it.
    fn secret<'a>(&'a self, kept: &'a Secret) -> Pending<'a, io::Result<Vec<u8>>>;

    /// The first bytes of a file.
    ///
    /// # Errors
    /// What the operating system said.
    fn file<'a>(&'a self, path: &'a str, limit: u64) -> Pending<'a, io::Result<Vec<u8>>>;

    /// The roots below which certificates are trusted.
    ///
    /// # Errors
    /// When there are none.
    fn roots<'a>(&'a self, trust: &'a Trust) -> Pending<'a, io::Result<Arc<RootCertStore>>>;

    /// Runs a program with further arguments. Dropping the future kills it and its children.
    ///
    /// # Errors
    /// When it cannot be started.
    fn run<'a>(
        &'a self,
        program: &'a Program,
        arguments: Vec<String>,
    ) -> Pending<'a, io::Result<Ended>>;

    /// Fills `bytes` with what nobody can guess.
    fn random(&self, bytes: &mut [u8]);
}

/// A host without anything.
struct Bare;

fn nothing<'a, T: Send + 'a>(what: &str) -> Pending<'a, io::Result<T>> {
    let text = format!("this host has no {what}");
    Box::pin(std::future::ready(Err(io::Error::new(io::ErrorKind::Unsupported, text))))
}

impl Host for Bare {
    fn secret<'a>(&'a self, _: &'a Secret) -> Pending<'a, io::Result<Vec<u8>>> {
        nothing("secrets")
    }

    fn file<'a>(&'a self, _: &'a str, _: u64) -> Pending<'a, io::Result<Vec<u8>>> {
        nothing("files")
    }

    fn roots<'a>(&'a self, _: &'a Trust) -> Pending<'a, io::Result<Arc<RootCertStore>>> {
        nothing("trusted roots")
    }

    fn run<'a>(&'a self, _: &'a Program, _: Vec<String>) -> Pending<'a, io::Result<Ended>> {
        nothing("programs")
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}
