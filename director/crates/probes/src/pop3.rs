//! Mail stores that speak POP3 (RFC 1939), with `STLS` (RFC 2595 §4).

use crate::call::{Call, malformed, rejected};
use crate::network::Network;
use crate::wire::Wire;
use director_core::config::dialogue::{Mailbox, Start};
use director_core::probe::{Failure, Outcome};
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, mailbox: &Mailbox) -> Outcome {
    let mut wire = call.dial(mailbox.tls.as_ref()).await?;
    answer(&mut wire).await?;
    if let Some(tls) = mailbox.tls.as_ref().filter(|tls| tls.start == Start::Asked) {
        command(&mut wire, "STLS").await?;
        wire = call.upgrade(wire, tls).await?;
    }
    if let Some(login) = &mailbox.login {
        let credentials = call.credentials(login).await?;
        command(&mut wire, &format!("USER {}", credentials.user)).await?;
        command(&mut wire, &format!("PASS {}", credentials.spoken()?)).await?;
    }
    wire.part(b"QUIT\r\n").await;
    Ok(wire.passed())
}

async fn command<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    line: &str,
) -> Result<(), Failure> {
    wire.send(format!("{line}\r\n").as_bytes()).await?;
    answer(wire).await
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<(), Failure> {
    let line = wire.line().await?;
    if line.starts_with("+OK") {
        return Ok(());
    }
    if line.starts_with("-ERR") {
        return Err(rejected(&line));
    }
    Err(malformed("the answer is neither +OK nor -ERR"))
}
