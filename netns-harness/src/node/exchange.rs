//! One connection of a client: connect, ask, read the answer, judge it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};
use scenario::Outcome;

use super::answer::Answer;
use super::database;
use crate::plan::Speech;

/// More than any right answer needs; a server that sends more is cut off.
const ANSWER_LIMIT: usize = 1 << 16;

/// A connection that is not over yet.
pub(super) struct Exchange {
    socket: OwnedFd,
    phase: Phase,
    question: Vec<u8>,
    /// The question as it is asked again on a connection that is kept.
    again: Vec<u8>,
    answer: Vec<u8>,
    speech: Speech,
    /// Whether the connection is kept after an answer.
    hold: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting,
    Asking,
    Reading,
    /// It was answered; anything that comes now is unasked for.
    Resting,
}

/// How far a connection is.
pub(super) enum Progress {
    /// Not over.
    Open,
    /// Answered rightly, and kept.
    Answered(Finding),
    /// Over.
    Closed(Finding),
}

/// Why a connection was not begun.
pub(super) enum Unsent {
    /// The system knows at once that it cannot be had.
    Refused(Finding),
    /// There is no socket for it, or nothing to say.
    NoSocket(io::Error),
}

/// What a connection that is over has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// How it ended.
    pub(super) outcome: Outcome,
    /// Who answered, as the answer says.
    pub(super) server: Option<String>,
}

impl Finding {
    fn bare(outcome: Outcome) -> Self {
        Self { outcome, server: None }
    }
}

impl Exchange {
    /// Sends the first packet.
    pub(super) fn start(
        target: SocketAddr,
        speech: Speech,
        hold: bool,
        length: Option<u16>,
    ) -> Result<Self, Unsent> {
        let family = if target.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let kind = match speech {
            Speech::Http | Speech::Https | Speech::Line | Speech::Postgresql => SocketType::STREAM,
            Speech::Datagram => SocketType::DGRAM,
        };
        let socket = socket_with(family, kind, flags, None)
            .map_err(|error| Unsent::NoSocket(error.into()))?;
        let asked = question(target, speech, hold, length);
        let (question, again) = asked.map_err(Unsent::NoSocket)?;
        let (phase, answer) = (Phase::Connecting, Vec::new());
        let exchange = Self { socket, phase, question, again, answer, speech, hold };
        match connect(&exchange.socket, &target) {
            Ok(()) | Err(Errno::INPROGRESS) => Ok(exchange),
            Err(error) => Err(Unsent::Refused(Finding::bare(before_handshake(error)))),
        }
    }

    /// Asks the same again on a connection that was kept.
    pub(super) fn ask_again(&mut self) {
        self.question.clone_from(&self.again);
        self.answer.clear();
        self.phase = Phase::Asking;
    }

    /// What to wait for.
    pub(super) fn interest(&self) -> PollFlags {
        match self.phase {
            Phase::Connecting | Phase::Asking => PollFlags::OUT,
            Phase::Reading | Phase::Resting => PollFlags::IN,
        }
    }

    /// What to wait on.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The client's patience is over.
    pub(super) fn give_up(self) -> Finding {
        match self.phase {
            Phase::Connecting => Finding::bare(Outcome::NoAnswer),
            // Nothing was agreed on that could be broken.
            _ if self.speech == Speech::Datagram => Finding::bare(Outcome::NoAnswer),
            Phase::Asking | Phase::Reading | Phase::Resting => {
                Finding { server: self.heard().server, outcome: Outcome::Stalled }
            }
        }
    }

    /// Goes on after the socket became ready.
    pub(super) fn advance(&mut self, answers: &BTreeMap<String, String>) -> Progress {
        loop {
            let step = match self.phase {
                Phase::Connecting => self.connected(),
                Phase::Asking => self.ask(),
                Phase::Reading => self.read(answers),
                Phase::Resting => self.listen(),
            };
            match step {
                Step::Again => {}
                Step::Wait => return Progress::Open,
                Step::Done(finding) => return Progress::Closed(finding),
                Step::Kept(finding) => {
                    self.phase = Phase::Resting;
                    return Progress::Answered(finding);
                }
            }
        }
    }

