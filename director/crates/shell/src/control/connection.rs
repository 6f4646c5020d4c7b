//! One connection to the control socket.

use super::command::{Command, Shape, VERSION};
use super::limit::Limit;
use crate::counters::Counters;
use crate::order::Order;
use crate::status;
use director_core::alter::Alteration;
use director_core::order::{Author, Order as Operation};
use director_core::view::View;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// The longest question, in bytes.
pub(crate) const LONGEST: usize = 4096;
/// Questions on one connection.
const QUESTIONS: usize = 1024;
/// A connection on which nothing is said for this long is closed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is said while there is no director to ask any more.
const ENDING: &str = "this director is ending";

/// Who asks, and whom the questions go to.
pub(crate) struct Desk {
    pub(crate) orders: mpsc::Sender<Order>,
    /// Shared by all connections.
    pub(crate) limit: Arc<Limit>,
    pub(crate) counters: Counters,
    /// Who has opened the connection, as the kernel says.
    pub(crate) who: String,
}

/// Answers questions until the other side ends, says nothing for too long, or has asked enough.
pub(super) async fn serve<S>(stream: S, desk: Desk)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    for _ in 0..QUESTIONS {
        let mut question = String::new();
        let mut limited = (&mut stream).take(LONGEST as u64);
        let reading = timeout(PATIENCE, limited.read_line(&mut question)).await;
        if !matches!(reading, Ok(Ok(length)) if length > 0) {
            return;
        }
        if matches!(serde_json::from_str(&question), Ok(Command::Events)) {
            return desk.tell(stream).await;
        }
        let mut reply = desk.answer(&question).await.to_string();
        reply.push('\n');
        let writing = timeout(PATIENCE, stream.write_all(reply.as_bytes())).await;
        // Without its end the rest of a question that is too long would be taken for the next.
        if !matches!(writing, Ok(Ok(()))) || !question.ends_with('\n') {
            return;
        }
    }
}

impl Desk {
    /// The answer to one question or order.
    pub(crate) async fn answer(&self, question: &str) -> Value {
        let command: Command = match serde_json::from_str(question) {
            Ok(command) => command,
            Err(error) => return refusal(&format!("question not understood: {error}")),
        };
        if command.is_order() && !self.limit.take() {
            let why = "too many orders in a short time; wait a few seconds";
            return json!({ "version": VERSION, "refused": why });
        }
        match command {
            Command::Status { format } => match self.view().await {
                Some(view) if format == Shape::Text => {
                    json!({ "version": VERSION, "text": status::text(&view) })
                }
                Some(view) => json!({ "version": VERSION, "status": view }),
                None => refusal(ENDING),
            },
            Command::Explain { subject, format } => self.explain(subject, format).await,
            Command::Metrics => self.metrics().await,
            Command::Counters => self.count().await,
            Command::Altered => match self.ask(Order::Altered).await {
                Some(altered) => json!({ "version": VERSION, "altered": altered }),
                None => refusal(ENDING),
            },
            Command::Reload { reason } => self.reload(self.author(reason)).await,
            order => self.obey(order).await,
        }
    }

    async fn obey(&self, order: Command) -> Value {
        if let Some((alteration, reason)) = order.alteration() {
            return self.alter(alteration, self.author(reason)).await;
        }
        match order.operation() {
            Some((operation, reason)) => self.operate(operation, self.author(reason)).await,
            None => refusal("this is no order"),
        }
    }

    async fn alter(&self, alteration: Alteration, by: Author) -> Value {
        match self.ask(|reply| Order::Alter(alteration, by, reply)).await {
            Some(Ok(node)) => json!({ "version": VERSION, "done": true, "node": node }),
            Some(Err(why)) => json!({ "version": VERSION, "refused": why }),
            None => refusal(ENDING),
        }
    }

    async fn metrics(&self) -> Value {
        let (Some(text), Some(view)) = (self.ask(Order::Metrics).await, self.view().await) else {
            return refusal(ENDING);
        };
        json!({ "version": VERSION, "text": self.counters.join(text, &view).await })
    }

    async fn count(&self) -> Value {
        let Some(view) = self.view().await else { return refusal(ENDING) };
        match self.counters.read().await {
            Ok(reading) => json!({ "version": VERSION, "counters": reading.of(&view) }),
            Err(why) => refusal(&format!("the kernel does not say what it has counted: {why}")),
        }
    }

    fn author(&self, reason: String) -> Author {
        Author { who: self.who.clone(), why: reason }
    }

    async fn operate(&self, operation: Operation, by: Author) -> Value {
        let (reply, answer) = oneshot::channel();
        if self.orders.send(Order::Operate(operation, by, reply)).await.is_err() {
            return refusal(ENDING);
        }
        match answer.await {
            Ok(Ok(node)) => json!({ "version": VERSION, "done": true, "node": node }),
            Ok(Err(why)) => json!({ "version": VERSION, "refused": why.to_string() }),
            Err(_) => refusal(ENDING),
        }
    }

    async fn reload(&self, by: Author) -> Value {
        let (reply, answer) = oneshot::channel();
        if self.orders.send(Order::ReloadFor(by, reply)).await.is_err() {
            return refusal(ENDING);
        }
        match answer.await {
            Ok(Ok(config)) => json!({ "version": VERSION, "done": true, "config": config }),
            Ok(Err(problems)) => json!({
                "version": VERSION,
                "refused": "the configuration has problems; the one in use stays",
                "problems": problems,
            }),
            Err(_) => refusal(ENDING),
        }
    }

    async fn explain(&self, subject: String, format: Shape) -> Value {
        let asked = subject.clone();
        match self.ask(|reply| Order::Explain(asked, reply)).await {
            None => refusal(ENDING),
            Some(found) if found.is_empty() => {
                let why = format!("nothing is called `{subject}`; `director status` lists all");
                json!({ "version": VERSION, "refused": why })
            }
            Some(found) if format == Shape::Text => {
                json!({ "version": VERSION, "text": status::explanation(&found) })
            }
            Some(found) => json!({ "version": VERSION, "explanation": found }),
        }
    }

    /// Tells of every event until the other side goes.
    async fn tell<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: BufReader<S>) {
        let Some(mut events) = self.ask(Order::Listen).await else { return };
        let mut line = json!({ "version": VERSION, "listening": true }).to_string();
        loop {
            line.push('\n');
            let writing = timeout(PATIENCE, stream.write_all(line.as_bytes())).await;
            if !matches!(writing, Ok(Ok(()))) {
                return;
            }
            // Whatever is said meanwhile ends it, and so does hanging up.
            let mut said = [0; 1];
            let event = tokio::select! {
                biased;
                _over = stream.read(&mut said) => return,
                event = events.recv() => event,
            };
            line = match event {
                Ok(event) => event.to_string(),
                Err(RecvError::Lagged(lost)) => {
                    json!({ "version": VERSION, "lost": lost }).to_string()
                }
                Err(RecvError::Closed) => return,
            };
        }
    }

    async fn view(&self) -> Option<View> {
        self.ask(Order::Status).await
    }

    /// Asks the loop, which answers unless it is ending.
    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(question(reply)).await.ok()?;
        answer.await.ok()
    }
}

fn refusal(why: &str) -> Value {
    json!({ "version": VERSION, "error": why })
}
