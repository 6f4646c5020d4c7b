//! What can go wrong, each error saying which operation on what.

use std::time::Duration;

use rustix::io::Errno;

use crate::address::Family;
use crate::request::Operation;

/// A failed operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {operation}{}{subject}: {kind}{}", space(subject), detail_text(detail))]
pub struct Error {
    kind: ErrorKind,
    operation: Operation,
    subject: String,
    detail: Option<String>,
}

fn space(subject: &str) -> &'static str {
    if subject.is_empty() { "" } else { " " }
}

fn detail_text(detail: &Option<String>) -> String {
    detail.as_ref().map(|text| format!(" (the kernel says: {text})")).unwrap_or_default()
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, operation: Operation, subject: String) -> Self {
        Self { kind, operation, subject, detail: None }
    }

    pub(crate) fn with_detail(mut self, detail: Option<String>) -> Self {
        self.detail = detail;
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// What was tried.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// On what it was tried, as text; empty for operations on the whole table.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The kernel's own words, if it sent any.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Whether the object was there already.
    #[must_use]
    pub fn is_exists(&self) -> bool {
        self.kind == ErrorKind::Exists
    }

    /// Whether something named by the operation was not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.kind, ErrorKind::Missing(_))
    }
}

/// What the kernel did not find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Missing {
    /// The service (`ESRCH`).
    Service,
    /// The destination of an existing service (`ENOENT`).
    Destination,
    /// The scheduler or persistence engine that a service names, also after the kernel tried to
    /// load `ip_vs_NAME` or `ip_vs_pe_NAME` (`ENOENT`).
    Scheduler,
    /// The sync daemon: it does not run (`ESRCH`).
    Daemon,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `EEXIST`: adding a service or destination that is in the table, or starting a sync daemon
    /// that runs.
    #[error("it exists already")]
    Exists,
    /// `ESRCH` or `ENOENT`: something that the operation names is not there.
    #[error("{}", missing_text(*.0))]
    Missing(Missing),
    /// `EPERM` or `EACCES`: every command, reading too, needs `CAP_NET_ADMIN` in the user
    /// namespace that owns the network namespace.
    #[error("permission denied: CAP_NET_ADMIN is needed")]
    Denied,
    /// `ENOENT` from the generic netlink controller, which first tries to load the module.
    #[error("the kernel has no ip_vs: modprobe ip_vs")]
    NotAvailable,
    /// `EINVAL`: a destination whose address is neither unicast nor local, or IPv6 link-local;
    /// GUE to port 0; a destination of another family than its service's without a tunnel or
    /// beside a sync daemon, and such a daemon beside such a destination; an IPv6 prefix outside
    /// 1 to 128; a timeout or upper threshold too large; a sync group that is no multicast
    /// address.
    #[error("the kernel refuses a value (EINVAL)")]
    InvalidValue,
    /// `ERANGE`: a weight above 2³¹ − 1, or a lower threshold above the upper.
    #[error("weight or threshold out of range (ERANGE)")]
    OutOfRange,
    /// `EAFNOSUPPORT`: IPv6 without `CONFIG_IP_VS_IPV6` or with the IPv6 stack switched off.
    #[error("the kernel's ip_vs does not do this address family (EAFNOSUPPORT)")]
    FamilyUnsupported,
    /// `ENOPROTOOPT`: the module is being unloaded.
    #[error("the ip_vs module is being unloaded (ENOPROTOOPT)")]
    Unloading,
    /// `EOPNOTSUPP`: the kernel's family has no such command, or not in this form.
    #[error("the kernel's ip_vs has no such command (EOPNOTSUPP)")]
    Unsupported,
    /// `ENODEV`: the sync daemon's interface does not exist.
    #[error("no such interface (ENODEV)")]
    NoDevice,
    /// `EADDRNOTAVAIL`: the sync daemon's socket could not be bound to its interface's address.
    #[error("the interface's address cannot be used (EADDRNOTAVAIL)")]
    NoAddress,
    /// `EADDRINUSE`: another socket holds the sync daemon's port.
    #[error("the port is in use (EADDRINUSE)")]
    AddressInUse,
    /// `EBUSY`: the kernel is at work on the same thing; try again.
    #[error("busy (EBUSY)")]
    Busy,
    /// `ENOMEM` or `ENOBUFS` as the kernel's answer.
    #[error("the kernel is out of memory")]
    OutOfMemory,
    /// `EMSGSIZE`: the answer did not fit the kernel's message.
    #[error("the message is too long for the kernel (EMSGSIZE)")]
    MessageSize,
    /// Any other error number of the kernel's answer.
    #[error("{}", errno_text(*errno))]
    Kernel {
        /// The positive number.
        errno: i32,
    },
    /// Found before anything was sent.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The kernel's answer does not have the family's form.
    #[error("the answer cannot be read: {0}")]
    Decode(#[from] DecodeError),
    /// No complete answer in time. A change may have been made all the same.
    #[error("no answer within {after:?}; the change may have been made all the same")]
    TimedOut {
        /// The client's timeout.
        after: Duration,
    },
    /// The table changed during every attempt to list it (`NLM_F_DUMP_INTR`).
    #[error("the table changed during each of {attempts} attempts to list it")]
    DumpInterrupted {
        /// How often the list was tried.
        attempts: u32,
    },
    /// `ENOBUFS` when receiving: answers were lost because the socket's buffer was full.
    #[error("the socket's receive buffer overflowed and answers were lost")]
    Overrun,
    /// Not sent, as the connection failed in an earlier part of the batch.
    #[error("not sent: the connection failed earlier in the batch")]
    NotSent,
    /// The kernel passed the request over, or confirmed a question without answering it.
    #[error("the kernel did not answer")]
    NoAnswer,
    /// A system call on the socket failed.
    #[error("netlink socket: {}", errno_text(*errno))]
    Socket {
        /// The positive error number, or 0 when the system named none.
        errno: i32,
    },
}

