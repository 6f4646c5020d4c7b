//! The HTTP/1.1 check: one `GET`, one answer.

use crate::failure::of_http;
use crate::stream::{Progress, Watched};
use director_core::probe::{Failure, Outcome};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Response};
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes of a body that are searched for the expected text.
pub const BODY_LIMIT: usize = 1 << 20;

const AGENT: &str = concat!("director-check/", env!("CARGO_PKG_VERSION"));

/// Asks for `path` and judges the answer.
pub(crate) async fn get<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    progress: &Progress,
    path: &str,
    host: &str,
    expect: Option<&str>,
) -> Outcome {
    let request = Request::get(path)
        .header(HOST, host)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::Local { what: error.to_string() })?;
    let stream = Watched::new(stream, progress.clone());
    let explain = |error: hyper::Error| of_http(&error, progress.phase());
    let (mut sender, connection) = http1::handshake(stream).await.map_err(explain)?;
    let mut connection = pin!(connection);
    let mut answer = pin!(async {
        let response = sender.send_request(request).await.map_err(explain)?;
        judge(response, progress, expect).await
    });
    // Both in one task, so that nothing is left behind when the check is dropped.
    tokio::select! {
        biased;
        outcome = &mut answer => outcome,
        // The connection may be over before its last bytes have been judged.
        _ = &mut connection => answer.await,
    }
}

async fn judge(response: Response<Incoming>, progress: &Progress, expect: Option<&str>) -> Outcome {
    let status = response.status();
    if !status.is_success() {
        return Err(Failure::Status { status: status.as_u16() });
    }
    let Some(expect) = expect else { return Ok(()) };
    let mut search = Search::new(expect);
    let mut body = response.into_body();
    while !search.is_over() {
        match body.frame().await {
            None => break,
            Some(Err(error)) => return Err(of_http(&error, progress.phase())),
            Some(Ok(frame)) => search.take(frame.data_ref().map_or(&[], |data| data)),
        }
    }
    if search.found { Ok(()) } else { Err(Failure::Body { length: search.length }) }
}

/// A search for a text in bytes that come in pieces.
struct Search<'a> {
    wanted: &'a [u8],
    /// The end of what came so far, one byte shorter than the text: a match may begin in it.
    tail: Vec<u8>,
    length: usize,
    found: bool,
}

impl<'a> Search<'a> {
    fn new(wanted: &'a str) -> Self {
        Self { wanted: wanted.as_bytes(), tail: Vec::new(), length: 0, found: wanted.is_empty() }
    }

    fn is_over(&self) -> bool {
        self.found || self.length >= BODY_LIMIT
    }

    fn take(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(BODY_LIMIT - self.length)];
        self.length += bytes.len();
        self.tail.extend_from_slice(bytes);
        self.found |= self.tail.windows(self.wanted.len()).any(|window| window == self.wanted);
        let surplus = self.tail.len().saturating_sub(self.wanted.len().saturating_sub(1));
        self.tail.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(wanted: &str, pieces: &[&[u8]]) -> bool {
        let mut search = Search::new(wanted);
        for piece in pieces {
            if search.is_over() {
                break;
            }
            search.take(piece);
        }
        search.found
    }

    #[test]
    fn a_text_is_found_wherever_the_pieces_are_cut() {
        let body = b"<p>all is WELL here</p>";
        for cut in 0..body.len() {
            let (one, other) = body.split_at(cut);
            assert!(found("WELL", &[one, other]), "cut at {cut}");
            assert!(!found("WELL.", &[one, other]), "cut at {cut}");
        }
        let single: Vec<&[u8]> = body.chunks(1).collect();
        assert!(found("WELL", &single));
    }

    #[test]
    fn an_empty_text_is_in_every_body() {
        assert!(found("", &[]));
        assert!(found("", &[b"x"]));
    }

    #[test]
    fn nothing_behind_the_limit_counts() {
        let filler = vec![b'-'; BODY_LIMIT - 2];
        assert!(found("OK", &[&filler, b"OK"]));
        assert!(!found("OK", &[&filler, b"-OK"]));
        assert!(!found("OK", &[&filler, b"--", b"OK"]));
    }
}
