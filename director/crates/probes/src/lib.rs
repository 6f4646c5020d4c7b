//! Health check dialogues: what is said to a real server, and what its answer means.
//!
//! [`probe`] carries out one check within its time and says how it ended. The bytes are the same on
//! a real and on a simulated network: connections are made through [`Connect`].
//!
//! * TCP: a connection can be made; it is closed at once.
//! * HTTP/1.1 (RFC 9110, RFC 9112): `GET` with `Connection: close`; the status must be a 2xx. When
//!   a text is expected, the body must contain it; without one the body is not read. Redirects are
//!   not followed: a check asks one server and nobody else. Reading stops as soon as the answer is
//!   known, and at [`BODY_LIMIT`].

mod failure;
mod http;
mod network;
mod stream;

pub use http::BODY_LIMIT;
pub use network::{Connect, Tcp};

use director_core::config::Dialogue;
use director_core::probe::{Failure, Outcome, Phase, Probe};
use std::net::SocketAddr;
use stream::Progress;

/// Carries out one check. Ends by itself when the probe's time is up; dropping it ends it earlier.
pub async fn probe(network: &impl Connect, probe: &Probe) -> Outcome {
    let progress = Progress::default();
    let dialogue = converse(network, probe.target, &probe.dialogue, &progress);
    match tokio::time::timeout(probe.timeout, dialogue).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::TimedOut { phase: progress.phase() }),
    }
}

async fn converse(
    network: &impl Connect,
    target: SocketAddr,
    dialogue: &Dialogue,
    progress: &Progress,
) -> Outcome {
    let connected = network.connect(target).await;
    let stream = connected.map_err(|error| failure::of_io(&error, Phase::Connect))?;
    progress.connected();
    match dialogue {
        Dialogue::Tcp => Ok(()),
        Dialogue::Http { path, host, expect } => {
            let host = host.clone().unwrap_or_else(|| target.to_string());
            http::get(stream, progress, path, &host, expect.as_deref()).await
        }
    }
}
