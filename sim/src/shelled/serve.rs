//! Real servers: hyper's server on turmoil's TCP.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use scenario::{Behaviour, Node, NodeKind, Protocol, Serve};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use turmoil::net::{TcpListener, TcpStream, UdpSocket};

/// A page in which no right answer occurs.
const OTHER: &str = "<html>another page</html>";

/// Whether a real server speaks PostgreSQL, which none does here.
pub(super) fn is_database(node: &Node) -> bool {
    let NodeKind::Server { serve, .. } = &node.kind else { return false };
    serve.iter().any(|serve| serve.protocol == Protocol::Postgresql)
}

/// A host that serves.
pub(super) struct Server {
    pub(super) node: String,
    serve: Vec<Serve>,
    /// How it answers now, when that is not as it answered at first.
    behaviour: Mutex<Option<Behaviour>>,
    changed: Notify,
}

impl Server {
    pub(super) fn of(node: &Node) -> Option<Self> {
        let NodeKind::Server { serve, .. } = &node.kind else { return None };
        let (node, serve) = (node.name.clone(), serve.clone());
        Some(Self { node, serve, behaviour: Mutex::new(None), changed: Notify::new() })
    }

    pub(super) fn set(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = Some(behaviour);
        self.changed.notify_waiters();
    }

    fn behaves(&self, serve: &Serve) -> Behaviour {
        let now = self.behaviour.lock().unwrap_or_else(PoisonError::into_inner);
        now.unwrap_or(serve.behaviour)
    }

    pub(super) async fn live(self: Arc<Self>) -> turmoil::Result {
        for serve in self.serve.clone() {
            let own = Arc::clone(&self);
            tokio::task::spawn_local(async move {
                match serve.protocol {
                    Protocol::Udp => own.datagrams(serve).await,
                    Protocol::Http | Protocol::Https | Protocol::Tcp => own.offer(serve).await,
                    // Refused before anything runs.
                    Protocol::Postgresql => {}
                }
            });
        }
        std::future::pending().await
    }

    /// One datagram for every datagram. One that refuses is silent here: turmoil has no ICMP.
    async fn datagrams(self: Arc<Self>, serve: Serve) {
        let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), serve.port);
        let Ok(socket) = UdpSocket::bind(any).await else { return };
        let mut bytes = [0; 2048];
        while let Ok((_, from)) = socket.recv_from(&mut bytes).await {
            let body = match self.behaves(&serve) {
                Behaviour::Ok | Behaviour::Expired => serve.body.as_str(),
                Behaviour::Wrong | Behaviour::Error => OTHER,
                Behaviour::Hang | Behaviour::Refuse => continue,
            };
            drop(socket.send_to(body.as_bytes(), from).await);
        }
    }

    async fn offer(self: Arc<Self>, serve: Serve) {
        loop {
            let changed = self.changed.notified();
            if self.behaves(&serve) == Behaviour::Refuse {
                changed.await;
                continue;
            }
            let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), serve.port);
            let Ok(listener) = TcpListener::bind(any).await else { return };
            tokio::select! {
                biased;
                () = changed => {}
                () = self.accept(&listener, &serve) => {}
            }
        }
    }

    async fn accept(self: &Arc<Self>, listener: &TcpListener, serve: &Serve) {
        while let Ok((stream, _)) = listener.accept().await {
            let serve = serve.clone();
            let own = Arc::clone(self);
            tokio::task::spawn_local(async move {
                match serve.protocol {
                    Protocol::Http | Protocol::Https => own.answer(stream, serve).await,
                    Protocol::Tcp | Protocol::Udp | Protocol::Postgresql => {
                        own.line(stream, &serve).await;
                    }
                }
            });
        }
    }

    async fn answer(self: Arc<Self>, stream: TcpStream, serve: Serve) {
        let page = |_: Request<Incoming>| {
            let (behaviour, body) = (self.behaves(&serve), serve.body.clone());
            async move {
                let (status, body) = match behaviour {
                    Behaviour::Ok | Behaviour::Expired => (200, body),
                    Behaviour::Wrong => (200, OTHER.to_owned()),
                    Behaviour::Error => (503, body),
                    Behaviour::Hang | Behaviour::Refuse => std::future::pending().await,
                };
                let mut response = Response::new(Full::new(Bytes::from(body)));
                if let Ok(status) = hyper::StatusCode::from_u16(status) {
                    *response.status_mut() = status;
                }
                Ok::<_, Infallible>(response)
            }
        };
        // A client that goes away is none of its concerns.
        let served =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(page)).await;
        drop(served);
    }

    async fn line(&self, mut stream: TcpStream, serve: &Serve) {
        let body = match self.behaves(serve) {
            Behaviour::Ok | Behaviour::Expired => serve.body.as_str(),
            Behaviour::Wrong | Behaviour::Error => OTHER,
            Behaviour::Hang | Behaviour::Refuse => std::future::pending().await,
        };
        drop(stream.write_all(format!("{body}\r\n").as_bytes()).await);
    }
}
