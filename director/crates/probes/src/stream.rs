//! A connection, secret or not, that notes how far the dialogue has come.

use director_core::probe::Phase;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

/// How far a dialogue has come; shared between the dialogue and whoever watches its time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<AtomicU8>);

const SECURING: u8 = 1;
const ASKED: u8 = 2;
const ANSWERED: u8 = 3;

impl Progress {
    /// TLS is being negotiated.
    pub(crate) fn securing(&self) {
        self.0.store(SECURING, Ordering::Relaxed);
    }

    /// The server is to say something.
    pub(crate) fn asked(&self) {
        self.0.store(ASKED, Ordering::Relaxed);
    }

    /// The server has begun to say it.
    pub(crate) fn answered(&self) {
        self.0.store(ANSWERED, Ordering::Relaxed);
    }

    /// What is being waited for.
    pub(crate) fn phase(&self) -> Phase {
        match self.0.load(Ordering::Relaxed) {
            0 => Phase::Connect,
            SECURING => Phase::Tls,
            ASKED => Phase::Answer,
            _ => Phase::Body,
        }
    }
}

/// What carries the bytes.
enum Carrier<S> {
    Plain(S),
    Secret(Box<TlsStream<S>>),
}

/// A connection.
pub(crate) struct Stream<S> {
    carrier: Carrier<S>,
    progress: Progress,
}

impl<S> Stream<S> {
    pub(crate) fn plain(inner: S, progress: Progress) -> Self {
        progress.asked();
        Self { carrier: Carrier::Plain(inner), progress }
    }

    pub(crate) fn secret(inner: TlsStream<S>, progress: Progress) -> Self {
        progress.asked();
        Self { carrier: Carrier::Secret(Box::new(inner)), progress }
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The connection below, unless it is secret already.
    pub(crate) fn into_plain(self) -> Option<S> {
        match self.carrier {
            Carrier::Plain(inner) => Some(inner),
            Carrier::Secret(_) => None,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(match &mut self.carrier {
            Carrier::Plain(inner) => Pin::new(inner).poll_read(context, into),
            Carrier::Secret(inner) => Pin::new(inner).poll_read(context, into),
        })?;
        if into.filled().len() > before {
            self.progress.answered();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.carrier {
            Carrier::Plain(inner) => Pin::new(inner).poll_write(context, bytes),
            Carrier::Secret(inner) => Pin::new(inner).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.carrier {
            Carrier::Plain(inner) => Pin::new(inner).poll_flush(context),
            Carrier::Secret(inner) => Pin::new(inner).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.carrier {
            Carrier::Plain(inner) => Pin::new(inner).poll_shutdown(context),
            Carrier::Secret(inner) => Pin::new(inner).poll_shutdown(context),
        }
    }
}
