//! Dialogues with servers that this file plays, over connections in memory, on a clock that stands
//! still unless everybody waits.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use director_core::config::Dialogue;
use director_core::config::dialogue::{Http, Pattern};
use director_core::probe::{Failure, Outcome, Passed, Phase, Probe};
use director_probes::{Network, probe};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep};

/// A network with one server, which answers one connection.
struct One(Mutex<Option<DuplexStream>>);

impl Network for One {
    type Stream = DuplexStream;

    async fn connect(&self, _: SocketAddr) -> io::Result<DuplexStream> {
        let stream = self.0.lock().unwrap().take();
        stream.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused))
    }
}

/// A network on which nobody answers.
struct Nobody;

impl Network for Nobody {
    type Stream = DuplexStream;

    async fn connect(&self, _: SocketAddr) -> io::Result<DuplexStream> {
        std::future::pending().await
    }
}

fn http(expect: Option<&str>) -> Dialogue {
    let expect = expect.map(|text| Pattern::Text(text.into()));
    Dialogue::Http(Http { expect, ..Http::get("/health") }.into())
}

fn check(dialogue: Dialogue) -> Probe {
    let target = "10.0.0.21:8080".parse().unwrap();
    Probe { target, way: None, dialogue, timeout: Duration::from_secs(3) }
}

/// Checks against `server`, and says how long it took.
async fn against<F>(
    dialogue: Dialogue,
    server: impl FnOnce(DuplexStream) -> F,
) -> (Outcome, Duration)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let playing = tokio::spawn(server(theirs));
    let start = Instant::now();
    let outcome = probe(&One(Mutex::new(Some(ours))), &check(dialogue)).await;
    playing.abort();
    (outcome, start.elapsed())
}

