//! An alert as a JSON text that is posted to an HTTP server (RFC 9110, RFC 8259).

use crate::text::Letter;
use crate::{later, never};
use bytes::Bytes;
use director_core::alert::Undelivered;
use director_core::config::Webhook;
use director_core::config::dialogue::Trust;
use director_probes::{Host, LocalHost};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use std::pin::pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Posts the alert; any status of 200 to 299 says that it was taken.
pub(crate) async fn post(webhook: Webhook, letter: Letter) -> Result<(), Undelivered> {
    let host = LocalHost::default();
    let request = request(&webhook, &host, &letter).await?;
    let address = (webhook.host.as_str(), webhook.port.get());
    let at = |error: &dyn std::fmt::Display| {
        later(format_args!("{}:{}: {error}", webhook.host, webhook.port))
    };
    let stream = TcpStream::connect(address).await.map_err(|error| at(&error))?;
    let status = if webhook.tls {
        let stream = secure(&webhook, &host, stream).await?;
        ask(stream, request).await
    } else {
        ask(stream, request).await
    };
    judge(&webhook, status.map_err(|error| at(&error))?)
}

/// What the server's answer means: whether it was taken, and whether to ask again.
fn judge(webhook: &Webhook, status: StatusCode) -> Result<(), Undelivered> {
    let said = format!("{}:{} answered {status}", webhook.host, webhook.port);
    match status.as_u16() {
        200..=299 => Ok(()),
        300..=399 => Err(never(format_args!("{said}; redirections are not followed"))),
        // Timeout, too early, too many requests: the words of a server that is busy.
        408 | 425 | 429 | 500.. => Err(later(said)),
        _ => Err(never(said)),
    }
}

async fn request(
    webhook: &Webhook,
    host: &LocalHost,
    letter: &Letter,
) -> Result<Request<Full<Bytes>>, Undelivered> {
    let usual = if webhook.tls { 443 } else { 80 };
    let name = if webhook.host.contains(':') {
        format!("[{}]", webhook.host)
    } else {
        webhook.host.clone()
    };
    let authority =
        if webhook.port.get() == usual { name } else { format!("{name}:{}", webhook.port) };
    let mut request = Request::post(&webhook.path)
        .header(HOST, authority)
        .header(USER_AGENT, concat!("director/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close");
    if let Some(token) = &webhook.token {
        let token = host.secret(token).await.map_err(later)?;
        let value = [b"Bearer ".as_slice(), &token].concat();
        let mut value = HeaderValue::from_bytes(&value)
            .map_err(|_| never("the webhook's token has characters that no header can have"))?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(Full::new(letter.json().to_string().into())).map_err(never)
}

async fn secure(
    webhook: &Webhook,
    host: &LocalHost,
    stream: TcpStream,
) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static, Undelivered> {
    let trust = webhook.roots.clone().map_or(Trust::System, Trust::Roots);
    let roots = host.roots(&trust).await.map_err(later)?;
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(never)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(webhook.host.clone()).map_err(never)?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    connected.map_err(|error| {
        later(format_args!("no TLS with {}:{}: {error}", webhook.host, webhook.port))
    })
}

/// The status of the answer; its body is nothing to us.
async fn ask(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut connection = pin!(connection);
    let mut answer = pin!(sender.send_request(request));
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        // The server has closed: what it has said before that is the answer.
        _ = &mut connection => answer.await,
    };
    answer.map(|answer| answer.status())
}
