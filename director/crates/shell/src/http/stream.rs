//! Events as they happen: a stream for `EventSource` (HTML Standard, §9.2).

use hyper::body::Bytes;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A comment in place of events, so that whoever has gone is noticed.
const QUIET: Duration = Duration::from_secs(15);
/// Parts that wait for a slow reader; then events wait in their own queue, and are counted as lost.
pub(super) const WAITING: usize = 4;

/// Passes events on until nobody reads them, or the director ends.
pub(super) async fn tell(mut events: broadcast::Receiver<Arc<str>>, reader: mpsc::Sender<Bytes>) {
    let mut part = ": events from now on\n\n".to_owned();
    while reader.send(part.into()).await.is_ok() {
        let event = tokio::select! {
            () = reader.closed() => return,
            event = timeout(QUIET, events.recv()) => event,
        };
        part = match event {
            Err(_) => ": nothing has happened\n\n".to_owned(),
            Ok(Ok(line)) => event_of(&line),
            Ok(Err(RecvError::Lagged(lost))) => {
                format!("event: lost\ndata: {{\"lost\":{lost}}}\n\n")
            }
            Ok(Err(RecvError::Closed)) => return,
        };
    }
}

/// A line of the control socket: its number is the stream's `id`.
fn event_of(line: &str) -> String {
    let number = serde_json::from_str::<Value>(line).ok().and_then(|it| it["event"].as_u64());
    let id = number.map(|number| format!("id: {number}\n")).unwrap_or_default();
    format!("{id}data: {line}\n\n")
}
