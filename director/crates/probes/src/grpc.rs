//! The health service of gRPC: `grpc.health.v1.Health/Check` over HTTP/2 (gRPC's
//! `PROTOCOL-HTTP2.md` and `health-checking.md`). Its two messages have one field each.

use crate::call::{Call, local, malformed, rejected};
use crate::http::{converse, failure};
use crate::network::Network;
use crate::stream::Progress;
use director_core::config::dialogue::Grpc;
use director_core::probe::{Failure, Outcome, Passed};
use h2::client::SendRequest;
use http::header::{CONTENT_TYPE, TE};
use http::{HeaderMap, Request, Uri};
use hyper::body::Bytes;

const PATH: &str = "/grpc.health.v1.Health/Check";
/// Bytes of an answer, which has five and a few more.
const LIMIT: usize = 4096;
/// `HealthCheckResponse.ServingStatus`.
const SERVING: u64 = 1;

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, grpc: &Grpc) -> Outcome {
    let host = grpc.host.clone().unwrap_or_else(|| call.target.to_string());
    let scheme = if grpc.tls.is_some() { "https" } else { "http" };
    let uri = Uri::builder().scheme(scheme).authority(&*host).path_and_query(PATH).build();
    let request = Request::post(uri.map_err(local)?)
        .header(CONTENT_TYPE, "application/grpc")
        .header(TE, "trailers")
        .body(())
        .map_err(local)?;
    let name = grpc.host.as_deref().map(|host| host.split(':').next().unwrap_or(host));
    let (stream, days) = call.dial_as(grpc.tls.as_ref(), name, &["h2"]).await?;
    let progress = stream.progress().clone();
    let question = question(&grpc.service);
    converse(stream, async |sender| exchange(sender, request, question, &progress).await).await?;
    Ok(Passed { certificate_days: days, ..Passed::default() })
}

async fn exchange(
    mut sender: SendRequest<Bytes>,
    request: Request<()>,
    question: Vec<u8>,
    progress: &Progress,
) -> Result<(), Failure> {
    let explain = |error: h2::Error| failure(&error, progress);
    let (response, mut body) = sender.send_request(request, false).map_err(explain)?;
    body.send_data(question.into(), true).map_err(explain)?;
    let response = response.await.map_err(explain)?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(Failure::Status { status });
    }
    // An answer without a message has its trailers in the head.
    said(response.headers())?;
    let mut body = response.into_body();
    let mut answer = Vec::new();
    while let Some(data) = body.data().await {
        answer.extend(data.map_err(explain)?);
        if answer.len() > LIMIT {
            return Err(malformed("the answer is longer than one of this service can be"));
        }
    }
    if let Some(trailers) = body.trailers().await.map_err(explain)? {
        said(&trailers)?;
    }
    match serving(&answer) {
        Some(SERVING) => Ok(()),
        Some(other) => Err(rejected(match other {
            2 => "NOT_SERVING",
            3 => "SERVICE_UNKNOWN",
            _ => "UNKNOWN",
        })),
        None => Err(malformed("this is no HealthCheckResponse")),
    }
}

/// What `grpc-status` says, where it stands: 0 is no error.
fn said(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("grpc-status") {
        None | Some("0") => Ok(()),
        Some(code) => {
            Err(rejected(&format!("status {code} {}", text("grpc-message").unwrap_or_default())))
        }
    }
}

/// `HealthCheckRequest { service = 1 }` with its prefix.
fn question(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0a);
        push_varint(&mut message, service.len());
        message.extend(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0][..], &length, &message].concat()
}

fn push_varint(bytes: &mut Vec<u8>, number: usize) {
    let mut left = number;
    while left >= 0x80 {
        bytes.push(u8::try_from(left & 0x7f).unwrap_or(0) | 0x80);
        left >>= 7;
    }
    bytes.push(u8::try_from(left).unwrap_or(0));
}

/// The status in `HealthCheckResponse { status = 1 }` behind its prefix; 0 where it is left out.
fn serving(answer: &[u8]) -> Option<u64> {
    let (prefix, mut message) = answer.split_at_checked(5)?;
    let length = u32::from_be_bytes(prefix[1..].try_into().ok()?);
    if prefix[0] != 0 || usize::try_from(length).ok()? != message.len() {
        return None;
    }
    let mut status = 0;
    while !message.is_empty() {
        let (key, rest) = varint(message)?;
        let (field, kind) = (key >> 3, key & 7);
        message = match kind {
            0 => {
                let (value, rest) = varint(rest)?;
                status = if field == 1 { value } else { status };
                rest
            }
            1 => rest.get(8..)?,
            2 => {
                let (length, rest) = varint(rest)?;
                rest.get(usize::try_from(length).ok()?..)?
            }
            5 => rest.get(4..)?,
            _ => return None,
        };
    }
    Some(status)
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at(end + 1);
    let number = number.iter().rev().fold(0, |sum: u64, byte| sum << 7 | u64::from(byte & 0x7f));
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_question_has_a_prefix_and_one_field() {
        assert_eq!(question(""), [0; 5]);
        assert_eq!(question("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        let long = question(&"x".repeat(200));
        assert_eq!(long[..8], [0, 0, 0, 0, 203, 0x0a, 0xc8, 1]);
    }

    #[test]
    fn the_status_is_found_among_other_fields() {
        assert_eq!(serving(&[0, 0, 0, 0, 2, 8, 1]), Some(1));
        assert_eq!(serving(&[0, 0, 0, 0, 0]), Some(0));
        assert_eq!(serving(&[0, 0, 0, 0, 5, 0x12, 1, 9, 8, 2]), Some(2));
        for wrong in [&[][..], &[0; 4], &[1, 0, 0, 0, 0], &[0, 0, 0, 0, 1, 8], &[0, 0, 0, 0, 9]] {
            assert_eq!(serving(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            serving(&bytes);
            let length = u8::try_from(bytes.len()).unwrap();
            serving(&[&[0, 0, 0, 0, length][..], &bytes].concat());
        }
    }
}
