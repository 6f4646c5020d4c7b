//! HTTP/2 (RFC 9113), with h2. Without TLS the server must know beforehand (§3.3).

use super::judge::{Answer, Judge};
use super::{Place, Route};
use crate::call::{Call, local, malformed};
use crate::failure::of_io;
use crate::network::Network;
use crate::stream::{Progress, Stream};
use director_core::config::dialogue::Http;
use director_core::probe::Failure;
use h2::RecvStream;
use h2::client::SendRequest;
use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Bytes;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};

/// One request on a connection of its own.
pub(super) async fn request<N: Network>(
    call: &Call<'_, N>,
    place: &Place,
    method: &Method,
    headers: &HeaderMap,
    http: &Http,
) -> Result<(Answer, Option<u16>), Failure> {
    let (secure, authority) = match &place.route {
        Route::Proxy(authority) => (false, authority),
        Route::Direct | Route::Tunnel(_) => (place.tls.is_some(), &place.host),
    };
    let scheme = if secure { "https" } else { "http" };
    let uri = Uri::builder().scheme(scheme).authority(&**authority).path_and_query(&*place.path);
    let mut request = Request::builder()
        .method(method)
        .uri(uri.build().map_err(local)?)
        .body(())
        .map_err(local)?;
    *request.headers_mut() = headers.clone();
    let (stream, days) = place.dial(call, &["h2"]).await?;
    let progress = stream.progress().clone();
    let answer = converse(stream, async |mut sender| {
        let explain = |error: h2::Error| failure(&error, &progress);
        let (response, _) = sender.send_request(request, true).map_err(explain)?;
        let response = response.await.map_err(explain)?;
        judge(response, &progress, http).await
    });
    answer.await.map(|answer| (answer, days))
}

/// Carries out `dialogue` over a connection, both in one task, so that nothing is left behind when
/// the check is dropped.
pub(crate) async fn converse<S: AsyncRead + AsyncWrite + Unpin, T>(
    stream: Stream<S>,
    dialogue: impl AsyncFnOnce(SendRequest<Bytes>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let progress = stream.progress().clone();
    let (sender, connection) =
        h2::client::handshake(stream).await.map_err(|error| failure(&error, &progress))?;
    let mut connection = pin!(connection);
    let mut dialogue = pin!(dialogue(sender));
    tokio::select! {
        biased;
        outcome = &mut dialogue => outcome,
        // The dialogue knows best what the end of its connection means.
        _ = &mut connection => dialogue.await,
    }
}

async fn judge(
    response: Response<RecvStream>,
    progress: &Progress,
    http: &Http,
) -> Result<Answer, Failure> {
    let mut judge = match Judge::new(response.status(), response.headers(), http)? {
        Ok(judge) => judge,
        Err(answer) => return Ok(answer),
    };
    let mut body = response.into_body();
    while !judge.is_over() {
        match body.data().await {
            None => break,
            Some(Err(error)) => return Err(failure(&error, progress)),
            Some(Ok(data)) => {
                judge.take(&data);
                let taken = body.flow_control().release_capacity(data.len());
                taken.map_err(|error| failure(&error, progress))?;
            }
        }
    }
    Ok(judge.end())
}

/// What an error of the library says about the server.
pub(crate) fn failure(error: &h2::Error, progress: &Progress) -> Failure {
    if let Some(io) = error.get_io() {
        return match io.kind() {
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::Other => malformed(io),
            _ => of_io(io, progress.phase()),
        };
    }
    if error.is_remote() {
        return Failure::Rejected { answer: error.to_string() };
    }
    malformed(error)
}
