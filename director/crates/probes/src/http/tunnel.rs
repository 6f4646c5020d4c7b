//! A connection through a proxy (RFC 9110 §9.3.6).

use crate::call::malformed;
use crate::wire::Wire;
use director_core::probe::Failure;
use std::net::Ipv6Addr;
use tokio::io::{AsyncRead, AsyncWrite};

/// Lines of the proxy's answer.
const LINES: usize = 200;
const HTTPS: u16 = 443;

/// Has the proxy at the other end connect to `authority`. From then on that is at the other end.
///
/// Fails with [`Failure::Status`] when the proxy answers otherwise than with 2xx.
pub(super) async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    mut wire: Wire<S>,
    authority: &str,
) -> Result<Wire<S>, Failure> {
    let authority = with_port(authority);
    let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    wire.send(request.as_bytes()).await?;
    let status = status(&wire.line().await?)
        .ok_or_else(|| malformed("the proxy's answer has no status of HTTP/1"))?;
    if !(200..300).contains(&status) {
        return Err(Failure::Status { status });
    }
    for _ in 0..LINES {
        if wire.line().await?.is_empty() {
            return Ok(wire);
        }
    }
    Err(malformed("the proxy's answer has no end"))
}

/// The authority of a request for a connection always has a port.
fn with_port(authority: &str) -> String {
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let bare = authority.parse::<Ipv6Addr>().is_ok();
    if has_port && !bare { authority.to_owned() } else { format!("{authority}:{HTTPS}") }
}

/// `HTTP/1.1 200 Connection established`.
fn status(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?;
    let code = rest.split(' ').next()?;
    code.parse().ok().filter(|code| (100..=599).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_port_is_always_named() {
        assert_eq!(with_port("www.example.org"), "www.example.org:443");
        assert_eq!(with_port("www.example.org:8443"), "www.example.org:8443");
        assert_eq!(with_port("[2001:db8::7]"), "[2001:db8::7]:443");
        assert_eq!(with_port("[2001:db8::7]:8443"), "[2001:db8::7]:8443");
    }

    #[test]
    fn the_status_is_read() {
        assert_eq!(status("HTTP/1.1 200 Connection established"), Some(200));
        assert_eq!(status("HTTP/1.0 407"), Some(407));
        for line in ["", "HTTP/1.1", "HTTP/1.1 abc", "HTTP/1.1 999 x", "HTTP/2 200", "200 OK"] {
            assert_eq!(status(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_answered(line in ".{0,60}") {
            status(&line);
            status(&format!("HTTP/1.1 {line}"));
        }
    }
}
