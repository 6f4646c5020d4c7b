//! What is served over HTTP/1.1 (RFC 9112): the page, its data, the metrics, the events; and over
//! TLS, to those whose certificate says that they may, orders.
//!
//! On the loopback everything is read: there is no request that changes anything. Who asks there
//! under a name that is neither an address nor `localhost` is refused, because a page of somebody
//! else's whose name points here could otherwise read it all in a browser of this host (DNS
//! rebinding). Over TLS (see [`secure`]) everybody has shown a certificate.

mod answer;
mod content;
mod guest;
mod query;
pub mod secure;
mod stream;

use crate::control::Limit;
use crate::counters::Counters;
use crate::history::History;
use crate::order::Order;
use answer::Desk;
use guest::Guest;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use secure::Secure;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

/// For the head of a request, and for the beginning of TLS.
const PATIENCE: Duration = Duration::from_secs(10);
/// For a whole connection, unless events go over it.
const LONGEST: Duration = Duration::from_secs(120);
/// Connections at a time.
const AT_ONCE: usize = 32;
/// Of these, connections that events go over.
const LISTENERS: usize = 8;

/// What is served, and from where it comes.
#[derive(Clone)]
pub struct Site {
    /// The loop, which is asked.
    pub orders: mpsc::Sender<Order>,
    /// What IPVS has counted.
    pub counters: Counters,
    /// The last hours.
    pub history: History,
    /// How many orders are taken: one for the control socket and for everybody here.
    pub limit: Arc<Limit>,
}

/// Answers on a listener of the loopback for as long as it is polled.
///
/// # Errors
/// Never; it is a task like the others.
pub async fn serve(listener: TcpListener, site: Site) -> io::Result<()> {
    accept(listener, site, None).await
}

/// Answers over TLS for as long as it is polled.
///
/// # Errors
/// Never; it is a task like the others.
pub async fn serve_secure(listener: TcpListener, site: Site, secure: Secure) -> io::Result<()> {
    accept(listener, site, Some(secure)).await
}

async fn accept(listener: TcpListener, site: Site, secure: Option<Secure>) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let listeners = Arc::new(Semaphore::new(LISTENERS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return Ok(()) };
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            // Most likely no file descriptor is left; the next try must not come at once.
            Err(error) => {
                tracing::warn!("http: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let (site, listeners, secure) = (site.clone(), Arc::clone(&listeners), secure.clone());
        tokio::spawn(async move {
            converse(stream, site, listeners, secure).await;
            drop(place);
        });
    }
}

/// One connection, from its first byte to its last.
async fn converse(
    stream: TcpStream,
    site: Site,
    listeners: Arc<Semaphore>,
    secure: Option<Secure>,
) {
    let Some(secure) = secure else {
        return requests(stream, Desk::new(site, Guest::Here, listeners)).await;
    };
    // A client without a certificate that counts has been told so by TLS.
    let Ok(Ok((stream, guest))) = timeout(PATIENCE, secure.meet(stream)).await else { return };
    requests(stream, Desk::new(site, guest, listeners)).await;
}

async fn requests(stream: impl AsyncRead + AsyncWrite + Unpin, desk: Desk) {
    let service = service_fn(|request| {
        let desk = &desk;
        async move { Ok::<_, Infallible>(desk.answer(request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let mut serving = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    // Whoever asks and goes has had no harm, and does none.
    while timeout(LONGEST, serving.as_mut()).await.is_err() && desk.is_heard() {}
}
