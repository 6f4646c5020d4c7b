//! Heartbeat links and witnesses on turmoil.

use super::ground::Ground;
use director_core::Input;
use director_core::beat::LinkId;
use director_core::config::Config;
use director_core::vote::Question;
use director_shell::Settings;
use director_shell::links::{Links, Packet, Witnesses};
use futures::future::select_all;
use scenario::NodeKind;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use turmoil::net::UdpSocket;

/// Bytes of the longest packet.
const LONGEST: usize = 65_535;
/// There and back.
const ECHO: Duration = Duration::from_millis(1);

/// The heartbeat links of one node.
pub(super) struct TurmoilLinks {
    node: String,
    ground: Arc<Ground>,
    /// Per link: its segment and its socket.
    links: Vec<(String, UdpSocket)>,
    port: u16,
    buffer: Vec<u8>,
}

impl TurmoilLinks {
    pub(super) async fn open(
        node: &str,
        config: &Config,
        ground: &Arc<Ground>,
    ) -> io::Result<Self> {
        let port = config.cluster.port.get();
        let mut links = Vec::new();
        for (number, link) in (0_u16..).zip(&config.cluster.links) {
            let own = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port + number);
            links.push((link.to_string(), UdpSocket::bind(own).await?));
        }
        let (node, ground) = (node.to_owned(), Arc::clone(ground));
        Ok(Self { node, ground, links, port, buffer: vec![0; LONGEST] })
    }

    /// Everybody on the segment gets a copy; whose packet it is not answers nothing.
    fn send_to_all(&mut self, link: LinkId, bytes: &[u8]) -> io::Result<()> {
        let Some((segment, _)) = self.links.get(usize::from(link.0)) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let others = self.ground.scenario.nodes.iter().filter(|node| node.name != self.node);
        let directors = others.filter(|node| matches!(node.kind, NodeKind::Director { .. }));
        let ports = directors.filter_map(|node| Some(node.port(segment)?.cidr.address));
        let addresses: Vec<IpAddr> = ports.collect();
        let port = self.port;
        addresses
            .into_iter()
            .try_for_each(|address| self.send(link, SocketAddr::new(address, port), bytes))
    }

    fn take(&mut self) -> io::Result<Option<Packet>> {
        for (place, (segment, socket)) in self.links.iter().enumerate() {
            let (length, from) = match socket.try_recv_from(&mut self.buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            };
            // turmoil knows the sender by the one address that it has there.
            let sender = self.ground.scenario.node_at(from.ip());
            let port = sender.and_then(|sender| sender.port(segment));
            let address = port.map_or(from.ip(), |port| port.cidr.address);
            return Ok(Some(Packet {
                link: LinkId(u8::try_from(place).unwrap_or(u8::MAX)),
                from: SocketAddr::new(address, self.port),
                bytes: self.buffer[..length].to_vec(),
            }));
        }
        Ok(None)
    }
}

impl Links for TurmoilLinks {
    async fn receive(&mut self) -> io::Result<Packet> {
        loop {
            if let Some(packet) = self.take()? {
                return Ok(packet);
            }
            let waiting = self.links.iter().map(|(_, socket)| Box::pin(socket.readable()));
            select_all(waiting).await.0?;
        }
    }

    fn send(&mut self, link: LinkId, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        let number = usize::from(link.0);
        let Some((segment, socket)) = self.links.get(number) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if to.ip().is_multicast() {
            return self.send_to_all(link, bytes);
        }
        let Some((peer, _)) = self.ground.at(to.ip()) else {
            return Err(io::ErrorKind::HostUnreachable.into());
        };
        if !self.ground.passes(segment, &self.node, peer) || !self.ground.has_power(peer) {
            // A packet that is lost is no error to who sent it.
            return Ok(());
        }
        let address = super::address_of(&self.ground.scenario, peer);
        let port = self.port + u16::from(link.0);
        match socket.try_send_to(bytes, SocketAddr::new(address, port)) {
            Ok(_) => Ok(()),
            // Nobody listens there: a datagram is lost, as on any network.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Hosts that answer while they have power and a path in both directions.
pub(super) struct Echoes {
    pub(super) node: String,
    pub(super) ground: Arc<Ground>,
    pub(super) answers: mpsc::Sender<Input>,
}

impl Witnesses for Echoes {
    fn ask(&mut self, witness: IpAddr, question: u64) -> io::Result<()> {
        let (node, ground) = (self.node.clone(), Arc::clone(&self.ground));
        let answers = self.answers.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(ECHO).await;
            if ground.answers(&node, witness) {
                // A director that has gone needs no answer.
                drop(answers.send(Input::WitnessAnswered { witness, question }).await);
            }
        });
        Ok(())
    }

    /// There is no voter on turmoil; scenarios with one do not name it.
    fn ask_voter(&mut self, _: SocketAddr, _: &Question, _: &Settings) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
