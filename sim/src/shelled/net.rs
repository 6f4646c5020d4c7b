//! The network over which checks are made, on turmoil.

use director_probes::{Carrier, Datagrams, Network};
use futures::FutureExt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use turmoil::net::{TcpStream, UdpSocket};

/// Where an address of the scenario is on turmoil: by the one address that its host has there.
pub type Place = Arc<dyn Fn(IpAddr) -> Option<IpAddr> + Send + Sync>;

/// turmoil's TCP and UDP as the probes want them.
#[derive(Clone)]
pub struct Net {
    place: Place,
}

impl Net {
    /// A network on which hosts are found by `place`.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self { place }
    }

    fn of(&self, target: SocketAddr) -> io::Result<SocketAddr> {
        let place = (self.place)(target.ip());
        let address = place.ok_or(io::ErrorKind::HostUnreachable)?;
        Ok(SocketAddr::new(address, target.port()))
    }
}

impl Network for Net {
    type Stream = TcpStream;

    async fn connect(&self, target: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(self.of(target)?).await
    }

    fn datagrams(&self, carrier: Carrier, target: SocketAddr) -> io::Result<Box<dyn Datagrams>> {
        if carrier != Carrier::Udp {
            let text = "turmoil carries no ICMP";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        let target = self.of(target)?;
        let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        // Nothing is waited for: the future is only there for the names of hosts.
        let bound = UdpSocket::bind(any).now_or_never().ok_or(io::ErrorKind::WouldBlock)?;
        Ok(Box::new(Udp { socket: Arc::new(bound?), target, waiting: None }))
    }
}

type Readable = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

struct Udp {
    socket: Arc<UdpSocket>,
    target: SocketAddr,
    waiting: Option<Readable>,
}

impl Datagrams for Udp {
    fn poll_send(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.try_send_to(bytes, self.target).map(drop))
    }

    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.socket.try_recv_from(into) {
                Ok((length, from)) if from == self.target => return Poll::Ready(Ok(length)),
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            let socket = Arc::clone(&self.socket);
            let waiting = self
                .waiting
                .get_or_insert_with(|| Box::pin(async move { socket.readable().await }));
            let readable = ready!(waiting.as_mut().poll(context));
            self.waiting = None;
            readable?;
        }
    }
}
