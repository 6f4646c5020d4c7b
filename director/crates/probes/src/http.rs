//! The HTTP check: one request, and what its answer must be.

mod first;
mod judge;
mod redirect;
mod second;

pub(crate) use second::{converse, failure};

use crate::call::{Call, local};
use crate::network::Network;
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
    tls: Option<Tls>,
    host: String,
    path: String,
}

impl Place {
    /// The name that the server must prove: that of the page, without its port.
    fn name(&self) -> &str {
        let host = self.host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        let name = host.map_or(&*self.host, |(name, _)| name);
        name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name)
    }
}

/// Asks for a page, follows its redirects if it may, and judges the last answer.
pub(crate) async fn ask<N: Network>(call: Call<'_, N>, http: &Http) -> Outcome {
    let host =
        http.host.clone().unwrap_or_else(|| proxied(http).unwrap_or(call.target.to_string()));
    let (target, tls, path) = (call.target, http.tls.clone(), http.path.clone());
    let mut place = Place { target, tls, host, path };
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

/// The host of the URL that a proxy is asked for (RFC 9112 §3.2.2).
fn proxied(http: &Http) -> Option<String> {
    let rest = http.path.strip_prefix("http://")?;
    Some(rest.split(['/', '?', '#']).next().unwrap_or(rest).to_owned())
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
