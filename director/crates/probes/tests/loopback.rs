//! Checks over real connections of this host: what only its network stack can say.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use director_core::config::Dialogue;
use director_core::config::dialogue::Http;
use director_core::probe::{Failure, Passed, Phase, Probe};
use director_probes::{LocalHost, probe};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Far more than the loopback needs; no test waits for it.
const PLENTY: Duration = Duration::from_secs(30);

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn check(target: SocketAddr, dialogue: Dialogue) -> Probe {
    Probe { target, way: None, dialogue, timeout: PLENTY }
}

fn page() -> Dialogue {
    Dialogue::Http(Http::get("/").expecting("WELL").into())
}

#[tokio::test]
async fn a_listener_is_up_and_its_absence_is_a_refusal() {
    let (listener, address) = listen().await;
    assert_eq!(
        probe(&LocalHost::default(), &check(address, Dialogue::Tcp)).await,
        Ok(Passed::default())
    );
    drop(listener);
    assert_eq!(
        probe(&LocalHost::default(), &check(address, Dialogue::Tcp)).await,
        Err(Failure::Refused)
    );
    assert_eq!(probe(&LocalHost::default(), &check(address, page())).await, Err(Failure::Refused));
}

#[tokio::test]
async fn a_page_is_read_and_the_connection_closed() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nWELL").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap()
    });
    assert_eq!(probe(&LocalHost::default(), &check(address, page())).await, Ok(Passed::default()));
    assert_eq!(server.await.unwrap(), 0, "the check says no more and closes");
}

#[tokio::test]
async fn a_reset_is_an_end_and_not_a_refusal() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        // Closing with unread bytes makes the kernel send a reset.
    });
    let outcome = probe(&LocalHost::default(), &check(address, page())).await;
    assert_eq!(outcome, Err(Failure::Closed { phase: Phase::Answer }));
    server.await.unwrap();
}

#[tokio::test]
async fn a_dropped_check_leaves_no_connection() {
    let (listener, address) = listen().await;
    let check =
        tokio::spawn(async move { probe(&LocalHost::default(), &check(address, page())).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.read_u8().await.unwrap();
    check.abort();
    assert!(check.await.unwrap_err().is_cancelled());
    let mut rest = Vec::new();
    tokio::time::timeout(PLENTY, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
}
