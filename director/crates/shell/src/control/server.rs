//! The director's side of the control socket.

use super::connection::{Desk, serve};
use super::limit::Limit;
use crate::counters::Counters;
use crate::order::Order;
use rustix::fs::Mode;
use rustix::process::umask;
use std::fs;
use std::io;
use std::os::unix::net::{UnixListener as StdListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Connections at a time.
const CONNECTIONS: usize = 16;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody answers on it.
    #[error(
        "{}: another director runs here; stop it first, or choose another --control",
        .0.display()
    )]
    Busy(PathBuf),
    /// The path is taken by something else.
    #[error("{}: this is not a socket; remove it, or choose another --control", .0.display())]
    NotSocket(PathBuf),
    /// The operating system said no.
    #[error("{}: the control socket cannot be made: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
}

/// The listening control socket. Its file goes when it is dropped.
#[derive(Debug)]
pub struct Control {
    listener: StdListener,
    path: PathBuf,
}

impl Control {
    /// Makes the socket, mode 0600, and the directory for it if there is none. A socket on which
    /// nobody listens any more is replaced.
    ///
    /// The process's umask is changed for a moment: call this before there are other threads.
    ///
    /// # Errors
    /// When another director runs, or the socket cannot be made.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::Io(path.to_owned(), error);
        clear(path)?;
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        let before = umask(Mode::from_raw_mode(0o177));
        let bound = StdListener::bind(path);
        umask(before);
        let listener = bound.map_err(failed)?;
        let control = Self { listener, path: path.to_owned() };
        control.listener.set_nonblocking(true).map_err(failed)?;
        Ok(control)
    }

    /// Passes questions on as orders, for as long as it is polled; what IPVS has counted is
    /// answered from `counters`, and `limit` says how many orders are taken.
    ///
    /// # Errors
    /// When the socket cannot be given to the runtime.
    pub async fn serve(
        self,
        orders: mpsc::Sender<Order>,
        counters: Counters,
        limit: Arc<Limit>,
    ) -> io::Result<()> {
        let listener = UnixListener::from_std(self.listener.try_clone()?)?;
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(_ended) = connections.join_next() => {}
                accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        let (orders, limit) = (orders.clone(), Arc::clone(&limit));
                        let counters = counters.clone();
                        let desk = Desk { orders, limit, counters, who: who(&stream) };
                        connections.spawn(serve(stream, desk));
                    }
                    // Most likely no file descriptor is left; the next try must not come at once.
                    Err(error) => {
                        tracing::warn!("control socket: {error}");
                        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    }
                },
            }
        }
    }
}

/// Who has opened a connection (`SO_PEERCRED` in `unix(7)`).
fn who(stream: &tokio::net::UnixStream) -> String {
    match stream.peer_cred() {
        Ok(peer) => named(peer.uid()),
        Err(_) => "somebody unknown".to_owned(),
    }
}

/// The name of a user, or the number when there is none.
fn named(uid: u32) -> String {
    let known = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid));
    known.ok().flatten().map_or_else(|| format!("user {uid}"), |user| user.name)
}

/// Removes a socket that a director left behind.
fn clear(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::FileTypeExt;
    let failed = |error| OpenError::Io(path.to_owned(), error);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(OpenError::NotSocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(OpenError::Busy(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // It may have been removed already; the next director replaces it anyway.
        let _gone = fs::remove_file(&self.path);
    }
}
