//! An authority, and certificates below it and beside it.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};
use std::io;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(crate) const NAME: &str = "server.example";

/// What a server shows of itself.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    certificate: CertificateDer<'static>,
    key: Arc<KeyPair>,
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        self.certificate == other.certificate
    }
}

struct Authority {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

fn authority(name: &str) -> Authority {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = parameters.self_signed(&key).unwrap().der().clone();
    Authority { root, issuer: Issuer::new(parameters, key) }
}

static OURS: LazyLock<Authority> = LazyLock::new(|| authority("the root that is trusted"));
static OTHERS: LazyLock<Authority> = LazyLock::new(|| authority("a root that nobody trusts"));

/// The roots that are trusted.
pub(crate) fn roots() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(OURS.root.clone()).unwrap();
    Arc::new(roots)
}

fn shown(authority: &Authority, end: SystemTime) -> Shown {
    let mut parameters = CertificateParams::new(vec![NAME.into()]).unwrap();
    // The address that the played network asks.
    let address = "192.0.2.21".parse().unwrap();
    parameters.subject_alt_names.push(rcgen::SanType::IpAddress(address));
    parameters.not_before = rcgen::date_time_ymd(2000, 1, 1);
    parameters.not_after = end.into();
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&key, &authority.issuer).unwrap().der().clone();
    Shown { certificate, key: Arc::new(key) }
}

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn ending_in(days: u16) -> Shown {
    // And an hour, which the check does not take.
    shown(&OURS, SystemTime::now() + DAY * u32::from(days) + DAY / 24)
}

static GOOD: LazyLock<Shown> = LazyLock::new(|| ending_in(100));
static WRONG: LazyLock<Shown> = LazyLock::new(|| shown(&OTHERS, SystemTime::now() + DAY * 100));
static EXPIRED: LazyLock<Shown> = LazyLock::new(|| shown(&OURS, SystemTime::now() - DAY));

pub(crate) fn good() -> Shown {
    GOOD.clone()
}

pub(crate) fn wrong() -> Shown {
    WRONG.clone()
}

pub(crate) fn expired() -> Shown {
    EXPIRED.clone()
}

/// The pin of its public key.
pub(crate) fn pin(shown: &Shown) -> [u8; 32] {
    Sha256::digest(shown.key.subject_public_key_info()).into()
}

/// The server's side of a handshake.
pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    shown: &Shown,
) -> io::Result<TlsStream<S>> {
    let key = PrivateKeyDer::try_from(shown.key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![shown.certificate.clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config)).accept(stream).await
}
