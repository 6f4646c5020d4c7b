//! The asynchronous client.

mod calls;

use std::{fmt, io};

use ::tokio::time::{Instant, timeout_at};
use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::{AsyncSocket, AsyncSocketExt, TokioSocket};

use crate::error::{Error, ErrorKind};
use crate::exchange::{Outcome, Resolve};
use crate::reply::Reply;
use crate::request::Request;
use crate::session::{self, BUFFER_BYTES, Doubt, Options, Session};

/// [`Client`](crate::Client) for tokio: waiting for the kernel's answer does not hold a thread.
///
/// Sending does: the kernel carries a request out while it is being sent to. That takes
/// microseconds, unless the kernel loads a module for it.
///
/// A call that is dropped half way leaves its change made or not made; the next call on the same
/// client is not disturbed by the late answer.
pub struct AsyncClient {
    socket: TokioSocket,
    session: Session,
    buffer: Vec<u8>,
}

impl AsyncClient {
    /// Opens a client with the default options, in the network namespace of the calling thread.
    ///
    /// # Errors
    /// [`ErrorKind::NotAvailable`] when the kernel has no IPVS; [`ErrorKind::Socket`].
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn connect() -> Result<Self, Error> {
        Self::connect_with(Options::default()).await
    }

    /// Opens a client.
    ///
    /// # Errors
    /// As [`AsyncClient::connect`].
    ///
    /// # Panics
    /// As [`AsyncClient::connect`].
    pub async fn connect_with(options: Options) -> Result<Self, Error> {
        let failed = |error: io::Error| session::connect_error(&error);
        let mut socket = TokioSocket::new(NETLINK_GENERIC).map_err(failed)?;
        session::prepare(socket.socket_mut()).map_err(failed)?;
        let session = Session::new(options);
        let mut client = Self { socket, session, buffer: vec![0; BUFFER_BYTES] };
        let id = client.resolve().await?;
        client.session.resolved(Ok(id));
        Ok(client)
    }

    /// Sends one request and waits for all of its answer.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    pub async fn execute(&mut self, request: &Request) -> Result<Vec<Reply>, Error> {
        let attempts = self.session.list_attempts();
        for _ in 0..attempts {
            let outcome = self.exchange(std::slice::from_ref(request)).await.pop();
            let Some(Outcome { replies, interrupted }) = outcome else {
                return Err(request.error(ErrorKind::NoAnswer));
            };
            let replies = replies?;
            if !interrupted {
                return Ok(replies);
            }
        }
        Err(request.error(ErrorKind::DumpInterrupted { attempts }))
    }

    /// As [`Client::batch`](crate::Client::batch).
    pub async fn batch(&mut self, changes: &[Request]) -> Vec<Result<(), Error>> {
        let pieces = match session::pieces(changes) {
            Ok(pieces) => pieces,
            Err(refusals) => return refusals,
        };
        let mut results = Vec::new();
        let mut broken = false;
        for piece in pieces {
            if broken {
                results.extend(session::unsent(piece));
                continue;
            }
            let outcomes = self.exchange(piece).await.into_iter();
            let part: Vec<_> = outcomes.map(|outcome| outcome.replies.map(|_| ())).collect();
            broken = session::is_broken(&part);
            results.extend(part);
        }
        results
    }

    async fn exchange(&mut self, requests: &[Request]) -> Vec<Outcome> {
        let mut outcomes = self.exchange_once(requests).await;
        if !outcomes.iter().any(session::is_doubtful) {
            return outcomes;
        }
        let answer = self.resolve().await;
        let doubt = self.session.resolved(answer);
        for (outcome, request) in outcomes.iter_mut().zip(requests) {
            if !session::is_doubtful(outcome) {
                continue;
            }
            match &doubt {
                Doubt::Settled => {}
                Doubt::Gone(kind) => outcome.replies = Err(request.error(kind.clone())),
                Doubt::Again => {
                    let again = self.exchange_once(std::slice::from_ref(request)).await.pop();
                    if let Some(again) = again {
                        *outcome = again;
                    }
                }
            }
        }
        outcomes
    }

    async fn exchange_once(&mut self, requests: &[Request]) -> Vec<Outcome> {
        let (mut exchange, bytes) = self.session.begin(requests);
        if !bytes.is_empty()
            && let Err(kind) = self.send(&bytes).await
        {
            exchange.fail(&kind);
        }
        let deadline = Instant::now() + self.session.timeout();
        while !exchange.is_over() {
            match self.receive(deadline).await {
                Ok(datagram) => exchange.feed(datagram),
                Err(kind) => exchange.fail(&kind),
            }
        }
        exchange.outcomes().collect()
    }

    async fn resolve(&mut self) -> Result<u16, Error> {
        let (question, bytes) = self.session.resolve();
        self.send(&bytes).await.map_err(Resolve::error)?;
        let deadline = Instant::now() + self.session.timeout();
        loop {
            let datagram = self.receive(deadline).await.map_err(Resolve::error)?;
            if let Some(answer) = question.feed(datagram) {
                return answer;
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), ErrorKind> {
        let deadline = Instant::now() + self.session.timeout();
        match timeout_at(deadline, self.socket.send(bytes)).await {
            Err(_elapsed) => Err(self.session.timed_out()),
            Ok(sent) => sent.map(|_| ()).map_err(|error| session::socket_error(&error)),
        }
    }

    /// The kernel's next datagram. What other processes send is passed over.
    async fn receive(&mut self, deadline: Instant) -> Result<&[u8], ErrorKind> {
        let length = loop {
            // A wait that is ready never times out, so that a flood would go past the deadline.
            if Instant::now() >= deadline {
                return Err(self.session.timed_out());
            }
            let room = self.buffer.len();
            let mut left = self.buffer.as_mut_slice();
            match timeout_at(deadline, self.socket.recv_from(&mut left)).await {
                Err(_elapsed) => return Err(self.session.timed_out()),
                Ok(Ok(sender)) if sender.port_number() == 0 => break room - left.len(),
                Ok(Ok(_)) => {}
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Err(session::socket_error(&error)),
            }
        };
        self.buffer.get(..length).ok_or(ErrorKind::Overrun)
    }
}

impl fmt::Debug for AsyncClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncClient").field("session", &self.session).finish_non_exhaustive()
    }
}
