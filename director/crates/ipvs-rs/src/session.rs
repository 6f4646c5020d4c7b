//! What the blocking and the asynchronous client have in common: numbers, limits, and what to do
//! next. It never touches the socket.

use std::io;
use std::time::Duration;

use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::{Socket, SocketAddr};
use rustix::io::Errno;
use rustix::net::RecvFlags;

use crate::error::{Error, ErrorKind, Invalid, Missing};
use crate::exchange::{Exchange, Outcome, Resolve};
use crate::request::{Operation, Request};

/// The kernel builds lists in pieces of at most 32 KiB.
pub(crate) const BUFFER_BYTES: usize = 64 * 1024;
/// Changes per send. Should all be refused, the refusals must fit the socket's default receive
/// buffer, which counts about a kilobyte for each.
const BATCH_CHANGES: usize = 128;
/// Also the bound that keeps a deadline within what the clock can hold.
const MAX_TIMEOUT: Duration = Duration::from_secs(3600);

/// How a client behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Longest wait for the answer to one send, up to an hour. The default is 5 seconds.
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

/// Running numbers of a connection.
#[derive(Debug)]
pub(crate) struct Session {
    family_id: u16,
    sequence: u32,
    options: Options,
}

/// What a fresh look at the family's number says about errors that it may have caused.
#[derive(Debug)]
pub(crate) enum Doubt {
    /// The number is as it was: the errors stand.
    Settled,
    /// The module was loaded anew: the doubtful requests were never seen and go out again.
    Again,
    /// There is no IPVS any more: that is the error.
    Gone(ErrorKind),
}

impl Session {
    pub(crate) fn new(options: Options) -> Self {
        let timeout = options.timeout.min(MAX_TIMEOUT);
        Self { family_id: 0, sequence: 1, options: Options { timeout, ..options } }
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.options.timeout
    }

    pub(crate) fn list_attempts(&self) -> u32 {
        self.options.list_attempts.max(1)
    }

    pub(crate) fn timed_out(&self) -> ErrorKind {
        ErrorKind::TimedOut { after: self.options.timeout }
    }

    pub(crate) fn resolve(&mut self) -> (Resolve, Vec<u8>) {
        let sequence = self.take_sequences(1);
        Resolve::new(sequence)
    }

    pub(crate) fn begin(&mut self, requests: &[Request]) -> (Exchange, Vec<u8>) {
        let sequence = self.take_sequences(Exchange::sequences(requests.len()));
        Exchange::new(requests, self.family_id, sequence)
    }

    /// Takes in a fresh answer about the family's number.
    pub(crate) fn resolved(&mut self, answer: Result<u16, Error>) -> Doubt {
        match answer {
            Ok(id) if id == self.family_id => Doubt::Settled,
            Ok(id) => {
                self.family_id = id;
                Doubt::Again
            }
            Err(error) if *error.kind() == ErrorKind::NotAvailable => {
                Doubt::Gone(ErrorKind::NotAvailable)
            }
            Err(_) => Doubt::Settled,
        }
    }

    fn take_sequences(&mut self, count: u32) -> u32 {
        let first = self.sequence;
        self.sequence = self.sequence.wrapping_add(count);
        first
    }
}

/// The pieces in which a batch is sent, or every request's refusal.
pub(crate) fn pieces<'a>(
    changes: &'a [Request],
) -> Result<impl Iterator<Item = &'a [Request]> + use<'a>, Vec<Result<(), Error>>> {
    if changes.iter().all(Request::is_change) {
        return Ok(changes.chunks(BATCH_CHANGES));
    }
    Err(changes.iter().map(|request| Err(request.error(Invalid::NotAChange))).collect())
}

/// The results of a piece of a batch that is not sent, as an earlier one failed like this.
pub(crate) fn unsent(piece: &[Request]) -> impl Iterator<Item = Result<(), Error>> {
    piece.iter().map(|request| Err(request.error(ErrorKind::NotSent)))
}

/// Whether the connection itself failed, so that nothing more should be sent.
pub(crate) fn is_broken(results: &[Result<(), Error>]) -> bool {
    results.iter().filter_map(|result| result.as_ref().err()).any(|error| {
        matches!(
            error.kind(),
            ErrorKind::TimedOut { .. } | ErrorKind::Socket { .. } | ErrorKind::Overrun
        )
    })
}

/// Whether the error may come from a number of the family that is out of date. The kernel
/// answers `ENOENT` then, as it does for some missing objects.
pub(crate) fn is_doubtful(outcome: &Outcome) -> bool {
    matches!(&outcome.replies, Err(error) if matches!(
        error.kind(),
        ErrorKind::NotAvailable | ErrorKind::Missing(Missing::Scheduler | Missing::Destination)
    ) && error.operation() != Operation::Connect)
}

/// A socket of the thread's network namespace, tied to the kernel.
pub(crate) fn open() -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    prepare(&mut socket)?;
    Ok(socket)
}

/// Ties a socket to the kernel.
pub(crate) fn prepare(socket: &mut Socket) -> io::Result<()> {
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    // Kernels before 4.12 know one or neither: errors then come without words, or with the whole
    // request, and are read all the same.
    let _ = socket.set_cap_ack(true);
    let _ = socket.set_ext_ack(true);
    Ok(())
}

pub(crate) fn connect_error(error: &io::Error) -> Error {
    Resolve::error(socket_error(error))
}

/// Receives a datagram of the kernel's. `None` when another process sent it.
pub(crate) fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let flags = i32::try_from(RecvFlags::TRUNC.bits()).unwrap_or(0);
    let room = buffer.len();
    let mut slice = buffer;
    let (length, sender) = socket.recv_from(&mut slice, flags)?;
    if sender.port_number() != 0 {
        return Ok(None);
    }
    if length > room {
        return Err(Errno::NOBUFS.into());
    }
    Ok(Some(length))
}

pub(crate) fn socket_error(error: &io::Error) -> ErrorKind {
    match error.raw_os_error() {
        Some(errno) if errno == Errno::NOBUFS.raw_os_error() => ErrorKind::Overrun,
        errno => ErrorKind::Socket { errno: errno.unwrap_or(0) },
    }
}
