//! A network on which one peer is played.

use crate::secret::{self, Shown};
use director_core::config::dialogue::{Program, Secret, Trust};
use director_probes::{Carrier, Datagrams, Ended, Host, Network, Pending};
use rustls::RootCertStore;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::sleep;

/// What a peer does.
#[derive(Clone)]
pub(crate) enum Peer {
    /// Nobody listens.
    Refuses,
    /// Nobody answers, not even to say so.
    Silent,
    /// Says this and waits.
    Says(Vec<u8>),
    /// Says this, one byte a second.
    Drips(Vec<u8>),
    /// Says this and ends the connection.
    Closes(Vec<u8>),
    /// Says what is no protocol at all, and ends the connection.
    Garbage,
    /// Says this in pieces of so many bytes, and ends the connection. Where datagrams are
    /// exchanged, the first answer is this, the next ones are the question with this over it, from
    /// one byte further in each time.
    Babbles { bytes: Vec<u8>, step: usize },
    /// Shows a certificate, says `WELL`, and waits.
    Shows(Shown),
}

/// Bytes that mean nothing to anybody.
const GARBAGE: &[u8] =
    b"\xde\xad\xbe\xef\x00\x01\x02\x03\xff\xfe garbage \r\n\xff\xff\xff\xff\xff\xff";

/// The network.
pub(crate) struct Played(Peer);

impl Played {
    pub(crate) fn new(peer: Peer) -> Self {
        Self(peer)
    }
}

impl Network for Played {
    type Stream = DuplexStream;

    async fn connect(&self, _: SocketAddr) -> io::Result<DuplexStream> {
        match self.0 {
            Peer::Refuses => return Err(io::ErrorKind::ConnectionRefused.into()),
            Peer::Silent => std::future::pending().await,
            _ => {}
        }
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        tokio::spawn(play(self.0.clone(), theirs));
        Ok(ours)
    }

    fn datagrams(&self, _: Carrier, _: SocketAddr) -> io::Result<Box<dyn Datagrams>> {
        let (peer, question) = (self.0.clone(), Vec::new());
        Ok(Box::new(Socket { peer, garbage: 0, question, answered: 0 }))
    }

    fn host(&self) -> &dyn Host {
        self
    }
}

async fn play(peer: Peer, mut stream: DuplexStream) {
    match peer {
        Peer::Refuses | Peer::Silent => {}
        Peer::Says(bytes) => {
            stream.write_all(&bytes).await.ok();
            std::future::pending().await
        }
        Peer::Drips(bytes) => {
            for byte in bytes {
                sleep(Duration::from_secs(1)).await;
                if stream.write_u8(byte).await.is_err() {
                    return;
                }
            }
            std::future::pending().await
        }
        Peer::Closes(bytes) => {
            stream.write_all(&bytes).await.ok();
            ended(stream).await;
        }
        Peer::Garbage => {
            stream.write_all(GARBAGE).await.ok();
            ended(stream).await;
        }
        Peer::Babbles { bytes, step } => {
            for piece in bytes.chunks(step) {
                stream.write_all(piece).await.ok();
                tokio::task::yield_now().await;
            }
            ended(stream).await;
        }
        Peer::Shows(shown) => {
            let Ok(mut stream) = secret::accept(stream, &shown).await else { return };
            stream.write_all(b"WELL").await.ok();
            stream.flush().await.ok();
            std::future::pending().await
        }
    }
}

/// Ends our side; takes what the other one says until it ends too.
async fn ended(mut stream: DuplexStream) {
    stream.shutdown().await.ok();
    stream.read_to_end(&mut Vec::new()).await.ok();
}

struct Socket {
    peer: Peer,
    garbage: usize,
    question: Vec<u8>,
    answered: usize,
}

impl Socket {
    /// So many answers to one question. Most protocols take the first bytes of a question for the
    /// sign that it was asked.
    const BABBLED: usize = 12;

    fn babble(&mut self, bytes: &[u8], into: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.answered > Self::BABBLED {
            return Poll::Pending;
        }
        let kept = self
            .answered
            .checked_sub(1)
            .map_or(&[][..], |kept| &self.question[..kept.min(self.question.len())]);
        let answer = [kept, bytes.get(kept.len()..).unwrap_or_default()].concat();
        self.answered += 1;
        into[..answer.len()].copy_from_slice(&answer);
        Poll::Ready(Ok(answer.len()))
    }
}

impl Datagrams for Socket {
    fn poll_send(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<()>> {
        self.garbage = 3;
        self.question = bytes.to_vec();
        self.answered = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_receive(&mut self, _: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        if let Peer::Babbles { bytes, .. } = &self.peer {
            let bytes = bytes.clone();
            return self.babble(&bytes, into);
        }
        match self.peer {
            Peer::Refuses => Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into())),
            Peer::Garbage if self.garbage > 0 => {
                self.garbage -= 1;
                into[..GARBAGE.len()].copy_from_slice(GARBAGE);
                Poll::Ready(Ok(GARBAGE.len()))
            }
            // Whoever waits is woken by its clock.
            _ => Poll::Pending,
        }
    }
}

impl Host for Played {
    fn secret<'a>(&'a self, _: &'a Secret) -> Pending<'a, io::Result<Vec<u8>>> {
        Box::pin(std::future::ready(Ok(b"hidden".to_vec())))
    }

    fn file<'a>(&'a self, _: &'a str, _: u64) -> Pending<'a, io::Result<Vec<u8>>> {
        Box::pin(std::future::pending())
    }

    fn roots<'a>(&'a self, _: &'a Trust) -> Pending<'a, io::Result<Arc<RootCertStore>>> {
        Box::pin(std::future::ready(Ok(secret::roots())))
    }

    fn run<'a>(&'a self, _: &'a Program, _: Vec<String>) -> Pending<'a, io::Result<Ended>> {
        Box::pin(std::future::pending())
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}
