//! One connection of a client: connect, ask, read the answer, judge it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};
use scenario::Outcome;

/// More than any right answer needs; a server that sends more is cut off.
const ANSWER_LIMIT: usize = 1 << 16;

/// A connection that is not over yet.
pub(super) struct Exchange {
    socket: OwnedFd,
    phase: Phase,
    question: Vec<u8>,
    answer: Vec<u8>,
    http: bool,
}

enum Phase {
    Connecting,
    Asking,
    Reading,
}

/// How far a connection is.
pub(super) enum Progress {
    /// Not over.
    Open(Exchange),
    /// Over.
    Closed(Finding),
}

/// What a connection that is over has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// How it ended.
    pub(super) outcome: Outcome,
    /// Who answered, by the `X-Server` header.
    pub(super) server: Option<String>,
}

impl Finding {
    fn bare(outcome: Outcome) -> Self {
        Self { outcome, server: None }
    }
}

impl Exchange {
    /// Sends the first packet.
    pub(super) fn start(target: SocketAddr, http: bool) -> io::Result<Progress> {
        let family = if target.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        let question = if http {
            format!("GET / HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n").into_bytes()
        } else {
            Vec::new()
        };
        let exchange =
            Self { socket, phase: Phase::Connecting, question, answer: Vec::new(), http };
        Ok(match connect(&exchange.socket, &target) {
            Ok(()) | Err(Errno::INPROGRESS) => Progress::Open(exchange),
            Err(error) => Progress::Closed(Finding::bare(before_handshake(error))),
        })
    }

    /// What to wait for.
    pub(super) fn interest(&self) -> PollFlags {
        match self.phase {
            Phase::Connecting | Phase::Asking => PollFlags::OUT,
            Phase::Reading => PollFlags::IN,
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
            Phase::Asking | Phase::Reading => {
                Finding { server: server(&self.answer), outcome: Outcome::Stalled }
            }
        }
    }

    /// Goes on after the socket became ready.
    pub(super) fn advance(mut self, answers: &BTreeMap<String, String>) -> Progress {
        loop {
            let step = match self.phase {
                Phase::Connecting => self.connected(),
                Phase::Asking => self.ask(),
                Phase::Reading => self.read(answers),
            };
            match step {
                Step::Again => {}
                Step::Wait => return Progress::Open(self),
                Step::Done(finding) => return Progress::Closed(finding),
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
                if self.answer.len() > ANSWER_LIMIT {
                    return Step::Done(self.judge(answers));
                }
                Step::Again
            }
            Err(Errno::AGAIN) => Step::Wait,
            Err(_) => Step::Done(Finding { outcome: Outcome::Reset, server: server(&self.answer) }),
        }
    }

    fn judge(&self, answers: &BTreeMap<String, String>) -> Finding {
        let text = String::from_utf8_lossy(&self.answer);
        let (complete, body) = if self.http {
            match text.split_once("\r\n\r\n") {
                Some((head, body)) => (length(head).is_none_or(|want| body.len() >= want), body),
                None => (false, ""),
            }
        } else {
            (true, &*text)
        };
        let server = server(&self.answer);
        // A line names no server: any node's right answer is right.
        let right = match &server {
            Some(server) => answers.get(server).is_some_and(|want| body.trim_end() == want),
            None => answers.values().any(|want| body.trim_end() == want),
        } && (!self.http || text.starts_with("HTTP/1.1 200 "));
        let outcome = match (complete, right) {
            (false, _) => Outcome::Reset,
            (true, true) => Outcome::Served,
            (true, false) => Outcome::Wrong,
        };
        Finding { outcome, server }
    }
}

enum Step {
    Again,
    Wait,
    Done(Finding),
}

fn before_handshake(error: Errno) -> Outcome {
    match error {
        Errno::CONNREFUSED | Errno::CONNRESET => Outcome::Refused,
        Errno::TIMEDOUT => Outcome::NoAnswer,
        _ => Outcome::Unreachable,
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn length(head: &str) -> Option<usize> {
    header(head, "content-length")?.parse().ok()
}

fn server(answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    header(text.split("\r\n\r\n").next()?, "x-server").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays one server with these bytes on loopback, against the state machine.
    fn against(bytes: &'static [u8]) -> Finding {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut question = [0_u8; 512];
            let count = stream.read(&mut question).unwrap();
            stream.write_all(bytes).unwrap();
            String::from_utf8_lossy(&question[..count]).into_owned()
        });
        let answers = ["s1", "s2"].map(|name| (name.to_owned(), "OK".to_owned())).into();
        let mut progress = Exchange::start(target, true).unwrap();
        for _ in 0..100 {
            match progress {
                Progress::Closed(finding) => {
                    assert!(served.join().unwrap().starts_with("GET / HTTP/1.1\r\n"));
                    return finding;
                }
                Progress::Open(exchange) => {
                    let mut fds = [rustix::event::PollFd::from_borrowed_fd(
                        exchange.descriptor(),
                        exchange.interest(),
                    )];
                    rustix::event::poll(&mut fds, None).unwrap();
                    progress = exchange.advance(&answers);
                }
            }
        }
        panic!("a hundred turns and not over");
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
        let mut progress = Exchange::start(free, true).unwrap();
        if let Progress::Open(exchange) = progress {
            let mut fds = [rustix::event::PollFd::from_borrowed_fd(
                exchange.descriptor(),
                exchange.interest(),
            )];
            rustix::event::poll(&mut fds, None).unwrap();
            progress = exchange.advance(&BTreeMap::new());
        }
        assert!(matches!(progress, Progress::Closed(f) if f.outcome == Outcome::Refused));
    }
}
