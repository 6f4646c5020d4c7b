//! HTTP/1.1 (RFC 9112), with hyper.

use super::judge::{Answer, Judge};
use super::{Place, Route};
use crate::call::{Call, local};
use crate::failure::of_http;
use crate::network::Network;
use crate::stream::{Progress, Stream};
use director_core::config::dialogue::Http;
use director_core::probe::Failure;
use http::header::{HOST, HeaderValue};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::rt::ReadBufCursor;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One request on a connection of its own.
pub(super) async fn request<N: Network>(
    call: &Call<'_, N>,
    place: &Place,
    method: &Method,
    headers: &HeaderMap,
    http: &Http,
) -> Result<(Answer, Option<u16>), Failure> {
    let uri = match &place.route {
        Route::Proxy(authority) => format!("http://{authority}{}", place.path),
        Route::Direct | Route::Tunnel(_) => place.path.clone(),
    };
    let mut request =
        Request::builder().method(method).uri(uri).body(Empty::<Bytes>::new()).map_err(local)?;
    *request.headers_mut() = headers.clone();
    request.headers_mut().insert(HOST, HeaderValue::from_str(&place.host).map_err(local)?);
    let (stream, days) = place.dial(call, &["http/1.1"]).await?;
    let progress = stream.progress().clone();
    let explain = |error: hyper::Error| of_http(&error, progress.phase());
    let (mut sender, connection) = http1::handshake(Watched(stream)).await.map_err(explain)?;
    let mut connection = pin!(connection);
    let mut answer = pin!(async {
        let response = sender.send_request(request).await.map_err(explain)?;
        judge(response, &progress, http).await
    });
    // Both in one task, so that nothing is left behind when the check is dropped.
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        // The connection may be over before its last bytes have been judged.
        _ = &mut connection => answer.await,
    };
    answer.map(|answer| (answer, days))
}

async fn judge(
    response: Response<Incoming>,
    progress: &Progress,
    http: &Http,
) -> Result<Answer, Failure> {
    let mut judge = match Judge::new(response.status(), response.headers(), http)? {
        Ok(judge) => judge,
        Err(answer) => return Ok(answer),
    };
    let mut body = response.into_body();
    while !judge.is_over() {
        match body.frame().await {
            None => break,
            Some(Err(error)) => return Err(of_http(&error, progress.phase())),
            Some(Ok(frame)) => judge.take(frame.data_ref().map_or(&[], |data| data)),
        }
    }
    Ok(judge.end())
}

/// Bytes that one read takes at most.
const CHUNK: usize = 4096;

/// A connection as the library wants it.
struct Watched<S>(Stream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> hyper::rt::Read for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; CHUNK];
        let room = into.remaining().min(CHUNK);
        let mut chunk = ReadBuf::new(&mut bytes[..room]);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut chunk))?;
        into.put_slice(chunk.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> hyper::rt::Write for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.0.is_secret() {
            // It is closed at once, which says the same.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
