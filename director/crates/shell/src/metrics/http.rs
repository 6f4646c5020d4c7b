//! One page over HTTP/1.1 (RFC 9112): `GET /metrics`. Enough for a scraper, and for nothing else.

use super::CONTENT_TYPE;
use crate::order::Order;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

/// For one request and its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest request, in bytes.
const LONGEST: usize = 8192;
/// Requests at a time.
const AT_ONCE: usize = 4;

/// Answers on a listener for as long as it is polled.
///
/// # Errors
/// When nothing can be accepted any more.
pub async fn serve(listener: TcpListener, orders: mpsc::Sender<Order>) -> io::Result<()> {
    let places = std::sync::Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return Ok(()) };
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            // Most likely no file descriptor is left; the next try must not come at once.
            Err(error) => {
                tracing::warn!("metrics: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let orders = orders.clone();
        tokio::spawn(async move {
            // Whoever asks and goes has had no harm, and does none.
            let _gone = timeout(PATIENCE, answer(stream, orders)).await;
            drop(place);
        });
    }
}

async fn answer(mut stream: TcpStream, orders: mpsc::Sender<Order>) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() > LONGEST || stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, kind, body) = match (method, target) {
        (b"GET", b"/metrics") => match text(&orders).await {
            Some(text) => ("200 OK", CONTENT_TYPE, text),
            None => ("503 Service Unavailable", "text/plain", "it is ending\n".to_owned()),
        },
        (b"GET", _) => ("404 Not Found", "text/plain", "there is /metrics\n".to_owned()),
        _ => ("405 Method Not Allowed", "text/plain", "GET it\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

async fn text(orders: &mpsc::Sender<Order>) -> Option<String> {
    let (reply, text) = oneshot::channel();
    orders.send(Order::Metrics(reply)).await.ok()?;
    text.await.ok()
}
