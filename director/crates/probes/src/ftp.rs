//! File servers (RFC 959), with extended passive mode (RFC 2428) and TLS (RFC 4217).

use crate::call::{Call, Session, bare, malformed};
use crate::network::Network;
use crate::reply::{Reply, command};
use crate::stream::Stream;
use crate::wire::Wire;
use director_core::config::dialogue::{Ftp, Start};
use director_core::probe::{Failure, Outcome};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes of a file that are looked at: 1 MiB.
const LIMIT: usize = 1 << 20;
/// Who comes when nobody is named, and what such a guest says (RFC 1635).
const GUEST: (&str, &str) = ("anonymous", "director-check@");

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, ftp: &Ftp) -> Outcome {
    // The data connection goes on in the session of the first one: many servers demand that, to
    // know that both come from the same client.
    let session = match &ftp.tls {
        Some(tls) => Some(call.session(tls).await?),
        None => None,
    };
    let mut wire = match session.as_ref().filter(|it| it.tls.start == Start::Connected) {
        Some(session) => call.join(call.connect(call.target).await?, session).await?,
        None => call.dial(None).await?,
    };
    Reply::read(&mut wire).await?.demand(&[220])?;
    if let Some(session) = session.as_ref().filter(|it| it.tls.start == Start::Asked) {
        command(&mut wire, "AUTH TLS", &[234]).await?;
        wire = call.join(bare(wire)?, session).await?;
    }
    match &ftp.login {
        None => enter(&mut wire, GUEST.0, GUEST.1).await?,
        Some(login) => {
            let credentials = call.credentials(login).await?;
            enter(&mut wire, &credentials.user, credentials.spoken()?).await?;
        }
    }
    if let Some(file) = &ftp.file {
        fetch(&call, &mut wire, file, ftp, session.as_ref()).await?;
    }
    wire.part(b"QUIT\r\n").await;
    Ok(wire.passed())
}

async fn enter<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    user: &str,
    password: &str,
) -> Result<(), Failure> {
    let reply = command(wire, &format!("USER {user}"), &[230, 331]).await?;
    if reply.code == 331 {
        command(wire, &format!("PASS {password}"), &[230, 202]).await?;
    }
    Ok(())
}

async fn fetch<N: Network>(
    call: &Call<'_, N>,
    wire: &mut Wire<N::Stream>,
    file: &str,
    ftp: &Ftp,
    session: Option<&Session<'_>>,
) -> Result<(), Failure> {
    if session.is_some() {
        command(wire, "PBSZ 0", &[200]).await?;
        command(wire, "PROT P", &[200]).await?;
    }
    command(wire, "TYPE I", &[200]).await?;
    let port = passive(wire).await?;
    // Whatever address the server names, the data are asked of the server itself.
    let data = call.connect(SocketAddr::new(call.target.ip(), port)).await?;
    command(wire, &format!("RETR {file}"), &[125, 150]).await?;
    let mut data = match session {
        Some(session) => call.join(data, session).await?,
        None => Wire::new(Stream::plain(data, call.progress.clone()), None),
    };
    data.search_all(ftp.expect.as_ref(), LIMIT).await?;
    data.close().await;
    if ftp.expect.is_none() {
        Reply::read(wire).await?.demand(&[226, 250])?;
    }
    Ok(())
}

/// The port on which the server waits for a data connection.
async fn passive<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<u16, Failure> {
    wire.send(b"EPSV\r\n").await?;
    let reply = Reply::read(wire).await?;
    let (text, parse): (_, fn(&str) -> Option<u16>) = if reply.code == 229 {
        (reply.lines.concat(), extended)
    } else {
        (command(wire, "PASV", &[227]).await?.lines.concat(), old)
    };
    parse(&text).ok_or_else(|| malformed("the reply names no port"))
}

/// `Entering Extended Passive Mode (|||6446|)`.
fn extended(text: &str) -> Option<u16> {
    let inner = text.split_once('(')?.1.split_once(')')?.0;
    let mark = inner.chars().next()?;
    let mut parts = inner.split(mark).skip(3);
    parts.next()?.parse().ok().filter(|port| *port != 0)
}

/// `Entering Passive Mode (h1,h2,h3,h4,p1,p2)`; some servers leave the brackets out.
fn old(text: &str) -> Option<u16> {
    let numbers = text.split(|c: char| !c.is_ascii_digit() && c != ',');
    let mut six = numbers.filter_map(|run| {
        let bytes: Option<Vec<u8>> = run.split(',').map(|byte| byte.parse().ok()).collect();
        bytes.filter(|bytes| bytes.len() == 6)
    });
    let bytes = six.next_back()?;
    Some(u16::from_be_bytes([bytes[4], bytes[5]])).filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ports_are_found() {
        assert_eq!(extended("Entering Extended Passive Mode (|||6446|)"), Some(6446));
        assert_eq!(extended("(!!!21!)."), Some(21));
        assert_eq!(old("Entering Passive Mode (10,0,0,21,4,1)."), Some(1025));
        assert_eq!(old("Entering Passive Mode 10,0,0,21,4,1"), Some(1025));
        for wrong in ["", "()", "(|||)", "(|||0|)", "(|||65536|)", "(||"] {
            assert_eq!(extended(wrong), None, "{wrong}");
        }
        for wrong in ["", "(1,2,3,4,5)", "(1,2,3,4,0,0)", "(1,2,3,4,5,256)"] {
            assert_eq!(old(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,30}", list in "[(|,0-9)]{0,30}") {
            for text in [text, list] {
                prop_assert_ne!(extended(&text), Some(0));
                prop_assert_ne!(old(&text), Some(0));
            }
        }
    }
}
