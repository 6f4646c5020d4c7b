//! An authority, and what a server shows of itself.

use director_core::config::dialogue::Tls;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData, SanType,
};
use sha2::{Digest, Sha256};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(86_400);
/// Days that a good certificate has left: fewer than those that a check warns of.
pub(crate) const LEFT: u16 = Tls::EXPIRY_DAYS / 2;

/// What a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// A certificate for the loopback below the root that is trusted.
    Good,
    /// One for another name.
    OtherName,
    /// One below a root that nobody trusts.
    UnknownRoot,
    /// One that has ended.
    Expired,
}

/// Who signs certificates.
pub(crate) struct Authority {
    pub(crate) root: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate, its key, and the digest of the key that a check can be told.
pub(crate) struct Shown {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) pin: [u8; 32],
}

impl Authority {
    pub(crate) fn named(name: &str) -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = parameters.self_signed(&key).unwrap().pem();
        Self { root, issuer: Issuer::new(parameters, key) }
    }

    pub(crate) fn sign(&self, shows: Shows) -> Shown {
        let mut parameters = CertificateParams::new(vec!["server.example".into()]).unwrap();
        if shows != Shows::OtherName {
            let own = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            parameters.subject_alt_names.extend(own.map(SanType::IpAddress));
        }
        let now = SystemTime::now();
        parameters.not_before = (now - DAY * 30).into();
        parameters.not_after = match shows {
            Shows::Expired => now - DAY,
            // And half a day, which the check does not take.
            _ => now + DAY * u32::from(LEFT) + DAY / 2,
        }
        .into();
        let key = KeyPair::generate().unwrap();
        let pin = Sha256::digest(key.subject_public_key_info()).into();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap().pem();
        Shown { certificate, key: key.serialize_pem(), pin }
    }
}
