//! TLS with a certificate below a root of the farm's own, for all of its addresses.

use crate::place::ROOTS;
use e2e::processes::Outcome;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io;
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;

pub(super) struct Secure(Arc<ServerConfig>);

impl Secure {
    pub(super) fn over(
        &self,
        stream: TcpStream,
    ) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
        let connection = ServerConnection::new(Arc::clone(&self.0)).map_err(io::Error::other)?;
        Ok(StreamOwned::new(connection, stream))
    }
}

/// Makes the certificates, and writes the root for those that verify.
pub(super) fn server(addresses: &[IpAddr]) -> Outcome<Arc<Secure>> {
    let (root, config) = made(addresses).map_err(|error| format!("certificates: {error}"))?;
    std::fs::write(ROOTS, root).map_err(|error| format!("{ROOTS}: {error}"))?;
    Ok(Arc::new(Secure(Arc::new(config))))
}

fn made(addresses: &[IpAddr]) -> Result<(String, ServerConfig), Box<dyn std::error::Error>> {
    let dates = |parameters: &mut CertificateParams| {
        parameters.not_before = rcgen::date_time_ymd(2000, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2100, 1, 1);
    };
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "the farm");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    dates(&mut authority);
    let key = KeyPair::generate()?;
    let root = authority.self_signed(&key)?.pem();
    let issuer = Issuer::new(authority, key);
    let mut own = CertificateParams::new(vec!["www.example".to_owned()])?;
    own.subject_alt_names.extend(addresses.iter().map(|it| SanType::IpAddress(*it)));
    dates(&mut own);
    let key = KeyPair::generate()?;
    let certificate = own.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok((root, config))
}
