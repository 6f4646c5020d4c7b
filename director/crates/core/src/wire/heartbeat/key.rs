//! The secrets of a cluster.

use alloc::vec::Vec;
use core::fmt;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Secrets that are believed at once; each may have to be tried for a packet.
pub const MOST_KEYS: usize = 8;

/// What all directors of a cluster share: a secret that signs, and others that are believed too
/// while one takes the place of another. They are never shown.
#[derive(Clone)]
pub struct Key {
    signs: Secret,
    believed: Vec<Secret>,
}

#[derive(Clone)]
struct Secret {
    /// Says which secret a packet was signed with; nothing depends on its being the only one.
    identifier: u16,
    mac: Hmac<Sha256>,
}

impl Secret {
    fn new(secret: &[u8]) -> Self {
        // HMAC hashes a key that is longer than a block first (RFC 2104 §2).
        let mut block = [0_u8; 64];
        if secret.len() > block.len() {
            let hash = Sha256::digest(secret);
            block[..hash.len()].copy_from_slice(&hash);
        } else {
            block[..secret.len()].copy_from_slice(secret);
        }
        let mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        let name = mac.clone().chain_update(b"identifier of a heartbeat key").finalize();
        let name = name.into_bytes();
        Self { identifier: u16::from_be_bytes([name[0], name[1]]).max(1), mac }
    }
}

impl Key {
    /// The key with this secret; HMAC takes any length.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self { signs: Secret::new(secret), believed: Vec::new() }
    }

    /// The same, but packets under this secret are believed too. No more than [`MOST_KEYS`] are.
    #[must_use]
    pub fn believing(mut self, secret: &[u8]) -> Self {
        if self.believed.len() + 1 < MOST_KEYS {
            self.believed.push(Secret::new(secret));
        }
        self
    }

    pub(in crate::wire) fn identifier(&self) -> u16 {
        self.signs.identifier
    }

    pub(in crate::wire) fn sign(&self, content: &[u8]) -> [u8; super::MAC_LENGTH] {
        self.signs.mac.clone().chain_update(content).finalize().into_bytes().into()
    }

    /// Whether one of the secrets with this identifier, or any if it is 0, signed the content.
    pub(in crate::wire) fn verifies(&self, identifier: u16, content: &[u8], mac: &[u8]) -> bool {
        let fits = |secret: &&Secret| identifier == 0 || secret.identifier == identifier;
        let signed =
            |secret: &Secret| secret.mac.clone().chain_update(content).verify_slice(mac).is_ok();
        core::iter::once(&self.signs).chain(&self.believed).filter(fits).any(signed)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(secret)")
    }
}
