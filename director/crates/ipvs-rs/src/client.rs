//! The blocking client.

use std::io;
use std::time::{Duration, Instant};

use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::{Socket, SocketAddr};
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use crate::error::{Error, ErrorKind, Invalid};
use crate::exchange::{Exchange, Outcome, Resolve};
use crate::reply::Reply;
use crate::request::Request;

/// The kernel builds lists in pieces of at most 32 KiB.
const BUFFER_BYTES: usize = 64 * 1024;
/// Changes per send. Their acknowledgements must fit the socket's default receive buffer, which
/// counts about a kilobyte of overhead for each.
const BATCH_CHANGES: usize = 64;

/// How a client behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Longest wait for the answer to one send. The default is 5 seconds.
    pub timeout: Duration,
    /// How often a list is tried that the kernel calls interrupted. The default is 5; 0 counts
    /// as 1.
    pub list_attempts: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5), list_attempts: 5 }
    }
}

/// A connection to the kernel's IPVS, for the network namespace of the thread that opens it.
///
/// Every call ends within the timeout, apart from the time that the kernel itself spends on a
/// request: adding a service may load a module.
#[derive(Debug)]
pub struct Client {
    socket: Socket,
    family_id: u16,
    sequence: u32,
    options: Options,
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
        let socket = open().map_err(|error| Resolve::error(socket_error(&error)))?;
        let buffer = vec![0; BUFFER_BYTES];
        let mut client = Self { socket, family_id: 0, sequence: 0, options, buffer };
        client.family_id = client.resolve()?;
        Ok(client)
    }

    /// Sends one request and waits for all of its answer: nothing for a change, one reply for a
    /// question, any number for a list.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    pub fn execute(&mut self, request: &Request) -> Result<Vec<Reply>, Error> {
        let attempts = self.options.list_attempts.max(1);
        for _ in 0..attempts {
            let outcome = self.exchange(std::slice::from_ref(request)).into_iter().next();
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
    /// kernel goes on after a change that fails.
    pub fn batch(&mut self, changes: &[Request]) -> Vec<Result<(), Error>> {
        if changes.iter().any(|request| !request.is_change()) {
            let refuse = |request: &Request| Err(request.error(Invalid::NotAChange));
            return changes.iter().map(refuse).collect();
        }
        changes
            .chunks(BATCH_CHANGES)
            .flat_map(|chunk| self.exchange(chunk))
            .map(|outcome| outcome.replies.map(|_| ()))
            .collect()
    }

    /// The longest wait for an answer.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.options.timeout
    }

    fn exchange(&mut self, requests: &[Request]) -> Vec<Outcome> {
        let (mut exchange, bytes) = Exchange::new(requests, self.family_id, self.sequence);
        let count = u32::try_from(requests.len()).unwrap_or(u32::MAX);
        self.sequence = self.sequence.wrapping_add(count);
        let deadline = Instant::now() + self.options.timeout;
        if !bytes.is_empty()
            && let Err(error) = self.socket.send(&bytes, 0)
        {
            exchange.fail(&socket_error(&error));
        }
        while !exchange.is_over() {
            match self.receive(deadline) {
                Ok(datagram) => exchange.feed(datagram),
                Err(kind) => exchange.fail(&kind),
            }
        }
        exchange.outcomes().collect()
    }

    fn resolve(&mut self) -> Result<u16, Error> {
        let (question, bytes) = Resolve::new(self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        self.socket.send(&bytes, 0).map_err(|error| Resolve::error(socket_error(&error)))?;
        let deadline = Instant::now() + self.options.timeout;
        loop {
            let datagram = self.receive(deadline).map_err(Resolve::error)?;
            if let Some(answer) = question.feed(datagram) {
                return answer;
            }
        }
    }

    /// The kernel's next datagram. What other processes send is passed over.
    fn receive(&mut self, deadline: Instant) -> Result<&[u8], ErrorKind> {
        let flags = i32::try_from(RecvFlags::TRUNC.bits()).unwrap_or(0);
        let after = self.options.timeout;
        let length = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut { after });
            }
            set_socket_timeout(&self.socket, Timeout::Recv, Some(left))
                .map_err(|errno| ErrorKind::Socket { errno: errno.raw_os_error() })?;
            match self.socket.recv_from(&mut self.buffer.as_mut_slice(), flags) {
                Ok((length, sender)) if sender.port_number() == 0 => break length,
                Ok(_) => {}
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => {}
                    _ => return Err(socket_error(&error)),
                },
            }
        };
        self.buffer.get(..length).ok_or(ErrorKind::Overrun)
    }
}

fn open() -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    // Kernels before 4.12 know neither: errors then come with the whole request and no words.
    let _ = socket.set_cap_ack(true);
    let _ = socket.set_ext_ack(true);
    Ok(socket)
}

fn socket_error(error: &io::Error) -> ErrorKind {
    match error.raw_os_error() {
        Some(errno) if errno == Errno::NOBUFS.raw_os_error() => ErrorKind::Overrun,
        errno => ErrorKind::Socket { errno: errno.unwrap_or(0) },
    }
}
