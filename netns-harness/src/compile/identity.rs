//! Certificates of real servers that speak TLS, below one root that the directors have.

use std::net::IpAddr;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use scenario::{NodeKind, Protocol, Scenario};

use crate::failure::Failure;
use crate::plan::Identity;
use crate::translate::ConfigText;

/// Where a director finds the root, for `roots` of a check.
pub(super) const ROOTS: &str = "/etc/director/roots.pem";

/// Whoever vouches for the servers of one run. Its key never leaves this process.
pub(super) struct Authority {
    root: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// One that was made for this run, when a server speaks TLS.
    pub(super) fn of(scenario: &Scenario) -> Result<Option<Self>, Failure> {
        let speaks = scenario.nodes.iter().any(|node| match &node.kind {
            NodeKind::Server { serve, .. } => {
                serve.iter().any(|serve| serve.protocol == Protocol::Https)
            }
            _ => false,
        });
        if speaks { Self::new().map(Some).map_err(broken) } else { Ok(None) }
    }

    fn new() -> Result<Self, rcgen::Error> {
        let mut parameters = CertificateParams::new(Vec::new())?;
        parameters.distinguished_name.push(DnType::CommonName, "root of the lab");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // The clocks of the guests say what they like: a century is always now.
        parameters.not_before = rcgen::date_time_ymd(2000, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2100, 1, 1);
        let key = KeyPair::generate()?;
        let root = parameters.self_signed(&key)?.pem();
        Ok(Self { root, issuer: Issuer::new(parameters, key) })
    }

    /// The root as a file of a director's.
    pub(super) fn file(&self) -> ConfigText {
        ConfigText { path: ROOTS.to_owned(), text: self.root.clone(), secret: false }
    }

    /// What a server with these addresses shows: one that holds, and one that has expired.
    pub(super) fn identity(&self, addresses: &[IpAddr]) -> Result<Identity, Failure> {
        let key = KeyPair::generate().map_err(broken)?;
        let until = |year| {
            let mut parameters = CertificateParams::new(Vec::new())?;
            parameters.subject_alt_names =
                addresses.iter().map(|address| SanType::IpAddress(*address)).collect();
            parameters.not_before = rcgen::date_time_ymd(2000, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
            parameters.signed_by(&key, &self.issuer).map(|certificate| certificate.pem())
        };
        Ok(Identity {
            right: until(2100).map_err(broken)?,
            expired: until(2001).map_err(broken)?,
            key: key.serialize_pem(),
        })
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn broken(error: rcgen::Error) -> Failure {
    Failure::Broken(anyhow::anyhow!("a certificate for the lab: {error}"))
}
