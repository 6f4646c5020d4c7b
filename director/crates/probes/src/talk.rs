//! Bytes that are sent, and bytes that must come.

use crate::call::Call;
use crate::datagram::Exchange;
use crate::expect::contains;
use crate::network::{Carrier, Network};
use director_core::config::dialogue::{Talk, Udp};
use director_core::probe::{Outcome, Passed};

/// Bytes of an answer that are looked at.
const LIMIT: usize = 64 << 10;

/// Over a connection. The server's end of it may stay open.
pub(crate) async fn over_tcp<N: Network>(call: Call<'_, N>, talk: &Talk) -> Outcome {
    let mut wire = call.dial(talk.tls.as_ref()).await?;
    if !talk.send.is_empty() {
        wire.send(&talk.send).await?;
    }
    if let Some(pattern) = &talk.expect {
        wire.search(pattern, LIMIT).await?;
    }
    Ok(wire.passed())
}

/// In datagrams. Silence is a failure: nothing else tells a server from none.
pub(crate) async fn over_udp<N: Network>(call: Call<'_, N>, udp: &Udp) -> Outcome {
    let mut exchange = Exchange::new(call.datagrams(Carrier::Udp)?, &call);
    let answer = exchange.ask(&udp.send, |_| true).await?;
    contains(udp.expect.as_ref(), &answer)?;
    Ok(Passed::default())
}
