//! SIP servers (RFC 3261): `OPTIONS` (§11).

use crate::call::{Call, malformed, rejected};
use crate::datagram::Exchange;
use crate::network::{Carrier, Network};
use director_core::config::dialogue::{Sip, Transport};
use director_core::probe::{Failure, Outcome, Passed};

/// Lines of a header, and answers that are not the last one (§8.1.3.2).
const LINES: usize = 200;
/// The name that a check gives itself; nobody can have it (RFC 6761 §6.4).
const NAME: &str = "director-check.invalid";

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, sip: &Sip) -> Outcome {
    let token = format!("{:016x}", u64::from_be_bytes(call.random()));
    let request = request(sip, &token);
    let (status, passed) = match sip.transport {
        Transport::Udp => {
            let mut exchange = Exchange::new(call.datagrams(Carrier::Udp)?, &call);
            let answer = exchange.ask(request.as_bytes(), |it| is_last(it, &token)).await?;
            let text = String::from_utf8_lossy(&answer);
            (text.lines().next().unwrap_or_default().to_owned(), Passed::default())
        }
        Transport::Tcp => over_tcp(&call, sip, &request).await?,
    };
    match code(&status) {
        Some(200..=299) => Ok(passed),
        Some(_) => Err(rejected(&status)),
        None => Err(malformed("the answer does not begin with a status of SIP/2.0")),
    }
}

fn request(sip: &Sip, token: &str) -> String {
    let user = &sip.user;
    let carrier = match (sip.transport, &sip.tls) {
        (Transport::Udp, _) => "UDP",
        (Transport::Tcp, None) => "TCP",
        (Transport::Tcp, Some(_)) => "TLS",
    };
    // `rport` has the answer come back to where the question came from (RFC 3581).
    let lines = [
        format!("OPTIONS sip:{user} SIP/2.0"),
        format!("Via: SIP/2.0/{carrier} {NAME};branch=z9hG4bK{token};rport"),
        "Max-Forwards: 70".to_owned(),
        format!("From: <sip:{user}>;tag={token}"),
        format!("To: <sip:{user}>"),
        format!("Call-ID: {token}@{NAME}"),
        "CSeq: 1 OPTIONS".to_owned(),
        format!("Contact: <sip:{user}>"),
        "Accept: application/sdp".to_owned(),
        "Content-Length: 0".to_owned(),
    ];
    lines.join("\r\n") + "\r\n\r\n"
}

/// The code of a status line.
fn code(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("SIP/2.0 ")?;
    let code = rest.split(' ').next()?;
    code.parse().ok().filter(|code| (100..=699).contains(code))
}

/// Whether a datagram is the last answer to the question with this token: or nothing of SIP at all,
/// which nobody but a broken server sends. A part of an answer is none (§18.3).
fn is_last(datagram: &[u8], token: &str) -> bool {
    let text = String::from_utf8_lossy(datagram);
    match text.lines().next().and_then(code) {
        Some(100..=199) => false,
        Some(_) => text.contains(token) && is_whole(&text),
        None => true,
    }
}

/// Whether all of a message is there: its header to the empty line, and as much of a body as the
/// header says.
fn is_whole(text: &str) -> bool {
    let Some((header, body)) = text.split_once("\r\n\r\n") else { return false };
    let said = header.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let known = ["content-length", "l"].contains(&&*name.trim().to_ascii_lowercase());
        known.then(|| value.trim().parse::<usize>().unwrap_or(usize::MAX))
    });
    said.is_none_or(|length| body.len() >= length)
}

/// The status line of the last answer.
async fn over_tcp<N: Network>(
    call: &Call<'_, N>,
    sip: &Sip,
    request: &str,
) -> Result<(String, Passed), Failure> {
    let mut wire = call.dial(sip.tls.as_ref()).await?;
    wire.send(request.as_bytes()).await?;
    for _ in 0..LINES {
        let status = wire.line().await?;
        let Some(code) = code(&status) else { return Ok((status, Passed::default())) };
        // An answer that ends within its header is none. Those that come before the last have no
        // body; what the body of the last one says does not matter.
        while !wire.line().await?.is_empty() {}
        if code >= 200 {
            return Ok((status, wire.passed()));
        }
    }
    Err(malformed("provisional answers without end"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_answer_is_known() {
        assert_eq!(code("SIP/2.0 200 OK"), Some(200));
        for wrong in ["", "SIP/2.0", "SIP/2.0 99 x", "SIP/2.0 700 x", "HTTP/1.1 200 OK"] {
            assert_eq!(code(wrong), None, "{wrong}");
        }
        assert!(is_last(b"SIP/2.0 200 OK\r\nCall-ID: abc@x\r\n\r\n", "abc"));
        assert!(!is_last(b"SIP/2.0 100 Trying\r\nCall-ID: abc@x\r\n\r\n", "abc"));
        assert!(!is_last(b"SIP/2.0 200 OK\r\nCall-ID: other@x\r\n\r\n", "abc"));
        assert!(!is_last(b"SIP/2.0 200 OK\r\nCall-ID: abc@x\r\n", "abc"), "half of it");
        assert!(!is_last(b"SIP/2.0 200 OK\r\nCall-ID: abc@x\r\nl: 2\r\n\r\nv", "abc"));
        assert!(is_last(b"SIP/2.0 200 OK\r\nCall-ID: abc@x\r\nl: 2\r\n\r\nv=", "abc"));
        assert!(is_last(b"\xff\xff", "abc"), "garbage is judged, not waited out");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            is_last(&bytes, "abc");
        }
    }
}