/// The request's head, to its empty line.
async fn request(stream: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A server that sends these bytes and then keeps the connection open.
async fn answer(mut stream: DuplexStream, bytes: impl AsRef<[u8]>) {
    request(&mut stream).await;
    stream.write_all(bytes.as_ref()).await.ok();
    std::future::pending().await
}

/// A server that sends these bytes and ends the connection.
async fn answer_and_close(mut stream: DuplexStream, bytes: &'static str) {
    request(&mut stream).await;
    stream.write_all(bytes.as_bytes()).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_page_with_the_expected_text_is_good() {
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nall is WELL";
    let (outcome, took) = against(http(Some("WELL")), |stream| answer(stream, page)).await;
    assert_eq!(outcome, Ok(Passed::default()));
    assert_eq!(took, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_request_is_what_servers_expect() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let (outcome, _) = against(http(None), |mut stream| async move {
        sender.send(request(&mut stream).await).unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    })
    .await;
    assert_eq!(outcome, Ok(Passed::default()));
    let head = receiver.await.unwrap();
    let lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines[0], "GET /health HTTP/1.1");
    assert!(lines.contains(&"host: 10.0.0.21:8080"), "{head}");
    assert!(lines.contains(&"connection: close"), "{head}");
}

#[tokio::test(start_paused = true)]
async fn the_host_header_can_be_chosen() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let host = Some("www.example.org".into());
    let dialogue = Dialogue::Http(Http { host, ..Http::get("/") }.into());
    against(dialogue, |mut stream| async move {
        sender.send(request(&mut stream).await).unwrap();
    })
    .await
    .0
    .unwrap_err();
    let head = receiver.await.unwrap();
    assert!(head.contains("host: www.example.org\r\n"), "{head}");
}

#[tokio::test(start_paused = true)]
async fn a_page_without_the_expected_text_is_bad() {
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsorry";
    let (outcome, _) = against(http(Some("WELL")), |stream| answer(stream, page)).await;
    assert_eq!(outcome, Err(Failure::Body { length: 5 }));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_length_ends_with_the_connection() {
    let page = "HTTP/1.0 200 OK\r\n\r\nall is WELL";
    let (outcome, _) = against(http(Some("WELL")), |s| answer_and_close(s, page)).await;
    assert_eq!(outcome, Ok(Passed::default()));
    let (outcome, _) = against(http(Some("ILL")), |s| answer_and_close(s, page)).await;
    assert_eq!(outcome, Err(Failure::Body { length: 11 }));
}

#[tokio::test(start_paused = true)]
async fn a_chunked_answer_is_put_together() {
    let page = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                2\r\nWE\r\n2\r\nLL\r\n0\r\n\r\n";
    let (outcome, _) = against(http(Some("WELL")), |stream| answer(stream, page)).await;
    assert_eq!(outcome, Ok(Passed::default()));
}

#[tokio::test(start_paused = true)]
async fn only_a_2xx_is_good_and_redirects_are_not_followed() {
    for status in [301, 404, 500, 503] {
        let page = format!(
            "HTTP/1.1 {status} Told\r\nLocation: http://10.0.0.22/\r\nContent-Length: 4\r\n\r\nWELL"
        );
        let (outcome, _) = against(http(Some("WELL")), |stream| answer(stream, page)).await;
        assert_eq!(outcome, Err(Failure::Status { status }));
    }
}

#[tokio::test(start_paused = true)]
async fn an_endless_body_is_read_to_the_limit_and_no_further() {
    let (outcome, took) = against(http(Some("WELL")), |mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'-'; 4096]).await.is_ok() {}
    })
    .await;
    let length = usize::try_from(Http::LIMIT).unwrap();
    assert_eq!(outcome, Err(Failure::Body { length }));
    assert_eq!(took, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_nobody_reaches_times_out_connecting() {
    let start = Instant::now();
    let outcome = probe(&Nobody, &check(Dialogue::Tcp)).await;
    assert_eq!(outcome, Err(Failure::TimedOut { phase: Phase::Connect }));
    assert_eq!(start.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_times_out_waiting() {
    let (outcome, took) = against(http(None), |mut stream| async move {
        request(&mut stream).await;
        std::future::pending().await
    })
    .await;
    assert_eq!(outcome, Err(Failure::TimedOut { phase: Phase::Answer }));
    assert_eq!(took, Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drips_does_not_stretch_the_check() {
    let (outcome, took) = against(http(Some("WELL")), |mut stream| async move {
        request(&mut stream).await;
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nWELL" {
            sleep(Duration::from_secs(1)).await;
            stream.write_u8(*byte).await.ok();
        }
    })
    .await;
    assert_eq!(outcome, Err(Failure::TimedOut { phase: Phase::Body }));
    assert_eq!(took, Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn an_end_before_the_answer_and_one_within_it_are_told_apart() {
    let (outcome, _) = against(http(None), |s| answer_and_close(s, "")).await;
    assert_eq!(outcome, Err(Failure::Closed { phase: Phase::Answer }));
    let (outcome, _) = against(http(None), |s| answer_and_close(s, "HTTP/1.1 20")).await;
    assert_eq!(outcome, Err(Failure::Closed { phase: Phase::Body }));
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all of it";
    let (outcome, _) = against(http(Some("WELL")), |s| answer_and_close(s, page)).await;
    assert_eq!(outcome, Err(Failure::Closed { phase: Phase::Body }));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_http_is_malformed() {
    for garbage in ["SSH-2.0-OpenSSH_9.9\r\n", "\0\0\0\0", "HTTP/1.1 WELL\r\n\r\n"] {
        let (outcome, _) = against(http(None), |stream| answer(stream, garbage)).await;
        assert!(matches!(outcome, Err(Failure::Malformed { .. })), "{garbage:?}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_that_is_none_is_not_blamed_on_the_server() {
    let dialogue = Dialogue::Http(Http::get("/a b").into());
    let (outcome, _) = against(dialogue, |stream| answer(stream, "")).await;
    assert!(matches!(outcome, Err(Failure::Local { .. })), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn connecting_is_all_that_a_tcp_check_asks() {
    let (outcome, took) = against(Dialogue::Tcp, |_| std::future::pending()).await;
    assert_eq!((outcome, took), (Ok(Passed::default()), Duration::ZERO));
}

/// A network whose connections take a while.
struct Slow(One);

impl Network for Slow {
    type Stream = DuplexStream;

    async fn connect(&self, target: SocketAddr) -> io::Result<DuplexStream> {
        sleep(Duration::from_millis(20)).await;
        self.0.connect(target).await
    }
}

/// The parts of a check against a server that waits so long before each of two halves.
async fn parts(first: u64, second: u64) -> Vec<(Phase, u128)> {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let playing = tokio::spawn(async move {
        request(&mut theirs).await;
        sleep(Duration::from_millis(first)).await;
        theirs.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nWE").await.ok();
        sleep(Duration::from_millis(second)).await;
        theirs.write_all(b"LL").await.ok();
        std::future::pending::<()>().await;
    });
    let network = Slow(One(Mutex::new(Some(ours))));
    let (_, phases) = director_probes::timed(&network, &check(http(Some("WELL")))).await;
    playing.abort();
    phases.iter().map(|(phase, took)| (phase, took.as_millis())).collect()
}

#[tokio::test(start_paused = true)]
async fn parts_of_a_check_have_durations_that_add_up() {
    let whole = [(Phase::Connect, 20), (Phase::Answer, 30), (Phase::Body, 50)];
    assert_eq!(parts(30, 50).await, whole);
    // To the end of its time, where that comes first.
    assert_eq!(parts(30, 9000).await, [whole[0], whole[1], (Phase::Body, 2950)]);
    assert_eq!(parts(9000, 0).await, [whole[0], (Phase::Answer, 2980)]);
    let (_, phases) = director_probes::timed(&Nobody, &check(http(None))).await;
    let connecting: Vec<_> = phases.iter().collect();
    assert_eq!(connecting, [(Phase::Connect, Duration::from_secs(3))]);
}
