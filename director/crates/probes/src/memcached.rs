//! memcached (its text protocol, `doc/protocol.txt`).

use crate::call::{Call, malformed, rejected};
use crate::expect::contains;
use crate::network::Network;
use director_core::config::dialogue::Memcached;
use director_core::probe::Outcome;

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, memcached: &Memcached) -> Outcome {
    let mut wire = call.dial(memcached.tls.as_ref()).await?;
    wire.send(b"version\r\n").await?;
    let line = wire.line().await?;
    let Some(version) = line.strip_prefix("VERSION ") else {
        let known = ["ERROR", "CLIENT_ERROR", "SERVER_ERROR"];
        let refused = known.iter().any(|word| line.starts_with(word));
        return Err(if refused { rejected(&line) } else { malformed("this is no version") });
    };
    contains(memcached.expect.as_ref(), version.as_bytes())?;
    wire.part(b"quit\r\n").await;
    Ok(wire.passed())
}