    fn connected(&mut self) -> Step {
        match sockopt::socket_error(&self.socket) {
            Ok(Ok(())) => {
                self.phase = Phase::Asking;
                Step::Again
            }
            Ok(Err(error)) | Err(error) => Step::Done(Finding::bare(before_handshake(error))),
        }
    }

    fn ask(&mut self) -> Step {
        if self.question.is_empty() {
            self.phase = Phase::Reading;
            return Step::Again;
        }
        match rustix::io::write(&self.socket, &self.question) {
            Ok(count) => {
                self.question.drain(..count);
                Step::Again
            }
            Err(Errno::AGAIN) => Step::Wait,
            Err(_) => Step::Done(Finding::bare(Outcome::Reset)),
        }
    }

    fn read(&mut self, answers: &BTreeMap<String, String>) -> Step {
        let mut buffer = [0_u8; 4096];
        match rustix::io::read(&self.socket, &mut buffer) {
            Ok(0) => Step::Done(self.judge(answers)),
            Ok(count) => {
                self.answer.extend_from_slice(&buffer[..count]);
                if self.answer.len() > ANSWER_LIMIT || self.speech == Speech::Datagram {
                    return Step::Done(self.judge(answers));
                }
                // An answer that is not complete yet is told from a wrong one by the end alone.
                let finding = self.hold.then(|| self.judge(answers));
                match finding.filter(|finding| finding.outcome == Outcome::Served) {
                    Some(finding) => Step::Kept(finding),
                    None => Step::Again,
                }
            }
            Err(Errno::AGAIN) => Step::Wait,
            Err(error) if self.speech == Speech::Datagram => {
                Step::Done(Finding::bare(before_handshake(error)))
            }
            Err(_) => Step::Done(Finding { outcome: Outcome::Reset, server: self.heard().server }),
        }
    }

    /// Nothing may come while nothing is asked.
    fn listen(&mut self) -> Step {
        match rustix::io::read(&self.socket, &mut [0_u8; 64]) {
            Err(Errno::AGAIN) => Step::Wait,
            _ => Step::Done(Finding { outcome: Outcome::Reset, server: self.heard().server }),
        }
    }

    fn judge(&self, answers: &BTreeMap<String, String>) -> Finding {
        let Answer { complete, well, server, page } = self.heard();
        // A line names no server: any node's right answer is right.
        let right = match &server {
            Some(server) => answers.get(server).is_some_and(|want| page.trim_end() == want),
            None => answers.values().any(|want| page.trim_end() == want),
        };
        let outcome = match (complete, well && right) {
            (false, _) => Outcome::Reset,
            (true, true) => Outcome::Served,
            (true, false) => Outcome::Wrong,
        };
        Finding { outcome, server }
    }

    fn heard(&self) -> Answer {
        Answer::of(self.speech, &self.answer)
    }
}

/// What is sent first, and again on a connection that is kept.
fn question(
    target: SocketAddr,
    speech: Speech,
    hold: bool,
    length: Option<u16>,
) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let same = match speech {
        // `compile` has no clients over TLS.
        Speech::Http | Speech::Https => scenario::request(target, hold, length),
        Speech::Line => String::new(),
        Speech::Datagram => "who serves me?".to_owned(),
        Speech::Postgresql => {
            let database::Question { first, again } = database::question(hold)?;
            return Ok((first, again));
        }
    };
    Ok((same.clone().into_bytes(), same.into_bytes()))
}

enum Step {
    Again,
    Wait,
    Kept(Finding),
    Done(Finding),
}

