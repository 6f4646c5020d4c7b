use director_core::beat::LinkId;
use director_core::config::Config;
use director_core::name::NodeName;
use director_probes::Network;
use director_shell::links::{Links, Packet};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

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
        let own: Vec<_> =
            links.map(|link| SocketAddr::new(addresses[&link.interface], port)).collect();
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

/// How a web server treats who asks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Its kernel says that nobody listens.
    Refuses,
    /// Nobody answers, not even its kernel.
    Silent,
    /// It takes the connection and says nothing.
    Hangs,
    /// It says what it should, one byte a second.
    Drips,
    /// It says what it should so much later.
    After(Duration),
    /// The check itself breaks down on it.
    Breaks,
}

/// Web servers that answer, but for those of another manner.
#[derive(Clone, Default)]
pub(crate) struct Servers(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    manners: BTreeMap<SocketAddr, Manner>,
    /// When which was asked.
    asked: Vec<(Instant, SocketAddr)>,
}

impl Servers {
    pub(crate) fn set(&self, server: SocketAddr, manner: Manner) {
        self.0.lock().unwrap().manners.insert(server, manner);
    }

    /// From now on all of them answer.
    pub(crate) fn heal(&self) {
        self.0.lock().unwrap().manners.clear();
    }

    /// When this one was asked, since it was last wanted to know.
    pub(crate) fn asked(&self, server: SocketAddr) -> Vec<Instant> {
        let mut known = self.0.lock().unwrap();
        let (of, rest) =
            std::mem::take(&mut known.asked).into_iter().partition(|it| it.1 == server);
        known.asked = rest;
        let of: Vec<_> = of;
        of.into_iter().map(|(at, _)| at).collect()
    }

    fn manner(&self, server: SocketAddr) -> Option<Manner> {
        let mut known = self.0.lock().unwrap();
        known.asked.push((Instant::now(), server));
        known.manners.get(&server).copied()
    }
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nWELL";

async fn answer(manner: Option<Manner>, mut theirs: DuplexStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(theirs.read_u8().await?);
    }
    match manner {
        Some(Manner::Hangs) => std::future::pending().await,
        Some(Manner::Drips) => {
            for byte in ANSWER {
                sleep(Duration::from_secs(1)).await;
                theirs.write_u8(*byte).await?;
            }
            Ok(())
        }
        Some(Manner::After(time)) => {
            sleep(time).await;
            theirs.write_all(ANSWER).await
        }
        _ => theirs.write_all(ANSWER).await,
    }
}

impl Network for Servers {
    type Stream = DuplexStream;

    async fn connect(&self, target: SocketAddr) -> io::Result<DuplexStream> {
        let manner = self.manner(target);
        match manner {
            Some(Manner::Refuses) => return Err(io::ErrorKind::ConnectionRefused.into()),
            Some(Manner::Silent) => return std::future::pending().await,
            Some(Manner::Breaks) => panic!("a defect that this test has planted"),
            _ => {}
        }
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn(answer(manner, theirs));
        Ok(ours)
    }
}
