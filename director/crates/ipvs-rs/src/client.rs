//! The blocking client.

use std::io;
use std::time::{Duration, Instant};

use netlink_sys::Socket;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use crate::conversation::{Conversation, Link};
use crate::error::{Error, ErrorKind};
use crate::reply::Reply;
use crate::request::Request;
use crate::session::{self, BUFFER_BYTES, Options};

/// A connection to the kernel's IPVS, for the network namespace of the thread that opens it.
///
/// Every call ends within the timeout, apart from the time that the kernel itself spends on a
/// request: adding a service may load a module. When the module is loaded anew under an open
/// client, the client notices and goes on.
#[derive(Debug)]
pub struct Client {
    conversation: Conversation<Kernel>,
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
        let kernel = Kernel::open().map_err(|error| session::connect_error(&error))?;
        Ok(Self { conversation: Conversation::start(kernel, options)? })
    }

    /// Sends one request and waits for all of its answer: nothing for a change, one reply for a
    /// question, any number for a list. Only a list is ever sent again, when the kernel calls it
    /// interrupted.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    pub fn execute(&mut self, request: &Request) -> Result<Vec<Reply>, Error> {
        self.conversation.execute(request)
    }

    /// Sends many changes, 128 to a send, and returns each one's result in their order. The
    /// kernel goes on after a change that fails; only when the connection itself fails are the
    /// rest [`ErrorKind::NotSent`].
    pub fn batch(&mut self, changes: &[Request]) -> Vec<Result<(), Error>> {
        self.conversation.batch(changes)
    }

    /// The longest wait for an answer.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.conversation.timeout()
    }
}

/// The link to this machine's kernel.
#[derive(Debug)]
struct Kernel {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Kernel {
    fn open() -> io::Result<Self> {
        Ok(Self { socket: session::open()?, buffer: vec![0; BUFFER_BYTES] })
    }
}

impl Link for Kernel {
    fn send(&mut self, bytes: &[u8]) -> Result<(), ErrorKind> {
        self.socket.send(bytes, 0).map(|_| ()).map_err(|error| session::socket_error(&error))
    }

    fn receive(&mut self, deadline: Instant) -> Result<Option<&[u8]>, ErrorKind> {
        let length = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
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
        self.buffer.get(..length).map(Some).ok_or(ErrorKind::Overrun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_ends_at_the_deadline() {
        let wait = Duration::from_millis(20);
        let mut kernel = Kernel::open().unwrap();
        let start = Instant::now();
        assert_eq!(kernel.receive(start + wait), Ok(None));
        assert!(start.elapsed() >= wait);
        assert_eq!(kernel.receive(start), Ok(None));
    }

    /// With or without IPVS in the kernel: the controller's answer is understood.
    #[test]
    fn the_controller_answers() {
        let answer = Client::connect();
        let known = match &answer {
            Ok(client) => client.timeout() == Options::default().timeout,
            Err(error) => *error.kind() == ErrorKind::NotAvailable,
        };
        assert!(known, "{answer:?}");
    }
}
