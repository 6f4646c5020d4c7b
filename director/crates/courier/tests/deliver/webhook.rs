use super::served::{certificate, nobody, once};
use super::{deliver, secret};
use director_core::config::dialogue::Secret;
use director_core::config::{Means, Webhook};
use serde_json::{Value, json};
use std::num::NonZeroU16;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

fn hook(port: u16, roots: Option<String>, token: Option<Secret>) -> Means {
    Means::Webhook(Box::new(Webhook {
        tls: roots.is_some(),
        host: "127.0.0.1".into(),
        port: NonZeroU16::new(port).unwrap(),
        path: "/hooks/1?a=b".into(),
        roots,
        token,
    }))
}

/// Reads one request with its body, and answers.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, status: &str) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            });
            if length.is_some_and(|length: usize| body.len() >= length) {
                break;
            }
        }
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            break;
        }
    }
    let said = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok");
    stream.write_all(said.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    String::from_utf8(request).unwrap()
}

#[tokio::test]
async fn a_webhook_gets_the_whole_alert_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let (port, served) = once(|stream| answer(stream, "204 No Content")).await;
    deliver(hook(port, None, Some(secret(folder.path(), "hush\n", 0o600)))).await.unwrap();
    let request = served.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hooks/1?a=b HTTP/1.1\r\n"), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains(&format!("host: 127.0.0.1:{port}")), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(head.contains("authorization: bearer hush"), "{head}");
    let mut told: Value = serde_json::from_str(body).unwrap();
    assert!(told["lasted_s"].take().as_i64().unwrap() > 700_000_000);
    assert_eq!(
        told,
        json!({
            "version": 1,
            "number": 7,
            "node": "d1",
            "kind": "trouble",
            "event": "server",
            "subject": "d1: service web, server 10.0.0.21:80: server 10.0.0.21:80 is down",
            "what": "server 10.0.0.21:80 is down",
            "where": "service web, server 10.0.0.21:80",
            "why": "3 checks in a row failed, the last: connection refused",
            "since": "2001-09-09T01:46:40Z",
            "since_s": 1_000_000_000,
            "lasted_s": null,
            "suppressed": 4,
        })
    );
}

#[tokio::test]
async fn statuses_say_whether_to_try_again() {
    let mut found = Vec::new();
    for status in ["200 OK", "301 Moved", "404 Not Found", "429 Slow down", "503 Busy"] {
        let (port, served) = once(|stream| answer(stream, status)).await;
        let result = deliver(hook(port, None, None)).await;
        found.push(result.map_err(|error| error.again).err());
        served.await.unwrap();
    }
    assert_eq!(found, [None, Some(false), Some(false), Some(true), Some(true)]);
}

#[tokio::test]
async fn nobody_there_and_who_closes_are_tried_again() {
    let refused = deliver(hook(nobody().await, None, None)).await.unwrap_err();
    assert!(refused.again && refused.why.contains("refused"), "{}", refused.why);
    let (port, _served) = once(|stream| async { drop(stream) }).await;
    assert!(deliver(hook(port, None, None)).await.unwrap_err().again);
}

#[tokio::test]
async fn over_tls_the_server_must_be_the_one_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let (acceptor, roots) = certificate(folder.path());
    let tls = acceptor.clone();
    let (port, served) =
        once(|stream| async move { answer(tls.accept(stream).await.unwrap(), "200 OK").await })
            .await;
    deliver(hook(port, Some(roots), None)).await.unwrap();
    assert!(served.await.unwrap().starts_with("POST /hooks/1?a=b"));
    let other = tempfile::tempdir().unwrap();
    let (_, strange) = certificate(other.path());
    let (port, _served) = once(|stream| async move { drop(acceptor.accept(stream).await) }).await;
    let refused = deliver(hook(port, Some(strange), None)).await.unwrap_err();
    assert!(refused.why.contains("no TLS with 127.0.0.1"), "{}", refused.why);
}

#[tokio::test]
async fn a_token_that_others_may_read_is_not_used_and_never_told() {
    let folder = tempfile::tempdir().unwrap();
    let open = secret(folder.path(), "hush", 0o604);
    let refused = deliver(hook(nobody().await, None, Some(open))).await.unwrap_err();
    assert!(refused.why.contains("others may read"), "{}", refused.why);
    assert!(!refused.why.contains("hush"), "{}", refused.why);
}
