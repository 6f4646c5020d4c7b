//! What people and the service manager ask of a running director.

use director_core::alter::Alteration;
use director_core::config::Digest;
use director_core::name::NodeName;
use director_core::order::{Author, Refusal};
use director_core::view::{Explanation, View};
use std::sync::Arc;
use tokio::sync::{broadcast, oneshot};

/// A request to the loop.
#[derive(Debug)]
pub enum Order {
    /// Hand over, release everything, end.
    Stop,
    /// Read the configuration anew.
    Reload,
    /// The same for somebody who waits for the digest of the new configuration, or its problems.
    ReloadFor(Author, oneshot::Sender<Result<Digest, Vec<String>>>),
    /// Add or remove a real server and say who did it, or why not.
    Alter(Alteration, Author, oneshot::Sender<Result<NodeName, String>>),
    /// Say what was altered beside the configuration that was read.
    Altered(oneshot::Sender<Altered>),
    /// Say what everything looks like.
    Status(oneshot::Sender<View>),
    /// Say why something is as it is.
    Explain(String, oneshot::Sender<Vec<Explanation>>),
    /// Say all metrics.
    Metrics(oneshot::Sender<String>),
    /// Tell of every report from now on, each as a line of JSON.
    Listen(oneshot::Sender<broadcast::Receiver<Arc<str>>>),
    /// Carry out what the operator asks and say who did it, or why not.
    Operate(director_core::order::Order, Author, oneshot::Sender<Result<NodeName, Refusal>>),
}

/// What the director was told beside its configuration.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Altered {
    /// Digest of the configuration as it was read, without the alterations.
    pub read: Digest,
    /// The alterations that stand.
    pub servers: Vec<AlteredServer>,
}

/// One of them.
#[derive(Clone, Debug, serde::Serialize)]
pub struct AlteredServer {
    /// The server.
    pub server: std::net::SocketAddr,
    /// What was ordered for it.
    #[serde(flatten)]
    pub alteration: Alteration,
}
