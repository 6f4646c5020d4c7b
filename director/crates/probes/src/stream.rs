//! A connection, secret or not, that notes how far the dialogue has come.

use director_core::probe::{Failure, Outcome, Phase, Phases};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

/// How far a dialogue has come, and how long its parts took; shared between the dialogue and
/// whoever watches its time.
#[derive(Clone, Debug)]
pub struct Progress(Arc<Mutex<Come>>);

#[derive(Debug)]
struct Come {
    phase: Phase,
    /// Since when it is in this part.
    since: Instant,
    phases: Phases,
}

impl Default for Progress {
    fn default() -> Self {
        let phases = Phases::default();
        Self(Arc::new(Mutex::new(Come { phase: Phase::Connect, since: Instant::now(), phases })))
    }
}

impl Progress {
    /// Nothing can go wrong while it is held.
    fn come(&self) -> MutexGuard<'_, Come> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        let mut come = self.come();
        if come.phase == phase {
            return;
        }
        let (now, before) = (Instant::now(), come.phase);
        let time = now - come.since;
        come.phases.add(before, time);
        (come.phase, come.since) = (phase, now);
    }

    /// TLS is being negotiated.
    pub(crate) fn securing(&self) {
        self.enter(Phase::Tls);
    }

    /// The server is to say something.
    pub(crate) fn asked(&self) {
        self.enter(Phase::Answer);
    }

    /// The server has begun to say it.
    pub(crate) fn answered(&self) {
        self.enter(Phase::Body);
    }

    /// What is being waited for.
    pub(crate) fn phase(&self) -> Phase {
        self.come().phase
    }

    /// The dialogue has had its time: what is to be said of it.
    pub fn late(&self) -> (Outcome, Phases) {
        (Err(Failure::TimedOut { phase: self.phase() }), self.end())
    }

    /// The dialogue is over: how long its parts took.
    #[must_use]
    pub fn end(&self) -> Phases {
        let come = self.come();
        let mut phases = come.phases;
        phases.add(come.phase, come.since.elapsed());
        phases
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

    pub(crate) fn is_secret(&self) -> bool {
        matches!(self.carrier, Carrier::Secret(_))
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
