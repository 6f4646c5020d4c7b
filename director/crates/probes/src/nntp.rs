//! News servers (RFC 3977), with `STARTTLS` (RFC 4642).

use crate::call::Call;
use crate::network::Network;
use crate::reply::{Reply, command};
use director_core::config::dialogue::{Nntp, Start};
use director_core::probe::Outcome;

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, nntp: &Nntp) -> Outcome {
    let mut wire = call.dial(nntp.tls.as_ref()).await?;
    Reply::read(&mut wire).await?.demand(&[200, 201])?;
    if let Some(tls) = nntp.tls.as_ref().filter(|tls| tls.start == Start::Asked) {
        command(&mut wire, "STARTTLS", &[382]).await?;
        wire = call.upgrade(wire, tls).await?;
    }
    if let Some(group) = &nntp.group {
        command(&mut wire, &format!("GROUP {group}"), &[211]).await?;
    }
    wire.part(b"QUIT\r\n").await;
    Ok(wire.passed())
}
