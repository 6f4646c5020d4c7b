//! The roots that are trusted, read once and again when their file changes.

use super::aside;
use director_core::config::dialogue::Trust;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};

/// What tells that a file is another one than it was.
type Stamp = (u64, u64, i64, i64, u64);

type Kept = BTreeMap<Trust, (Stamp, Arc<RootCertStore>)>;

/// Roots by where they come from.
#[derive(Clone, Debug, Default)]
pub(super) struct Roots(Arc<Mutex<Kept>>);

impl Roots {
    /// The roots of a kind of trust.
    pub(super) async fn of(&self, trust: &Trust) -> io::Result<Arc<RootCertStore>> {
        let (kept, trust) = (self.clone(), trust.clone());
        aside(move || kept.current(&trust)).await
    }

    fn current(&self, trust: &Trust) -> io::Result<Arc<RootCertStore>> {
        let stamp = stamp(trust)?;
        // Whoever panicked with the lock has left whole entries.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.get(trust) {
            Some((then, roots)) if *then == stamp => Ok(Arc::clone(roots)),
            _ => {
                let roots = Arc::new(read(trust)?);
                kept.insert(trust.clone(), (stamp, Arc::clone(&roots)));
                Ok(roots)
            }
        }
    }
}

/// The system's roots are those of the time when the director started.
fn stamp(trust: &Trust) -> io::Result<Stamp> {
    let Trust::Roots(path) = trust else { return Ok((0, 0, 0, 0, 0)) };
    let it = std::fs::metadata(path).map_err(|error| named(path, &error))?;
    Ok((it.dev(), it.ino(), it.mtime(), it.mtime_nsec(), it.len()))
}

fn read(trust: &Trust) -> io::Result<RootCertStore> {
    let certificates = match trust {
        Trust::Roots(path) => of_file(path)?,
        _ => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        let where_from = match trust {
            Trust::Roots(path) => format!("{path} has no certificate"),
            _ => "this system trusts no roots: install ca-certificates".to_owned(),
        };
        return Err(io::Error::other(where_from));
    }
    Ok(roots)
}

fn of_file(path: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let bytes = std::fs::read(path).map_err(|error| named(path, &error))?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    all.map_err(|error| io::Error::other(format!("{path}: {error}")))
}

fn named(path: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(name: &str) -> String {
        rcgen::generate_simple_self_signed(vec![name.into()]).unwrap().cert.pem()
    }

    #[tokio::test]
    async fn a_changed_file_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let trust = Trust::Roots(path.to_str().unwrap().into());
        let roots = Roots::default();
        assert!(roots.of(&trust).await.is_err());
        std::fs::write(&path, pem("a.example")).unwrap();
        let once = roots.of(&trust).await.unwrap();
        assert_eq!(once.len(), 1);
        assert!(Arc::ptr_eq(&once, &roots.of(&trust).await.unwrap()));
        std::fs::write(&path, pem("a.example") + &pem("b.example")).unwrap();
        assert_eq!(roots.of(&trust).await.unwrap().len(), 2);
        std::fs::write(&path, "no certificate").unwrap();
        assert!(roots.of(&trust).await.unwrap_err().to_string().contains("has no certificate"));
    }
}
