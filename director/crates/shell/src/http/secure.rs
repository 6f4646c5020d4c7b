//! TLS with certificates on both sides (RFC 8446 §4.4.2).

use super::guest::Guest;
use director_core::config::Api;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What this director shows, whom it believes, and who of these may give orders.
#[derive(Clone)]
pub struct Secure {
    acceptor: TlsAcceptor,
    operators: Arc<BTreeSet<String>>,
}

impl Secure {
    /// Reads the files that the configuration names.
    ///
    /// # Errors
    /// The first of them that is not what it should be, and why.
    pub fn read(api: &Api) -> Result<Self, String> {
        let chain = certificates(&api.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&api.key_file);
        let key = key.map_err(|error| wrong(&api.key_file, "private key", &error))?;
        let mut roots = RootCertStore::empty();
        for root in certificates(&api.clients)? {
            let added = roots.add(root);
            added.map_err(|error| wrong(&api.clients, "root", &error))?;
        }
        let provider = Arc::new(ring::default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let clients = clients.build().map_err(|error| wrong(&api.clients, "root", &error))?;
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .map_err(|error| wrong(&api.certificate, "certificate of that key", &error))?;
        let operators = Arc::new(api.operators.clone());
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), operators })
    }

    /// Begins TLS; who is on the other side.
    pub(super) async fn meet(
        &self,
        stream: TcpStream,
    ) -> io::Result<(TlsStream<TcpStream>, Guest)> {
        let stream = self.acceptor.accept(stream).await?;
        let own = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let name = own.and_then(|own| director_probes::common_name(own));
        let guest = Guest::Known {
            may_order: name.as_ref().is_some_and(|name| self.operators.contains(name)),
            name: name.unwrap_or_else(|| "somebody whose certificate has no name".to_owned()),
        };
        Ok((stream, guest))
    }
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = all.map_err(|error| wrong(path, "certificate", &error))?;
    if all.is_empty() {
        return Err(format!("{path} has no certificate: name a PEM file with one"));
    }
    Ok(all)
}

fn wrong(path: &str, what: &str, error: &dyn Display) -> String {
    format!("{path} has no {what} that can be used: {error}")
}
