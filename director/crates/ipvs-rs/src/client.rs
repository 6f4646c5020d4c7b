//! The blocking client.

use std::io;
use std::time::{Duration, Instant};

use netlink_sys::Socket;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use crate::error::{Error, ErrorKind};
use crate::exchange::{Outcome, Resolve};
use crate::reply::Reply;
use crate::request::Request;
use crate::session::{self, BUFFER_BYTES, Doubt, Options, Session};

/// A connection to the kernel's IPVS, for the network namespace of the thread that opens it.
///
/// Every call ends within the timeout, apart from the time that the kernel itself spends on a
/// request: adding a service may load a module. When the module is loaded anew under an open
/// client, the client notices and goes on.
#[derive(Debug)]
pub struct Client {
    socket: Socket,
    session: Session,
    buffer: Vec<u8>,
}

impl Client {
    /// Opens a client with the default options. The kernel tries to load `ip_vs` if need be.
    ///
    /// # Errors
    /// [`ErrorKind::NotAvailable`] when the kernel has no IPVS; [`ErrorKind::Socket`].
    pub fn connect() -> Result<Self, Error> {
        Self::connect_with(Options::default())
    }

    /// Opens a client.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub fn connect_with(options: Options) -> Result<Self, Error> {
        let socket = session::open().map_err(|error| session::connect_error(&error))?;
        let session = Session::new(options);
        let mut client = Self { socket, session, buffer: vec![0; BUFFER_BYTES] };
        let id = client.resolve()?;
        client.session.resolved(Ok(id));
        Ok(client)
    }

    /// Sends one request and waits for all of its answer: nothing for a change, one reply for a
    /// question, any number for a list.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    pub fn execute(&mut self, request: &Request) -> Result<Vec<Reply>, Error> {
        let attempts = self.session.list_attempts();
        for _ in 0..attempts {
            let outcome = self.exchange(std::slice::from_ref(request)).pop();
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

    /// Sends many changes, 64 to a send, and returns each one's result in their order. The
    /// kernel goes on after a change that fails; only when the connection itself fails are the
    /// rest [`ErrorKind::NotSent`].
    pub fn batch(&mut self, changes: &[Request]) -> Vec<Result<(), Error>> {
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
            let outcomes = self.exchange(piece).into_iter();
            let part: Vec<_> = outcomes.map(|outcome| outcome.replies.map(|_| ())).collect();
            broken = session::is_broken(&part);
            results.extend(part);
        }
        results
    }

    /// The longest wait for an answer.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.session.timeout()
    }

    fn exchange(&mut self, requests: &[Request]) -> Vec<Outcome> {
        let mut outcomes = self.exchange_once(requests);
        if !outcomes.iter().any(session::is_doubtful) {
            return outcomes;
        }
        let answer = self.resolve();
        let doubt = self.session.resolved(answer);
        for (outcome, request) in outcomes.iter_mut().zip(requests) {
            if !session::is_doubtful(outcome) {
                continue;
            }
            match &doubt {
                Doubt::Settled => {}
                Doubt::Gone(kind) => outcome.replies = Err(request.error(kind.clone())),
                Doubt::Again => {
                    if let Some(again) = self.exchange_once(std::slice::from_ref(request)).pop() {
                        *outcome = again;
                    }
                }
            }
        }
        outcomes
    }

    fn exchange_once(&mut self, requests: &[Request]) -> Vec<Outcome> {
        let (mut exchange, bytes) = self.session.begin(requests);
        if !bytes.is_empty()
            && let Err(error) = self.socket.send(&bytes, 0)
        {
            exchange.fail(&session::socket_error(&error));
        }
        // The kernel works while it is being sent to: what that took is not waiting.
        let deadline = Instant::now() + self.session.timeout();
        while !exchange.is_over() {
            match self.receive(deadline) {
                Ok(datagram) => exchange.feed(datagram),
                Err(kind) => exchange.fail(&kind),
            }
        }
        exchange.outcomes().collect()
    }

    fn resolve(&mut self) -> Result<u16, Error> {
        let (question, bytes) = self.session.resolve();
        self.socket.send(&bytes, 0).map_err(|error| session::connect_error(&error))?;
        let deadline = Instant::now() + self.session.timeout();
        loop {
            let datagram = self.receive(deadline).map_err(Resolve::error)?;
            if let Some(answer) = question.feed(datagram) {
                return answer;
            }
        }
    }

    /// The kernel's next datagram.
    fn receive(&mut self, deadline: Instant) -> Result<&[u8], ErrorKind> {
        let length = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.session.timed_out());
            }
            set_socket_timeout(&self.socket, Timeout::Recv, Some(left))
                .map_err(|errno| ErrorKind::Socket { errno: errno.raw_os_error() })?;
            match session::receive(&self.socket, &mut self.buffer) {
                Ok(Some(length)) => break length,
                Ok(None) => {}
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => {}
                    _ => return Err(session::socket_error(&error)),
                },
            }
        };
        self.buffer.get(..length).ok_or(ErrorKind::Overrun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unconnected(timeout: Duration) -> Client {
        let session = Session::new(Options { timeout, ..Options::default() });
        Client { socket: session::open().unwrap(), session, buffer: vec![0; BUFFER_BYTES] }
    }

    #[test]
    fn silence_ends_at_the_deadline() {
        let timeout = Duration::from_millis(20);
        let mut client = unconnected(timeout);
        let start = Instant::now();
        let answer = client.receive(start + timeout).map(<[u8]>::len);
        assert_eq!(answer, Err(ErrorKind::TimedOut { after: timeout }));
        assert!(start.elapsed() >= timeout);
    }

    #[test]
    fn a_deadline_in_the_past_does_not_wait() {
        let mut client = unconnected(Duration::ZERO);
        let answer = client.receive(Instant::now()).map(<[u8]>::len);
        assert_eq!(answer, Err(ErrorKind::TimedOut { after: Duration::ZERO }));
    }

    #[test]
    fn any_timeout_can_be_added_to_the_clock() {
        let client = unconnected(Duration::MAX);
        assert_eq!(client.timeout(), Duration::from_secs(3600));
    }

    /// With or without IPVS in the kernel: the controller's answer is understood.
    #[test]
    fn the_controller_answers() {
        let answer = unconnected(Duration::from_secs(5)).resolve();
        let known = match &answer {
            Ok(id) => *id > 16,
            Err(error) => *error.kind() == ErrorKind::NotAvailable,
        };
        assert!(known, "{answer:?}");
    }

    #[test]
    fn a_batch_of_questions_is_refused_without_sending() {
        let mut client = unconnected(Duration::from_secs(5));
        let results = client.batch(&[Request::Flush, Request::GetInfo]);
        let invalid = |result: &Result<(), Error>| matches!(result, Err(error) if matches!(error.kind(), ErrorKind::Invalid(_)));
        assert_eq!(results.len(), 2);
        assert!(results.iter().all(invalid), "{results:?}");
    }
}
