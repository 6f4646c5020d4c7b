//! The HTTP check: one request, and what its answer must be.

mod first;
mod judge;
mod redirect;
mod second;
mod tunnel;

pub(crate) use second::{converse, failure};

use crate::call::{Call, local};
use crate::network::Network;
use crate::stream::Stream;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use director_core::config::dialogue::{Http, Tls, Version};
use director_core::probe::{Failure, Outcome, Passed};
use http::header::{ACCEPT, AUTHORIZATION, CONNECTION, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method};
use judge::Answer;
use std::net::SocketAddr;

const AGENT: &str = concat!("director-check/", env!("CARGO_PKG_VERSION"));

/// Where a request goes: changed by a redirect, otherwise as the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    target: SocketAddr,
    route: Route,
    tls: Option<Tls>,
    host: String,
    /// Begins with `/`.
    path: String,
}

/// What the server that is asked has to do with the page.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    /// It has it.
    Direct,
    /// It is a proxy that is asked for the page of this authority (RFC 9112 §3.2.2).
    Proxy(String),
    /// It is a proxy that is asked for a connection to this authority (RFC 9110 §9.3.6).
    Tunnel(String),
}

impl Place {
    /// The page that a check asks for first.
    fn first(target: SocketAddr, http: &Http) -> Self {
        let (route, path) = route(&http.path);
        let tls = match route {
            Route::Tunnel(_) => Some(http.tls.clone().unwrap_or_default()),
            _ => http.tls.clone(),
        };
        let own = match &route {
            Route::Direct => target.to_string(),
            Route::Proxy(authority) | Route::Tunnel(authority) => authority.clone(),
        };
        let host = http.host.clone().unwrap_or(own);
        Self { target, route, tls, host, path }
    }

    /// Whether the page itself travels in secret. TLS to a proxy says nothing of that.
    fn is_secure(&self) -> bool {
        !matches!(self.route, Route::Proxy(_)) && self.tls.is_some()
    }

    /// A connection on which the page can be asked for.
    async fn dial<N: Network>(
        &self,
        call: &Call<'_, N>,
        protocols: &[&str],
    ) -> Result<(Stream<N::Stream>, Option<u16>), Failure> {
        match (&self.route, &self.tls) {
            (Route::Tunnel(authority), Some(tls)) => {
                let wire = tunnel::open(call.dial(None).await?, authority).await?;
                call.upgrade_as(wire, tls, Some(self.name()), protocols).await
            }
            (_, tls) => call.dial_as(tls.as_ref(), Some(self.name()), protocols).await,
        }
    }

    /// The name that the server must prove: that of the page, without its port.
    fn name(&self) -> &str {
        let host = self.host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        let name = host.map_or(&*self.host, |(name, _)| name);
        name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name)
    }
}

/// Asks for a page, follows its redirects if it may, and judges the last answer.
pub(crate) async fn ask<N: Network>(call: Call<'_, N>, http: &Http) -> Outcome {
    let mut place = Place::first(call.target, http);
    let headers = headers(&call, http).await?;
    let method = Method::from_bytes(http.method.as_bytes()).map_err(local)?;
    let mut left = http.redirects;
    loop {
        let call = Call { target: place.target, ..call };
        let (answer, days) = match http.version {
            Version::Http1 => first::request(&call, &place, &method, &headers, http).await?,
            Version::Http2 => second::request(&call, &place, &method, &headers, http).await?,
        };
        match answer {
            Answer::Judged(judged) => {
                return judged.map(|()| Passed { certificate_days: days, ..Passed::default() });
            }
            Answer::Elsewhere { status, .. } if left == 0 => {
                return Err(Failure::Status { status });
            }
            Answer::Elsewhere { location, .. } => place = redirect::follow(&place, &location)?,
        }
        left -= 1;
    }
}

/// The route to what the configuration names, and its path there.
fn route(path: &str) -> (Route, String) {
    let (make, rest): (fn(String) -> Route, _) = if let Some(rest) = path.strip_prefix("http://") {
        (Route::Proxy, rest)
    } else if let Some(rest) = path.strip_prefix("https://") {
        (Route::Tunnel, rest)
    } else {
        return (Route::Direct, path.to_owned());
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    (make(authority.to_owned()), path)
}

/// All headers but the host.
async fn headers<N: Network>(call: &Call<'_, N>, http: &Http) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    if http.version == Version::Http1 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in &http.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(local)?;
        headers.insert(name, HeaderValue::from_str(value).map_err(local)?);
    }
    if let Some(login) = &http.login {
        let it = call.credentials(login).await?;
        let pair = [it.user.as_bytes(), b":", &it.password].concat();
        let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
        let mut value = HeaderValue::from_str(&value).map_err(local)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}
