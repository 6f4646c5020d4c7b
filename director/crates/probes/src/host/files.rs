//! Files and secrets.

use super::aside;
use director_core::config::dialogue::Secret;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;

/// Bytes of a secret.
const SECRET_LIMIT: u64 = 64 << 10;

/// The first `limit` bytes of a file.
pub(super) async fn read(path: String, limit: u64) -> io::Result<Vec<u8>> {
    aside(move || {
        let file = File::open(&path).map_err(|error| named(&path, &error))?;
        first(file, limit).map_err(|error| named(&path, &error))
    })
    .await
}

fn first(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn named(path: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

/// A secret, as it is kept now. No error tells anything of it.
pub(super) async fn secret(kept: Secret) -> io::Result<Vec<u8>> {
    aside(move || match &kept {
        Secret::Variable(name) => match std::env::var_os(name) {
            Some(value) if !value.is_empty() => Ok(value.into_encoded_bytes()),
            _ => Err(refusal(format!("the variable {name} of the environment is not set"))),
        },
        Secret::File(path) => of_file(path),
    })
    .await
}

fn of_file(path: &str) -> io::Result<Vec<u8>> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    // Of the open file: between a look at the name and opening it, it could become another one.
    let metadata = file.metadata().map_err(|error| named(path, &error))?;
    if metadata.mode() & 0o007 != 0 {
        return Err(refusal(format!("others may read {path}: chmod o-rwx {path}")));
    }
    if metadata.len() > SECRET_LIMIT {
        return Err(refusal(format!("{path} is longer than a secret can be")));
    }
    let mut secret = first(file, SECRET_LIMIT).map_err(|error| named(path, &error))?;
    while matches!(secret.last(), Some(b'\n' | b'\r')) {
        secret.pop();
    }
    if secret.is_empty() {
        return Err(refusal(format!("{path} is empty")));
    }
    Ok(secret)
}

fn refusal(what: String) -> io::Error {
    io::Error::other(what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fn kept(text: &str, mode: u32) -> (tempfile::TempDir, Secret) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (folder, Secret::File(path.to_str().unwrap().to_owned()))
    }

    #[tokio::test]
    async fn a_line_end_is_not_part_of_a_secret() {
        let (_folder, it) = kept("pass word \r\n", 0o640);
        assert_eq!(secret(it).await.unwrap(), b"pass word ");
    }

    #[tokio::test]
    async fn what_others_may_read_is_no_secret() {
        for mode in [0o604, 0o602, 0o601, 0o644, 0o777] {
            let (_folder, it) = kept("hidden", mode);
            let refused = secret(it).await.unwrap_err().to_string();
            assert!(refused.contains("others may read"), "{mode:o}: {refused}");
            assert!(!refused.contains("hidden"), "{refused}");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_named() {
        let (_folder, empty) = kept("\n", 0o600);
        assert!(secret(empty).await.unwrap_err().to_string().ends_with("is empty"));
        let missing = secret(Secret::File("/no/such".into())).await.unwrap_err().to_string();
        assert!(missing.starts_with("/no/such: "), "{missing}");
        let unset = Secret::Variable("NO_SUCH_VARIABLE".into());
        assert!(secret(unset).await.unwrap_err().to_string().contains("NO_SUCH_VARIABLE"));
        let home = Secret::Variable("PATH".into());
        assert_eq!(secret(home).await.unwrap(), std::env::var("PATH").unwrap().into_bytes());
    }
}
