//! Making connections: the only thing that a check needs of the network.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Something that makes TCP connections.
pub trait Connect {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Connects to `target`.
    ///
    /// # Errors
    /// What the operating system said; its error number tells a refusal from a missing route.
    fn connect(&self, target: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// The network of this host.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Connect for Tcp {
    type Stream = TcpStream;

    async fn connect(&self, target: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(target).await?;
        // A request is one small write; waiting to make it bigger only makes the check slower.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
