use director_core::beat::LinkId;
use director_core::config::Config;
use director_core::name::NodeName;
use director_probes::Network;
use director_shell::links::{Links, Packet};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

type Inbox = mpsc::UnboundedSender<Packet>;

/// What carries heartbeats, and can hold them back for a while.
#[derive(Clone, Default)]
pub(crate) struct Switch(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    inboxes: BTreeMap<IpAddr, (LinkId, Inbox)>,
    held: Option<Vec<(Inbox, Packet)>>,
}

impl Switch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Puts a node on the switch, with all its links.
    pub(crate) fn plug(&self, config: &Config, node: &NodeName) -> FakeLinks {
        let addresses = &config.nodes[node].addresses;
        let port = config.cluster.port.get();
        let links = config.cluster.links.iter();
        let own: Vec<_> = links.map(|link| SocketAddr::new(addresses[link], port)).collect();
        let (mail, inbox) = mpsc::unbounded_channel();
        for (number, address) in own.iter().enumerate() {
            let link = LinkId(u8::try_from(number).unwrap());
            self.state().inboxes.insert(address.ip(), (link, mail.clone()));
        }
        FakeLinks { switch: self.clone(), own, inbox }
    }

    /// Delivers `bytes`, or holds them back.
    pub(crate) fn carry(&self, from: SocketAddr, to: IpAddr, bytes: &[u8]) {
        let mut state = self.state();
        let Some((link, inbox)) = state.inboxes.get(&to).cloned() else { return };
        let packet = Packet { link, from, bytes: bytes.to_vec() };
        match &mut state.held {
            Some(held) => held.push((inbox, packet)),
            // A packet to a director that has gone is lost, as on a real link.
            None => drop(inbox.send(packet)),
        }
    }

    /// Holds all packets back from now on.
    pub(crate) fn hold(&self) {
        self.state().held = Some(Vec::new());
    }

    /// Takes the packets that were held back, and holds none any more.
    pub(crate) fn open(&self) -> Vec<(Inbox, Packet)> {
        self.state().held.take().unwrap_or_default()
    }
}

/// Links of one node.
pub(crate) struct FakeLinks {
    switch: Switch,
    own: Vec<SocketAddr>,
    inbox: mpsc::UnboundedReceiver<Packet>,
}

impl Links for FakeLinks {
    async fn receive(&mut self) -> io::Result<Packet> {
        match self.inbox.recv().await {
            Some(packet) => Ok(packet),
            None => std::future::pending().await,
        }
    }

    fn send(&mut self, link: LinkId, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        self.switch.carry(self.own[usize::from(link.0)], to.ip(), bytes);
        Ok(())
    }
}

/// Web servers that answer while they are not among the dead.
#[derive(Clone, Default)]
pub(crate) struct Servers(pub(crate) Arc<Mutex<BTreeSet<SocketAddr>>>);

impl Network for Servers {
    type Stream = DuplexStream;

    async fn connect(&self, target: SocketAddr) -> io::Result<DuplexStream> {
        if self.0.lock().unwrap().contains(&target) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (ours, mut theirs) = tokio::io::duplex(4096);
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = theirs.read_u8().await else { return };
                head.push(byte);
            }
            theirs.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nWELL").await.ok();
        });
        Ok(ours)
    }
}
