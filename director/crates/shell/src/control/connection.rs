//! One connection to the control socket.

use crate::order::Order;
use crate::status;
use director_core::name::GroupName;
use director_core::order::Order as Operation;
use director_core::view::View;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Version of the protocol.
pub const VERSION: u32 = 1;

/// The longest question, in bytes.
const LONGEST: u64 = 4096;
/// Questions on one connection.
const QUESTIONS: usize = 1024;
/// A connection on which nothing is said for this long is closed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is said while there is no director to ask any more.
const ENDING: &str = "this director is ending";

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// What everything looks like.
    Status {
        /// In which form.
        #[serde(default)]
        format: Shape,
    },
    /// Give a group to a peer and rest; every owned group when none is named.
    Handover {
        /// The group.
        #[serde(default)]
        group: Option<GroupName>,
    },
    /// End the rest that a handover began.
    Ready {
        /// The group.
        #[serde(default)]
        group: Option<GroupName>,
    },
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// For programs.
    #[default]
    Json,
    /// For people.
    Text,
}

/// Answers questions until the other side ends, says nothing for too long, or has asked enough.
pub(super) async fn serve<S>(stream: S, orders: mpsc::Sender<Order>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    for _ in 0..QUESTIONS {
        let mut question = String::new();
        let mut limited = (&mut stream).take(LONGEST);
        let reading = timeout(PATIENCE, limited.read_line(&mut question)).await;
        if !matches!(reading, Ok(Ok(length)) if length > 0) {
            return;
        }
        let mut reply = answer(&question, &orders).await.to_string();
        reply.push('\n');
        let writing = timeout(PATIENCE, stream.write_all(reply.as_bytes())).await;
        // Without its end the rest of a question that is too long would be taken for the next.
        if !matches!(writing, Ok(Ok(()))) || !question.ends_with('\n') {
            return;
        }
    }
}

async fn answer(question: &str, orders: &mpsc::Sender<Order>) -> serde_json::Value {
    match serde_json::from_str(question) {
        Ok(Command::Status { format }) => match view(orders).await {
            Some(view) if format == Shape::Text => {
                json!({ "version": VERSION, "text": status::text(&view) })
            }
            Some(view) => json!({ "version": VERSION, "status": view }),
            None => refusal(ENDING),
        },
        Ok(Command::Handover { group }) => operate(orders, Operation::Handover { group }).await,
        Ok(Command::Ready { group }) => operate(orders, Operation::Ready { group }).await,
        Err(error) => refusal(&format!("question not understood: {error}")),
    }
}

fn refusal(why: &str) -> serde_json::Value {
    json!({ "version": VERSION, "error": why })
}

async fn operate(orders: &mpsc::Sender<Order>, operation: Operation) -> serde_json::Value {
    let (reply, answer) = oneshot::channel();
    if orders.send(Order::Operate(operation, reply)).await.is_err() {
        return refusal(ENDING);
    }
    match answer.await {
        Ok(Ok(())) => json!({ "version": VERSION, "done": true }),
        Ok(Err(why)) => json!({ "version": VERSION, "refused": why.to_string() }),
        Err(_) => refusal(ENDING),
    }
}

async fn view(orders: &mpsc::Sender<Order>) -> Option<View> {
    let (reply, view) = oneshot::channel();
    orders.send(Order::Status(reply)).await.ok()?;
    view.await.ok()
}
