//! Where a redirect leads (RFC 9110 §10.2.2).
//!
//! A check asks one server and nobody else: of a `Location`, the scheme, the port, the host name
//! and the path are taken over, and the server stays the same.

use super::{Place, Route};
use crate::call::malformed;
use director_core::config::dialogue::Tls;
use director_core::probe::Failure;
use std::net::SocketAddr;

/// The place that `location` names as seen from `from`.
pub(super) fn follow(from: &Place, location: &str) -> Result<Place, Failure> {
    let location = location.split('#').next().unwrap_or_default();
    if location.is_empty() || !location.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed("the redirect leads nowhere"));
    }
    let was_secure = from.is_secure();
    let (secure, rest) = if let Some(rest) = location.strip_prefix("https://") {
        (true, rest)
    } else if let Some(rest) = location.strip_prefix("http://") {
        (false, rest)
    } else if let Some(rest) = location.strip_prefix("//") {
        (was_secure, rest)
    } else {
        return Ok(Place { path: resolve(&from.path, location), ..from.clone() });
    };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if host.is_empty() || host.contains('@') {
        return Err(malformed("the redirect names no host"));
    }
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let host = host.to_owned();
    if from.route != Route::Direct {
        return by_proxy(from, secure, host, path);
    }
    let tls = secure.then(|| from.tls.clone().unwrap_or_default());
    let explicit = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    // To the same host by the same scheme, the server's own port stands for the usual one.
    let stays = host == from.host && secure == was_secure;
    let usual = if secure { 443 } else { 80 };
    let port = explicit.unwrap_or(if stays { from.target.port() } else { usual });
    let target = SocketAddr::new(from.target.ip(), port);
    Ok(Place { target, route: Route::Direct, tls, host, path })
}

/// The same when the server is a proxy: it is asked for the new page as for the first one.
fn by_proxy(from: &Place, secure: bool, host: String, path: String) -> Result<Place, Failure> {
    let (route, tls) = match (&from.route, secure) {
        (Route::Tunnel(_), true) => (Route::Tunnel(host.clone()), from.tls.clone()),
        (Route::Tunnel(_), false) => (Route::Proxy(host.clone()), None),
        (_, false) => (Route::Proxy(host.clone()), from.tls.clone()),
        (_, true) if from.tls.is_none() => (Route::Tunnel(host.clone()), Some(Tls::default())),
        (_, true) => return Err(malformed("a check has no TLS behind TLS to a proxy")),
    };
    Ok(Place { target: from.target, route, tls, host, path })
}

/// A path as seen from another one. Dots in it are left to the server.
fn resolve(from: &str, location: &str) -> String {
    if location.starts_with('/') {
        return location.to_owned();
    }
    let page = from.split('?').next().unwrap_or_default();
    if location.starts_with('?') {
        return format!("{page}{location}");
    }
    let folder = page.rfind('/').map_or("/", |at| &page[..=at]);
    format!("{folder}{location}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn from() -> Place {
        Place {
            target: "10.0.0.21:8080".parse().unwrap(),
            route: Route::Direct,
            tls: None,
            host: "www.example.org".into(),
            path: "/a/b?c".into(),
        }
    }

    #[test]
    fn a_redirect_by_a_proxy_stays_with_the_proxy() {
        let proxy = |name: &str| Route::Proxy(name.into());
        let tunnel = |name: &str| Route::Tunnel(name.into());
        let plain = Place { route: proxy("www.example.org"), ..from() };
        let tls = Some(Tls::default());
        let secret = Place { route: tunnel("www.example.org"), tls: tls.clone(), ..from() };
        for (from, location, route, tls, path) in [
            (&plain, "/x", proxy("www.example.org"), None, "/x"),
            (&plain, "http://b.example/y", proxy("b.example"), None, "/y"),
            (&plain, "https://b.example:8443", tunnel("b.example:8443"), tls.clone(), "/"),
            (&secret, "?z", tunnel("www.example.org"), tls.clone(), "/a/b?z"),
            (&secret, "//b.example/y", tunnel("b.example"), tls.clone(), "/y"),
            (&secret, "http://b.example/y", proxy("b.example"), None, "/y"),
        ] {
            let place = follow(from, location).unwrap();
            assert_eq!((place.route, place.tls, &*place.path), (route, tls, path), "{location}");
            assert_eq!(place.target, from.target, "{location}");
        }
        let over_tls = Place { tls, ..plain };
        assert!(follow(&over_tls, "https://b.example/").is_err());
    }

    #[test]
    fn a_redirect_stays_on_the_server() {
        for (location, target, secret, host, path) in [
            ("/x", "10.0.0.21:8080", false, "www.example.org", "/x"),
            ("x?y", "10.0.0.21:8080", false, "www.example.org", "/a/x?y"),
            ("?y", "10.0.0.21:8080", false, "www.example.org", "/a/b?y"),
            ("http://www.example.org/x#z", "10.0.0.21:8080", false, "www.example.org", "/x"),
            ("http://other.example", "10.0.0.21:80", false, "other.example", "/"),
            ("https://www.example.org/x", "10.0.0.21:443", true, "www.example.org", "/x"),
            ("https://a.example:8443?q", "10.0.0.21:8443", true, "a.example:8443", "/?q"),
            ("//b.example/x", "10.0.0.21:80", false, "b.example", "/x"),
        ] {
            let place = follow(&from(), location).unwrap();
            let found = (place.target.to_string(), place.tls.is_some(), &*place.host, &*place.path);
            assert_eq!(found, (target.to_owned(), secret, host, path), "{location}");
        }
        for location in ["", "#x", "/a b", "http://", "http://user@host/"] {
            assert!(follow(&from(), location).is_err(), "{location}");
        }
    }

    proptest! {
        #[test]
        fn wherever_it_leads_the_server_is_the_same(location in ".{0,40}") {
            if let Ok(place) = follow(&from(), &location) {
                prop_assert_eq!(place.target.ip(), from().target.ip());
                prop_assert!(place.path.starts_with('/'));
            }
        }
    }
}
