//! Names and arguments of a request.

use hyper::header::HeaderValue;

/// Whether a `Host` (RFC 9110 §7.2) is an address or `localhost`. A client of HTTP/1.0 has none.
pub(super) fn is_local_name(host: Option<&HeaderValue>) -> bool {
    let Some(host) = host else { return true };
    let Ok(host) = host.to_str() else { return false };
    let bare =
        host.parse::<std::net::IpAddr>().is_ok() || host.parse::<std::net::SocketAddr>().is_ok();
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    bare || inside.is_some_and(|it| it.parse::<std::net::Ipv6Addr>().is_ok())
        || name.eq_ignore_ascii_case("localhost")
}

/// An argument of the query, with its escapes undone (RFC 3986 §2.1).
pub(super) fn argument(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'%', [high, low, ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
                rest = &after[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_may_be_anybodys_are_refused() {
        let local = |host: &'static str| is_local_name(Some(&HeaderValue::from_static(host)));
        for host in ["127.0.0.1", "127.0.0.1:9470", "[::1]:9470", "[::1]", "localhost:9470"] {
            assert!(local(host), "{host}");
        }
        for host in ["example.com", "example.com:9470", "localhost.example.com", "127.0.0.1.nip.io"]
        {
            assert!(!local(host), "{host}");
        }
        assert!(is_local_name(None));
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(argument("service=a%2Fb+c&x=1", "service").as_deref(), Some("a/b c"));
        assert_eq!(argument("service=%zz", "service"), None);
        assert_eq!(argument("service=%e", "service").as_deref(), Some("%e"));
        assert_eq!(argument("other=1", "service"), None);
    }
}