fn missing_text(missing: Missing) -> &'static str {
    match missing {
        Missing::Service => "there is no such service",
        Missing::Destination => "the service has no such destination",
        Missing::Scheduler => "the kernel has no such scheduler or persistence engine",
        Missing::Daemon => "the sync daemon does not run",
    }
}

fn errno_text(errno: i32) -> String {
    std::io::Error::from_raw_os_error(errno).to_string()
}

impl ErrorKind {
    /// The name of a kernel's answer to an operation; `errno` is positive.
    pub(crate) fn from_errno(errno: i32, operation: Operation) -> Self {
        let is = |number: Errno| number.raw_os_error() == errno;
        let plain = [
            (Errno::EXIST, Self::Exists),
            (Errno::PERM, Self::Denied),
            (Errno::ACCESS, Self::Denied),
            (Errno::INVAL, Self::InvalidValue),
            (Errno::RANGE, Self::OutOfRange),
            (Errno::AFNOSUPPORT, Self::FamilyUnsupported),
            (Errno::NOPROTOOPT, Self::Unloading),
            (Errno::OPNOTSUPP, Self::Unsupported),
            (Errno::NODEV, Self::NoDevice),
            (Errno::ADDRNOTAVAIL, Self::NoAddress),
            (Errno::ADDRINUSE, Self::AddressInUse),
            (Errno::BUSY, Self::Busy),
            (Errno::NOMEM, Self::OutOfMemory),
            (Errno::NOBUFS, Self::OutOfMemory),
            (Errno::MSGSIZE, Self::MessageSize),
        ];
        if is(Errno::SRCH) {
            return Self::Missing(match operation {
                Operation::StopDaemon => Missing::Daemon,
                _ => Missing::Service,
            });
        }
        if is(Errno::NOENT) {
            return match operation {
                Operation::AddService | Operation::EditService => Self::Missing(Missing::Scheduler),
                Operation::EditDestination | Operation::RemoveDestination => {
                    Self::Missing(Missing::Destination)
                }
                // Nothing else is looked up by name: the family itself is gone.
                _ => Self::NotAvailable,
            };
        }
        plain
            .into_iter()
            .find_map(|(number, kind)| is(number).then_some(kind))
            .unwrap_or(Self::Kernel { errno })
    }
}

/// A value that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// A name is empty, too long, or has a NUL in it.
    #[error("{what} {text:?} is not a name of 1 to {limit} bytes without NUL")]
    Name {
        /// What it names.
        what: &'static str,
        /// The name.
        text: String,
        /// Most bytes.
        limit: usize,
    },
    /// A time is not a whole number of seconds, or so long that the kernel's 32 bit arithmetic
    /// could overflow.
    #[error("{what} {time:?} is not a whole number of seconds up to {limit}")]
    Seconds {
        /// What it times.
        what: &'static str,
        /// The time.
        time: Duration,
        /// Most seconds.
        limit: u64,
    },
    /// A netmask of the other family.
    #[error("the netmask is not of the service's family, {service}")]
    NetmaskFamily {
        /// Family of the service.
        service: Family,
    },
    /// An attribute's value does not fit its 16 bit length.
    #[error("{bytes} bytes do not fit an attribute of at most {limit}")]
    TooLong {
        /// Bytes of the value.
        bytes: usize,
        /// Most bytes.
        limit: usize,
    },
    /// Only changes can be batched.
    #[error("a batch takes changes only, no questions")]
    NotAChange,
}

/// Bytes that do not have the family's form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A message or attribute is shorter than its header or its own length says.
    #[error("{inside}: cut short")]
    Truncated {
        /// What was being read.
        inside: &'static str,
    },
    /// A value has a length that its type cannot have.
    #[error("{attribute}: {found} bytes instead of {expected}")]
    Length {
        /// The attribute.
        attribute: &'static str,
        /// Bytes that the type has.
        expected: usize,
        /// Bytes that were there.
        found: usize,
    },
    /// An attribute without which the object means nothing is not there.
    #[error("{attribute}: missing")]
    Missing {
        /// The attribute.
        attribute: &'static str,
    },
    /// Neither IPv4 nor IPv6.
    #[error("address family {number} is neither IPv4 nor IPv6")]
    Family {
        /// The `AF_` number.
        number: u16,
    },
    /// Neither master nor backup.
    #[error("sync daemon state {number} is neither master nor backup")]
    DaemonRole {
        /// The state.
        number: u32,
    },
    /// The family has no such command.
    #[error("command {number} is not one of the family's")]
    Command {
        /// The number.
        number: u8,
    },
    /// The message is a request, or answers another question.
    #[error("the message is no answer to this question")]
    NotAnAnswer,
}
