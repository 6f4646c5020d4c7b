//! Mail servers (RFC 5321), with `STARTTLS` (RFC 3207) and `AUTH` (RFC 4954).

use crate::call::{Call, Credentials, rejected};
use crate::network::Network;
use crate::reply::{Reply, command};
use crate::wire::Wire;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use director_core::config::dialogue::{Smtp, Start};
use director_core::probe::{Failure, Outcome};
use tokio::io::{AsyncRead, AsyncWrite};

/// The name that a check gives itself; nobody can have it (RFC 6761 §6.4).
const NAME: &str = "director-check.invalid";

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, smtp: &Smtp) -> Outcome {
    let mut wire = call.dial(smtp.tls.as_ref()).await?;
    Reply::read(&mut wire).await?.demand(&[220])?;
    let name = smtp.helo.as_deref().unwrap_or(NAME);
    let mut offers = hello(&mut wire, name).await?;
    if let Some(tls) = smtp.tls.as_ref().filter(|tls| tls.start == Start::Asked) {
        command(&mut wire, "STARTTLS", &[220]).await?;
        wire = call.upgrade(wire, tls).await?;
        offers = hello(&mut wire, name).await?;
    }
    if let Some(login) = &smtp.login {
        let credentials = call.credentials(login).await?;
        authenticate(&mut wire, &offers, &credentials).await?;
    }
    wire.part(b"QUIT\r\n").await;
    Ok(wire.passed())
}

/// What the server offers. One that knows only `HELO` offers nothing (§3.2).
async fn hello<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    name: &str,
) -> Result<Vec<String>, Failure> {
    wire.send(format!("EHLO {name}\r\n").as_bytes()).await?;
    let reply = Reply::read(wire).await?;
    if matches!(reply.code, 500..=504) {
        command(wire, &format!("HELO {name}"), &[250]).await?;
        return Ok(Vec::new());
    }
    Ok(reply.demand(&[250])?.lines)
}

async fn authenticate<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    offers: &[String],
    credentials: &Credentials,
) -> Result<(), Failure> {
    let Credentials { user, password } = credentials;
    if offered(offers, "PLAIN") {
        // RFC 4616 §2.
        let plain = [b"\0", user.as_bytes(), b"\0", password].concat();
        let line = format!("AUTH PLAIN {}", BASE64_STANDARD.encode(plain));
        return command(wire, &line, &[235]).await.map(drop);
    }
    if offered(offers, "LOGIN") {
        command(wire, "AUTH LOGIN", &[334]).await?;
        command(wire, &BASE64_STANDARD.encode(user), &[334]).await?;
        return command(wire, &BASE64_STANDARD.encode(password), &[235]).await.map(drop);
    }
    Err(rejected("offers neither AUTH PLAIN nor AUTH LOGIN"))
}

/// Whether the offers have a mechanism: `AUTH PLAIN LOGIN`.
fn offered(offers: &[String], mechanism: &str) -> bool {
    let of_auth =
        |offer: &&String| offer.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("AUTH"));
    let words = |offer: &String| {
        let mut words = offer[4..].split([' ', '=']);
        words.any(|word| word.eq_ignore_ascii_case(mechanism))
    };
    offers.iter().filter(of_auth).any(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mechanisms_are_found_in_any_spelling() {
        let offers = ["mail.example".to_owned(), "SIZE".to_owned(), "auth=login Plain".to_owned()];
        assert!(offered(&offers, "PLAIN") && offered(&offers, "LOGIN"));
        assert!(!offered(&offers, "CRAM-MD5") && !offered(&offers[..2], "PLAIN"));
    }

    proptest! {
        #[test]
        fn any_offer_is_answered(offer in ".{0,12}") {
            offered(&[offer], "PLAIN");
        }
    }
}
