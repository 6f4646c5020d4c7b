//! What is served over TLS, and to whom.

use crate::http::site;
use crate::support::{Cluster, FakeKernel};
use director_core::config::Api;
use director_shell::http::secure::Secure;
use director_shell::http::serve_secure;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_blocking};

/// Who signs certificates.
struct Authority {
    root: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, both in PEM.
struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = parameters.self_signed(&key).unwrap().pem();
        Self { root, issuer: Issuer::new(parameters, key) }
    }

    fn sign(&self, name: &str) -> Identity {
        let mut parameters = CertificateParams::new(vec!["d1.example".into()]).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

/// The authorities of one test: the director's own, and the clients'.
struct World {
    servers: Authority,
    clients: Authority,
}

/// Somebody who asks, with or without a certificate.
#[derive(Clone)]
struct Client {
    to: SocketAddr,
    config: Arc<ClientConfig>,
}

impl World {
    fn new() -> Self {
        Self { servers: Authority::new("servers"), clients: Authority::new("clients") }
    }

    fn api(&self, folder: &Path) -> Api {
        let own = self.servers.sign("d1");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        Api {
            listen: "127.0.0.1:0".parse().unwrap(),
            certificate: write("api.pem", &own.certificate),
            key_file: write("api.key", &own.key),
            clients: write("clients.pem", &self.clients.root),
            operators: ["alice".to_owned()].into(),
        }
    }

    fn client(&self, to: SocketAddr, identity: Option<Identity>) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.servers.root.as_bytes()).unwrap()).unwrap();
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(ring);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots);
        let config = match identity {
            None => config.with_no_client_auth(),
            Some(Identity { certificate, key }) => {
                let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        Client { to, config: Arc::new(config) }
    }
}

impl Client {
    fn connect(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let name = ServerName::try_from("d1.example").unwrap();
        let connection = ClientConnection::new(Arc::clone(&self.config), name).unwrap();
        StreamOwned::new(connection, TcpStream::connect(self.to).unwrap())
    }

    /// Status and body; `None` when TLS was refused.
    fn say(&self, text: &str) -> Option<(u16, String)> {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).ok()?;
        let mut answer = Vec::new();
        // The end of TLS may be missing behind a whole answer.
        let _end = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    fn get(&self, target: &str) -> Option<(u16, String)> {
        let host = "Host: d1.example:9471\r\nConnection: close";
        self.say(&format!("GET {target} HTTP/1.1\r\n{host}\r\n\r\n"))
    }

    fn order(&self, kind: &str, text: &str) -> Option<(u16, String)> {
        let head = format!("Host: d1.example\r\nContent-Type: {kind}\r\nConnection: close");
        let length = text.len();
        self.say(&format!(
            "POST /api/v1/orders HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{text}"
        ))
    }
}

/// A director that is served, and `asking` on another thread.
async fn beside<T: Send + 'static>(
    asking: impl FnOnce(&World, SocketAddr) -> T + Send + 'static,
) -> T {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let secure = Secure::read(&world.api(folder.path())).unwrap();
    let local = LocalSet::new();
    let answered = local.run_until(async move {
        let director = Cluster::default().start("d1", 1, &FakeKernel::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::task::spawn_local(serve_secure(listener, site(&director), secure));
        spawn_blocking(move || asking(&world, address)).await.unwrap()
    });
    answered.await
}

const JSON: &str = "application/json";
const DRAIN: &str = r#"{"command":"weight","server":"10.0.0.21","weight":3,"reason":"disk"}"#;

#[tokio::test]
async fn those_whose_certificate_counts_are_answered_and_nobody_else() {
    let answers = beside(|world, to| {
        let alice = world.client(to, Some(world.clients.sign("alice")));
        let stranger = world.client(to, Some(Authority::new("others").sign("alice")));
        let nobody = world.client(to, None);
        [alice, stranger, nobody].map(|client| client.get("/api/v1/status"))
    })
    .await;
    let [alice, stranger, nobody] = answers;
    let (status, body) = alice.unwrap();
    assert_eq!(status, 200);
    assert!(body.contains("\"node\":\"d1\""), "{body}");
    assert_eq!((stranger, nobody), (None, None));
}

#[tokio::test]
async fn operators_give_orders_and_all_others_look() {
    let (done, said_who, other, form, wrong, long, question) = beside(|world, to| {
        let alice = world.client(to, Some(world.clients.sign("alice")));
        let bob = world.client(to, Some(world.clients.sign("bob")));
        // An order before the director has listened to its peers is refused.
        let mut done = alice.order(JSON, DRAIN).unwrap();
        while done.0 == 409 {
            done = alice.order(JSON, DRAIN).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(300)); // The limit of orders.
        }
        let said_who = alice.get("/api/v1/status").unwrap().1;
        let other = bob.order(JSON, DRAIN).unwrap();
        let form = alice.order("text/plain", DRAIN).unwrap().0;
        let wrong = alice.order(JSON, r#"{"command":"dance"}"#).unwrap().0;
        let long = alice.order(JSON, &"x".repeat(5000)).unwrap().0;
        (done, said_who, other, form, wrong, long, bob.get("/metrics").unwrap().0)
    })
    .await;
    assert_eq!(done.0, 200, "{}", done.1);
    assert!(done.1.contains("\"done\":true") && done.1.contains("\"node\":\"d1\""), "{}", done.1);
    assert!(said_who.contains("alice, by certificate") && said_who.contains("disk"), "{said_who}");
    assert_eq!(other.0, 403, "{}", other.1);
    assert_eq!((form, wrong, long, question), (415, 400, 400, 200));
}

#[tokio::test]
async fn files_that_are_no_certificates_are_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    for (name, spoilt) in [("api.pem", "certificate"), ("api.key", "private key")] {
        let api = world.api(folder.path());
        std::fs::write(folder.path().join(name), "nothing").unwrap();
        let why = Secure::read(&api).err().unwrap();
        assert!(why.contains(name) && why.contains(spoilt), "{why}");
    }
    let mut api = world.api(folder.path());
    api.key_file = folder.path().join("other.key").to_str().unwrap().to_owned();
    std::fs::write(&api.key_file, world.servers.sign("d2").key).unwrap();
    let why = Secure::read(&api).err().unwrap();
    assert!(why.contains("api.pem has no certificate of that key"), "{why}");
}
