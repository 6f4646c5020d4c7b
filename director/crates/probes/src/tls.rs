//! Connections that are made secret, with rustls and ring.

use crate::call::local;
use crate::certificate::not_after;
use crate::failure::of_io;
use crate::network::Host;
use director_core::config::dialogue::{Tls, Trust};
use director_core::probe::{Failure, Phase};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use sha2::{Digest, Sha256};
use std::sync::{Arc, LazyLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(ring::default_provider()));

const SECONDS_OF_A_DAY: u64 = 86_400;

/// Makes a connection secret. Also says how many days the server's certificate is still valid, when
/// they are as few as `tls` says.
pub(crate) async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    tls: &Tls,
    name: &str,
    protocols: &[&str],
    host: &dyn Host,
) -> Result<(TlsStream<S>, Option<u16>), Failure> {
    let mut config = configure(tls, host).await?;
    // Every check asks for everything: a resumed session would show no certificate.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    connect(stream, Arc::new(config), tls, name).await
}

/// What is demanded of the server. With it as it is, a second connection resumes the session of the
/// first.
pub(crate) async fn configure(tls: &Tls, host: &dyn Host) -> Result<ClientConfig, Failure> {
    let verifier = verifier(&tls.trust, host).await?;
    let config = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_safe_default_protocol_versions()
        .map_err(local)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

/// Makes a connection secret as the configuration says.
pub(crate) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    config: Arc<ClientConfig>,
    tls: &Tls,
    name: &str,
) -> Result<(TlsStream<S>, Option<u16>), Failure> {
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| local(format_args!("\"{name}\" is not a name that a server can prove")))?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    let stream = connected.map_err(|error| explain(&error))?;
    let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let days = leaf.and_then(|leaf| days_left(leaf, UnixTime::now().as_secs()));
    Ok((stream, days.filter(|days| *days <= tls.expiry_days)))
}

/// Whole days that are left of a certificate; 0 when it has ended.
fn days_left(certificate: &CertificateDer<'_>, now: u64) -> Option<u16> {
    let end = not_after(certificate)?;
    let left = u64::try_from(end).unwrap_or(0).saturating_sub(now) / SECONDS_OF_A_DAY;
    Some(u16::try_from(left).unwrap_or(u16::MAX))
}

fn explain(error: &std::io::Error) -> Failure {
    match error.get_ref().and_then(|cause| cause.downcast_ref::<Error>()) {
        Some(cause) => Failure::Tls { what: cause.to_string() },
        None => of_io(error, Phase::Tls),
    }
}

async fn verifier(trust: &Trust, host: &dyn Host) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    match trust {
        Trust::Pin(pin) => Ok(Arc::new(Proof { pin: Some(*pin) })),
        Trust::Anybody => Ok(Arc::new(Proof { pin: None })),
        Trust::System | Trust::Roots(_) => {
            let roots = host.roots(trust).await.map_err(local)?;
            let built = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&PROVIDER));
            Ok(built.build().map_err(local)?)
        }
    }
}

/// Whoever has the private key of the certificate, which may have to be a certain one.
#[derive(Debug)]
struct Proof {
    pin: Option<[u8; 32]>,
}

impl ServerCertVerifier for Proof {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(pin) = self.pin else { return Ok(ServerCertVerified::assertion()) };
        let key = ParsedCertificate::try_from(leaf)?.subject_public_key_info();
        if Sha256::digest(&key)[..] == pin {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::General("the server has another public key than the pinned one".into()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &PROVIDER.signature_verification_algorithms;
        verify_tls12_signature(message, leaf, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &PROVIDER.signature_verification_algorithms;
        verify_tls13_signature(message, leaf, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        PROVIDER.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_never_negative() {
        let mut parameters = rcgen::CertificateParams::new(vec!["a.example".into()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(1970, 1, 11);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let left = |now| days_left(certificate.der(), now);
        assert_eq!(left(0), Some(10));
        assert_eq!(left(1), Some(9));
        assert_eq!(left(11 * SECONDS_OF_A_DAY), Some(0));
    }
}