fn before_handshake(error: Errno) -> Outcome {
    match error {
        Errno::CONNREFUSED | Errno::CONNRESET => Outcome::Refused,
        Errno::TIMEDOUT => Outcome::NoAnswer,
        _ => Outcome::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::JoinHandle;

    /// Plays one server with these bytes on loopback, against the state machine.
    fn against(bytes: &'static [u8]) -> Finding {
        let (target, served) = serve(bytes, 1);
        let answers = ["s1", "s2"].map(|name| (name.to_owned(), "OK".to_owned())).into();
        let mut exchange = begin(target, false);
        let Progress::Closed(finding) = until_something(&mut exchange, &answers) else {
            panic!("it is kept");
        };
        assert!(served.join().unwrap().starts_with("GET / HTTP/1.1\r\n"));
        finding
    }

    /// Answers so many questions of one connection, and closes it.
    fn serve(bytes: &'static [u8], times: usize) -> (SocketAddr, JoinHandle<String>) {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut question = [0_u8; 512];
            let mut said = String::new();
            for _ in 0..times {
                let count = stream.read(&mut question).unwrap();
                stream.write_all(bytes).unwrap();
                said.push_str(&String::from_utf8_lossy(&question[..count]));
            }
            said
        });
        (target, served)
    }

    fn begin(target: SocketAddr, hold: bool) -> Exchange {
        match Exchange::start(target, Speech::Http, hold, None) {
            Ok(exchange) => exchange,
            Err(_) => panic!("it cannot be begun"),
        }
    }

    fn until_something(exchange: &mut Exchange, answers: &BTreeMap<String, String>) -> Progress {
        for _ in 0..100 {
            let (socket, interest) = (exchange.descriptor(), exchange.interest());
            let mut fds = [rustix::event::PollFd::from_borrowed_fd(socket, interest)];
            rustix::event::poll(&mut fds, None).unwrap();
            match exchange.advance(answers) {
                Progress::Open => {}
                other => return other,
            }
        }
        panic!("a hundred turns and not over");
    }

    #[test]
    fn a_connection_that_is_held_is_asked_again_and_must_not_end_by_itself() {
        let page = b"HTTP/1.1 200 OK\r\nX-Server: s1\r\nContent-Length: 3\r\n\r\nOK\n";
        let (target, served) = serve(page, 2);
        let answers = [("s1".to_owned(), "OK".to_owned())].into();
        let mut exchange = begin(target, true);
        for again in [true, false] {
            let Progress::Answered(finding) = until_something(&mut exchange, &answers) else {
                panic!("it is not kept");
            };
            assert_eq!(finding.outcome, Outcome::Served);
            if again {
                exchange.ask_again();
            }
        }
        assert_eq!(served.join().unwrap().matches("Connection: keep-alive").count(), 2);
        let Progress::Closed(finding) = until_something(&mut exchange, &answers) else {
            panic!("nobody noticed that the server has closed it");
        };
        assert_eq!(finding.outcome, Outcome::Reset);
    }

    #[test]
    fn the_right_page_is_served_and_names_its_server() {
        let page = b"HTTP/1.1 200 OK\r\nX-Server: s1\r\nContent-Length: 3\r\n\r\nOK\n";
        let finding = against(page);
        assert_eq!(finding.outcome, Outcome::Served);
        assert_eq!(finding.server.as_deref(), Some("s1"));
    }

    #[test]
    fn another_page_is_wrong_and_half_a_page_is_a_reset() {
        let error = b"HTTP/1.1 503 No\r\nX-Server: s2\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(against(error).outcome, Outcome::Wrong);
        let half = b"HTTP/1.1 200 OK\r\nX-Server: s2\r\nContent-Length: 300\r\n\r\nOK";
        assert_eq!(against(half).outcome, Outcome::Reset);
    }

    #[test]
    fn nobody_listening_is_a_refusal() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let finding = match Exchange::start(free, Speech::Http, false, None) {
            Ok(mut exchange) => match until_something(&mut exchange, &BTreeMap::new()) {
                Progress::Closed(finding) => finding,
                _ => panic!("it is not over"),
            },
            Err(Unsent::Refused(finding)) => finding,
            Err(Unsent::NoSocket(error)) => panic!("{error}"),
        };
        assert_eq!(finding.outcome, Outcome::Refused);
    }
}
