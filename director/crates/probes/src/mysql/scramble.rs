//! How a password is proved.

use crate::call::malformed;
use director_core::probe::Failure;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// What a server says of a proof by SHA-256: it has seen this password before, or it has not.
pub(super) const KNOWN: u8 = 3;
pub(super) const UNKNOWN: u8 = 4;
/// What asks a server for its public key.
pub(super) const ASK_KEY: u8 = 2;

/// A way to prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plugin {
    Native,
    CachingSha2,
    Clear,
}

impl Plugin {
    const ALL: [Self; 3] = [Self::Native, Self::CachingSha2, Self::Clear];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
            Self::Clear => "mysql_clear_password",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plugin| plugin.name() == name)
    }

    /// The proof; the password itself goes over secret connections only.
    pub(super) fn proof(
        self,
        password: &[u8],
        nonce: &[u8],
        secret: bool,
    ) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Native => Ok(native(password, nonce)),
            Self::CachingSha2 => Ok(caching(password, nonce)),
            Self::Clear if secret => Ok([password, &b"\0"[..]].concat()),
            Self::Clear => Err(malformed("the server wants the password itself: set tls = true")),
        }
    }
}

fn mixed(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}

/// SHA1(password) ^ SHA1(nonce + SHA1(SHA1(password))).
fn native(password: &[u8], nonce: &[u8]) -> Vec<u8> {
    let once = Sha1::digest(password);
    let twice = Sha1::digest(once);
    mixed(&once, &Sha1::new().chain_update(nonce).chain_update(twice).finalize())
}

/// SHA256(password) ^ SHA256(SHA256(SHA256(password)) + nonce).
fn caching(password: &[u8], nonce: &[u8]) -> Vec<u8> {
    let once = Sha256::digest(password);
    let twice = Sha256::digest(once);
    mixed(&once, &Sha256::new().chain_update(twice).chain_update(nonce).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_has_the_hash_of_the_hash_can_check_a_proof() {
        let (password, nonce) = (b"secret", b"12345678abcdefghijkl");
        let stored = Sha1::digest(Sha1::digest(password));
        let mask = Sha1::new().chain_update(nonce).chain_update(stored).finalize();
        assert_eq!(Sha1::digest(mixed(&native(password, nonce), &mask)), stored);
        let stored = Sha256::digest(Sha256::digest(password));
        let mask = Sha256::new().chain_update(stored).chain_update(nonce).finalize();
        assert_eq!(Sha256::digest(mixed(&caching(password, nonce), &mask)), stored);
    }

    #[test]
    fn the_password_itself_is_never_said_where_others_listen() {
        assert!(Plugin::Clear.proof(b"secret", b"", false).is_err());
        assert_eq!(Plugin::Clear.proof(b"secret", b"", true).unwrap(), b"secret\0");
        for plugin in Plugin::ALL {
            assert_eq!(Plugin::named(plugin.name()), Some(plugin));
        }
    }
}
