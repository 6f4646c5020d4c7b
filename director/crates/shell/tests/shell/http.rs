//! What is served over HTTP.

use crate::support::{Cluster, FakeKernel, Running, config};
use director_core::config::Config;
use director_shell::counters::Counters;
use director_shell::history::History;
use director_shell::http::{Site, serve};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_blocking};

/// An answer: status, head, body.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn request(to: SocketAddr, method: &str, target: &str, host: &str) -> Got {
    let mut stream = TcpStream::connect(to).unwrap();
    let text = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Got { status, head: head.to_lowercase(), body: body.to_owned() }
}

pub(crate) fn get(to: SocketAddr, target: &str) -> Got {
    request(to, "GET", target, "127.0.0.1")
}

/// A director that is served, and `asking` on another thread.
pub(crate) async fn beside<T: Send + 'static>(
    asking: impl FnOnce(SocketAddr) -> T + Send + 'static,
) -> T {
    served(config(), asking).await
}

/// What is served of a director.
pub(crate) fn site(director: &Running) -> Site {
    Site {
        orders: director.orders.clone(),
        counters: Counters::new(director.kernel.clone()),
        history: History::default(),
        limit: Arc::default(),
    }
}

/// The same with a configuration.
pub(crate) async fn served<T: Send + 'static>(
    config: Config,
    asking: impl FnOnce(SocketAddr) -> T + Send + 'static,
) -> T {
    let local = LocalSet::new();
    let answered = local.run_until(async move {
        let director = Cluster::default().start_with(config, "d1", 1, &FakeKernel::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let site = site(&director);
        tokio::task::spawn_local(site.history.clone().write(site.orders.clone()));
        tokio::task::spawn_local(serve(listener, site));
        spawn_blocking(move || asking(address)).await.unwrap()
    });
    answered.await
}

#[tokio::test]
async fn the_page_takes_nothing_from_elsewhere() {
    let files = beside(|to| {
        ["/", "/page.css", "/page.js", "/icon.svg"].map(|target| (target, get(to, target)))
    })
    .await;
    for (target, got) in files {
        assert_eq!(got.status, 200, "{target}");
        for header in [
            "content-security-policy: default-src 'none'; script-src 'self'",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
        ] {
            assert!(got.head.contains(header), "{target}: {}", got.head);
        }
        let names = got.body.replace("http://www.w3.org/2000/svg", "");
        assert!(!names.contains("http://") && !names.contains("https://"), "{target}");
        // The policy forbids what stands in the page itself; a browser would leave it out.
        assert!(!names.contains("style=") && !names.contains("onclick="), "{target}");
        assert!(!names.contains("innerHTML"), "{target}: texts must stay texts");
    }
}

#[tokio::test]
async fn what_is_asked_over_http_is_what_the_socket_says() {
    let (status, counters, metrics, explained, nobody) = beside(|to| {
        let of = |target: &str| get(to, target);
        let explained = of("/api/v1/explain?subject=http%2F10.0.0.21");
        let nobody = of("/api/v1/explain?subject=nobody");
        (of("/api/v1/status"), of("/api/v1/counters"), of("/metrics"), explained, nobody)
    })
    .await;
    assert_eq!((status.status, &status.json()["version"]), (200, &1.into()));
    assert_eq!(status.json()["status"]["node"], "d1");
    assert!(counters.json()["counters"]["read_ms"].as_u64().unwrap() > 0);
    assert!(metrics.head.contains("content-type: application/openmetrics-text; version=1.0.0"));
    assert!(metrics.body.ends_with("# EOF\n"));
    let subject = &explained.json()["explanation"][0]["subject"];
    assert_eq!(subject, "server 10.0.0.21:80 of service http");
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn the_history_has_owners_services_and_servers() {
    let (all, of, nobody) = beside(|to| {
        // The states of both servers are known when both were checked.
        let mut of = Value::Null;
        while of["history"]["servers"]["10.0.0.22:80"]["checks"][0].is_null() {
            of = get(to, "/api/v1/history?service=http").json();
        }
        (get(to, "/api/v1/history").json(), of, get(to, "/api/v1/history?service=nobody"))
    })
    .await;
    let history = &all["history"];
    assert!(history["groups"]["web"][0][0].as_u64().unwrap() < 60_000, "{history}");
    assert!(history["services"]["http"][0][2] == 2, "{history}");
    assert!(history["events"].as_array().is_some_and(|events| !events.is_empty()), "{history}");
    let states = &of["history"]["servers"]["10.0.0.22:80"]["states"];
    assert!(states[0][1].is_string(), "{states}");
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn nothing_can_be_changed_and_other_names_are_refused() {
    let (post, renamed, local, head, nowhere) = beside(|to| {
        let post = request(to, "POST", "/api/v1/status", "127.0.0.1");
        let renamed = request(to, "GET", "/api/v1/status", "director.example.com:9470");
        let local = request(to, "GET", "/api/v1/status", "localhost:9470");
        let head = request(to, "HEAD", "/", "[::1]:9470");
        (post, renamed, local, head, get(to, "/etc/passwd"))
    })
    .await;
    assert_eq!((post.status, renamed.status, local.status), (405, 421, 200));
    assert_eq!((head.status, head.body.len(), nowhere.status), (200, 0, 404));
    assert!(head.head.contains("content-length: "), "{}", head.head);
}
