//! From errors of the operating system and of the HTTP library to what they mean for a server.

use director_core::probe::{Failure, Phase};
use rustix::io::Errno;
use std::error::Error;
use std::io;

/// What an error of the operating system in `phase` says about the server.
pub(crate) fn of_io(error: &io::Error, phase: Phase) -> Failure {
    if let Some(cause) = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        return Failure::Tls { what: cause.to_string() };
    }
    match error.kind() {
        io::ErrorKind::InvalidData => Failure::Malformed { what: error.to_string() },
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Failure::Closed { phase },
        io::ErrorKind::TimedOut => Failure::TimedOut { phase },
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Failure::Unreachable,
        _ if is_unreachable(error) => Failure::Unreachable,
        _ => Failure::Local { what: error.to_string() },
    }
}

/// The network's other ways of saying that there is no way: the host or its network is down, and
/// the answers of ICMP that have numbers of their own (`icmp_err_convert`, net/ipv4/icmp.c).
fn is_unreachable(error: &io::Error) -> bool {
    let number = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(
        number,
        Some(
            Errno::HOSTDOWN
                | Errno::NETDOWN
                | Errno::NOPROTOOPT
                | Errno::NONET
                | Errno::PROTO
                | Errno::OPNOTSUPP
        )
    )
}

/// What an error of the HTTP library in `phase` says about the server.
pub(crate) fn of_http(error: &hyper::Error, phase: Phase) -> Failure {
    if let Some(cause) = io_cause(error)
        && cause.kind() != io::ErrorKind::InvalidData
        && cause.kind() != io::ErrorKind::InvalidInput
        && cause.kind() != io::ErrorKind::Other
    {
        return of_io(cause, phase);
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return Failure::Closed { phase };
    }
    if error.is_user() {
        return Failure::Local { what: in_full(error) };
    }
    Failure::Malformed { what: in_full(error) }
}

fn io_cause(error: &hyper::Error) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(present) = cause {
        if let Some(found) = present.downcast_ref() {
            return Some(found);
        }
        cause = present.source();
    }
    None
}

fn in_full(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    if let Some(cause) = error.source() {
        text = format!("{text}: {cause}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(number: Errno) -> Failure {
        of_io(&io::Error::from_raw_os_error(number.raw_os_error()), Phase::Connect)
    }

    #[test]
    fn every_kind_of_silence_is_told_apart() {
        assert_eq!(of(Errno::CONNREFUSED), Failure::Refused);
        assert_eq!(of(Errno::HOSTUNREACH), Failure::Unreachable);
        assert_eq!(of(Errno::NETUNREACH), Failure::Unreachable);
        assert_eq!(of(Errno::HOSTDOWN), Failure::Unreachable);
        assert_eq!(of(Errno::CONNRESET), Failure::Closed { phase: Phase::Connect });
        assert_eq!(of(Errno::TIMEDOUT), Failure::TimedOut { phase: Phase::Connect });
    }

    #[test]
    fn a_problem_of_this_host_is_not_blamed_on_the_server() {
        for number in [Errno::MFILE, Errno::ADDRNOTAVAIL, Errno::PERM, Errno::ACCESS] {
            assert!(matches!(of(number), Failure::Local { .. }), "{number:?}: {}", of(number));
        }
    }
}
