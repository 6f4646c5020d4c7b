//! What the kernel's error numbers mean to a director.

use director_engine::ports::KernelError;
use nix::errno::Errno;
use std::io;

/// The capability behind everything that changes the network.
pub(crate) const NET_ADMIN: &str = "CAP_NET_ADMIN";
/// The capability behind sockets that see and make whole frames.
pub(crate) const NET_RAW: &str = "CAP_NET_RAW";

/// Says what the kernel refused, in the terms of the port.
///
/// `what` was tried, as in "add address 10.0.0.1/24 on eth0"; `capability` is what it needs.
pub(crate) fn refused(error: &io::Error, what: &str, capability: &'static str) -> KernelError {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EPERM | Errno::EACCES) => KernelError::Denied { capability },
        Some(Errno::EEXIST) => KernelError::Exists,
        Some(Errno::ENODEV | Errno::ENXIO | Errno::ENOENT | Errno::EADDRNOTAVAIL) => {
            KernelError::Missing
        }
        Some(Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT | Errno::EOPNOTSUPP) => {
            KernelError::Unsupported {
                cure: format!("{what} needs a protocol that is not there; load its module"),
            }
        }
        Some(Errno::EROFS) => KernelError::Unsupported {
            cure: format!("{what} needs /proc/sys writable; in a container, mount it so"),
        },
        Some(errno) => KernelError::Other(format!("cannot {what}: {}", errno.desc())),
        None => KernelError::Other(format!("cannot {what}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(errno: Errno) -> KernelError {
        refused(&errno.into(), "add address 10.0.0.1/24 on eth0", NET_ADMIN)
    }

    #[test]
    fn error_numbers_become_the_terms_of_the_ports() {
        assert_eq!(of(Errno::EPERM), KernelError::Denied { capability: NET_ADMIN });
        assert_eq!(of(Errno::EEXIST), KernelError::Exists);
        for errno in [Errno::ENODEV, Errno::ENOENT, Errno::EADDRNOTAVAIL] {
            assert_eq!(of(errno), KernelError::Missing);
        }
        assert!(matches!(of(Errno::EAFNOSUPPORT), KernelError::Unsupported { .. }));
    }

    #[test]
    fn other_errors_keep_the_words_of_the_kernel() {
        assert_eq!(
            of(Errno::EINVAL).to_string(),
            "cannot add address 10.0.0.1/24 on eth0: Invalid argument"
        );
        let slow = io::Error::other("no answer within 5 s");
        assert_eq!(
            refused(&slow, "list addresses", NET_ADMIN).to_string(),
            "cannot list addresses: no answer within 5 s"
        );
    }
}
