//! A password for the one who has a private key: RSAES-OAEP with SHA-1 (RFC 8017 §7.1.1), which is
//! what `caching_sha2_password` wants over a connection that others can listen to.

use crate::ber::{INTEGER, SEQUENCE, tagged};
use crate::call::malformed;
use director_core::probe::Failure;
use num_bigint::BigUint;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use sha1::{Digest, Sha1};

/// Bytes of a SHA-1.
pub(super) const HASH: usize = 20;
const BIT_STRING: u8 = 0x03;
/// Bytes of a modulus: 16,384 bits are more than any server has, and cost no time.
const LONGEST: usize = 2048;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicKey {
    modulus: BigUint,
    exponent: BigUint,
    /// Bytes of the modulus.
    length: usize,
}

impl PublicKey {
    /// Reads the PEM of a `SubjectPublicKeyInfo` (RFC 7468 §13).
    ///
    /// Fails when it is none, or not one of RSA.
    pub(super) fn of_pem(pem: &[u8]) -> Result<Self, Failure> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok();
        let key = der.and_then(|der| Self::of_der(&der));
        key.ok_or_else(|| malformed("this is no public key of RSA in PEM"))
    }

    /// RFC 5280 §4.1 and RFC 8017 §A.1.1.
    fn of_der(der: &[u8]) -> Option<Self> {
        let info = tagged(der, SEQUENCE)?.content;
        let algorithm = tagged(info, SEQUENCE)?;
        // 1.2.840.113549.1.1.1
        const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
        if !algorithm.content.starts_with(RSA) {
            return None;
        }
        let bits = tagged(algorithm.rest, BIT_STRING)?.content;
        let numbers = tagged(bits.strip_prefix(&[0])?, SEQUENCE)?.content;
        let modulus = tagged(numbers, INTEGER)?;
        let exponent = tagged(modulus.rest, INTEGER)?.content;
        let number = BigUint::from_bytes_be(modulus.content);
        let length = usize::try_from(number.bits().div_ceil(8)).ok()?;
        let fits = (2 * HASH + 2..=LONGEST).contains(&length);
        let exponent = BigUint::from_bytes_be(exponent);
        (fits && exponent.bits() <= 32).then_some(Self { modulus: number, exponent, length })
    }

    /// What only the owner of the key can read. The seed must be one that nobody can guess.
    pub(super) fn encrypt(&self, message: &[u8], seed: [u8; HASH]) -> Result<Vec<u8>, Failure> {
        let room = self.length - 2 * HASH - 2;
        if message.len() > room {
            return Err(malformed(format_args!("the server's key is too short for the password")));
        }
        let mut block = Sha1::digest(b"").to_vec();
        block.resize(HASH + room - message.len(), 0);
        block.push(1);
        block.extend(message);
        mask(&mut block, &seed);
        let mut hidden = seed;
        mask(&mut hidden, &block);
        let encoded = [&[0][..], &hidden, &block].concat();
        let cipher = BigUint::from_bytes_be(&encoded).modpow(&self.exponent, &self.modulus);
        let bytes = cipher.to_bytes_be();
        let mut padded = vec![0; self.length - bytes.len()];
        padded.extend(bytes);
        Ok(padded)
    }
}

/// Mixes the bytes with a mask that is made of the seed: MGF1 (RFC 8017 §B.2.1).
pub(super) fn mask(bytes: &mut [u8], seed: &[u8]) {
    for (counter, chunk) in (0_u32..).zip(bytes.chunks_mut(HASH)) {
        let hash = Sha1::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize();
        chunk.iter_mut().zip(hash).for_each(|(byte, mask)| *byte ^= mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::{Command, Stdio};

    fn openssl(words: &[&str], input: &[u8]) -> Option<Vec<u8>> {
        use std::io::Write;
        let mut command = Command::new("openssl");
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "openssl {words:?}");
        Some(output.stdout)
    }

    /// The judge is another implementation.
    #[test]
    fn openssl_reads_what_was_encrypted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let path = path.to_str().unwrap();
        let bits = "rsa_keygen_bits:2048";
        let make = ["genpkey", "-algorithm", "RSA", "-pkeyopt", bits, "-out", path];
        if openssl(&make, b"").is_none() {
            println!("skipped: openssl is not installed");
            return;
        }
        let pem = openssl(&["pkey", "-in", path, "-pubout"], b"").unwrap();
        let key = PublicKey::of_pem(&pem).unwrap();
        for message in [&b""[..], b"x", &[7; 214]] {
            let cipher = key.encrypt(message, [9; HASH]).unwrap();
            assert_eq!(cipher.len(), 256);
            let padding = ["-pkeyopt", "rsa_padding_mode:oaep"];
            let words = ["pkeyutl", "-decrypt", "-inkey", path, padding[0], padding[1]];
            assert_eq!(openssl(&words, &cipher).unwrap(), message);
        }
        assert!(matches!(key.encrypt(&[7; 215], [9; HASH]), Err(Failure::Malformed { .. })));
    }

    #[test]
    fn other_keys_are_none_of_ours() {
        let elliptic = rcgen::KeyPair::generate().unwrap().public_key_pem();
        for pem in [elliptic.as_bytes(), b"", b"-----BEGIN PUBLIC KEY-----\n"] {
            assert!(PublicKey::of_pem(pem).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            PublicKey::of_der(&bytes);
            let rsa = [0x30, 11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 3];
            let inner = [&rsa[..], &bytes].concat();
            PublicKey::of_der(&crate::ber::encode(SEQUENCE, &inner));
            let _answered = PublicKey::of_pem(&bytes);
        }
    }
}
