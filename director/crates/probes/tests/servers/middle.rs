//! Somebody between a check and a real server, who does to the server's bytes what a real server
//! does not do by itself.

use std::net::{Ipv4Addr, SocketAddr, TcpStream as StdStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Between two bytes of a server that drips.
pub(crate) const DRIP: Duration = Duration::from_millis(250);
/// What turns every byte into another one.
const SPOILT: u8 = 0x55;

/// What is done to what the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Nothing.
    Passes,
    /// It comes byte by byte.
    Drips,
    /// No more than so many bytes come, then the end.
    Cuts(usize),
    /// Every byte is another one.
    Spoils,
}

/// The one in the middle, on a port of its own for as long as it is kept.
pub(crate) struct Middle {
    pub(crate) port: u16,
    said: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Middle {
    /// Between whoever connects and the port of a server.
    pub(crate) async fn of_connections(server: u16, deed: Deed) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&said);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else {
                    continue;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(carry(from_client, to_server, Deed::Passes, Arc::default()));
                tokio::spawn(carry(from_server, to_client, deed, Arc::clone(&counted)));
            }
        });
        Self { port, said, task }
    }

    /// The same for datagrams of one who asks.
    pub(crate) async fn of_datagrams(server: u16, deed: Deed) -> Self {
        let [near, far] = [
            UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(),
            UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(),
        ];
        far.connect((Ipv4Addr::LOCALHOST, server)).await.unwrap();
        let port = near.local_addr().unwrap().port();
        let said = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&said);
        let task = tokio::spawn(pass(near, far, deed, counted));
        Self { port, said, task }
    }

    /// How many bytes the server has said.
    pub(crate) fn said(&self) -> usize {
        self.said.load(Ordering::SeqCst)
    }
}

impl Drop for Middle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries one direction to its end.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    deed: Deed,
    said: Arc<AtomicUsize>,
) {
    let mut bytes = [0; 4096];
    let mut left = match deed {
        Deed::Cuts(limit) => limit,
        _ => usize::MAX,
    };
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        said.fetch_add(length, Ordering::SeqCst);
        let chunk = &mut bytes[..length.min(left)];
        left -= chunk.len();
        let sent = match deed {
            Deed::Drips => drip(chunk, &mut to).await,
            Deed::Spoils => {
                chunk.iter_mut().for_each(|byte| *byte ^= SPOILT);
                to.write_all(chunk).await
            }
            Deed::Passes | Deed::Cuts(_) => to.write_all(chunk).await,
        };
        if sent.is_err() || left == 0 {
            break;
        }
    }
    to.shutdown().await.ok();
}

async fn drip(bytes: &[u8], to: &mut OwnedWriteHalf) -> std::io::Result<()> {
    for byte in bytes {
        sleep(DRIP).await;
        to.write_u8(*byte).await?;
    }
    Ok(())
}

async fn pass(near: UdpSocket, far: UdpSocket, deed: Deed, said: Arc<AtomicUsize>) {
    let (mut asked, mut answered) = ([0; 4096], [0; 4096]);
    let mut client: Option<SocketAddr> = None;
    loop {
        tokio::select! {
            Ok((length, from)) = near.recv_from(&mut asked) => {
                client = Some(from);
                far.send(&asked[..length]).await.ok();
            }
            Ok(length) = far.recv(&mut answered) => {
                said.fetch_add(length, Ordering::SeqCst);
                let kept = if let Deed::Cuts(limit) = deed { length.min(limit) } else { length };
                let datagram = &mut answered[..kept];
                if deed == Deed::Spoils {
                    datagram.iter_mut().for_each(|byte| *byte ^= SPOILT);
                }
                if let Some(client) = client {
                    near.send_to(datagram, client).await.ok();
                }
            }
            else => return,
        }
    }
}

/// A port that answers nobody, not even to say so: its queue is full and never emptied.
pub(crate) struct Silence {
    pub(crate) port: u16,
    _listener: std::net::TcpListener,
    _queued: Vec<StdStream>,
}

impl Silence {
    pub(crate) fn start() -> Self {
        const TRIES: usize = 16;
        const PATIENCE: Duration = Duration::from_millis(100);
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let target = listener.local_addr().unwrap();
        // As short as a queue can be; listen(2) may be called again to say so.
        rustix::net::listen(&listener, 0).unwrap();
        let mut queued = Vec::new();
        for _ in 0..TRIES {
            match StdStream::connect_timeout(&target, PATIENCE) {
                Ok(stream) => queued.push(stream),
                Err(_) => {
                    let port = target.port();
                    return Self { port, _listener: listener, _queued: queued };
                }
            }
        }
        panic!("a queue of length 0 takes {TRIES} connections");
    }
}
