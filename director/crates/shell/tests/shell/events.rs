//! Events over HTTP.

use crate::http::beside;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

#[tokio::test]
async fn events_come_over_http_with_their_number() {
    let (head, id, data) = beside(|to| {
        let mut stream = TcpStream::connect(to).unwrap();
        stream.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        // It takes the group when it has listened long enough: that is an event.
        let mut wanted = lines.skip_while(|line| !line.starts_with("id: "));
        let id = wanted.next().unwrap();
        (head.join("\n").to_lowercase(), id, wanted.next().unwrap())
    })
    .await;
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    assert!(!head.contains("content-length"), "{head}");
    let event: serde_json::Value =
        serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(id, format!("id: {}", event["event"]));
    assert!(event["report"]["event"].is_string(), "{event}");
}
