//! The blocking course of a client's calls, over any link to a kernel.

use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};
use crate::exchange::{Outcome, Resolve};
use crate::reply::Reply;
use crate::request::Request;
use crate::session::{self, Doubt, Options, Session};

/// What a conversation needs of a socket.
pub(crate) trait Link {
    /// Sends one datagram.
    fn send(&mut self, bytes: &[u8]) -> Result<(), ErrorKind>;

    /// The kernel's next datagram, or `None` when there is none by the deadline.
    fn receive(&mut self, deadline: Instant) -> Result<Option<&[u8]>, ErrorKind>;
}

/// A link with the running numbers of its session.
#[derive(Debug)]
pub(crate) struct Conversation<L> {
    link: L,
    session: Session,
}

impl<L: Link> Conversation<L> {
    /// Finds out the family's number.
    pub(crate) fn start(link: L, options: Options) -> Result<Self, Error> {
        let mut conversation = Self { link, session: Session::new(options) };
        let id = conversation.resolve()?;
        conversation.session.resolved(Ok(id));
        Ok(conversation)
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.session.timeout()
    }

    pub(crate) fn execute(&mut self, request: &Request) -> Result<Vec<Reply>, Error> {
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

    pub(crate) fn batch(&mut self, changes: &[Request]) -> Vec<Result<(), Error>> {
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
            && let Err(kind) = self.link.send(&bytes)
        {
            exchange.fail(&kind);
        }
        // The kernel works while it is being sent to: what that took is not waiting.
        let deadline = Instant::now() + self.session.timeout();
        while !exchange.is_over() {
            match self.link.receive(deadline) {
                Ok(Some(datagram)) => exchange.feed(datagram),
                Ok(None) => exchange.fail(&self.session.timed_out()),
                Err(kind) => exchange.fail(&kind),
            }
        }
        exchange.outcomes().collect()
    }

    fn resolve(&mut self) -> Result<u16, Error> {
        let (question, bytes) = self.session.resolve();
        self.link.send(&bytes).map_err(Resolve::error)?;
        let deadline = Instant::now() + self.session.timeout();
        while let Some(datagram) = self.link.receive(deadline).map_err(Resolve::error)? {
            if let Some(answer) = question.feed(datagram) {
                return answer;
            }
        }
        Err(Resolve::error(self.session.timed_out()))
    }
}

#[cfg(test)]
mod tests;
