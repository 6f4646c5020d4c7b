//! What checks say to a server and what it must answer: plain data, one type per protocol.
//!
//! The bytes are those of the crate `director-probes`. No secret is in here, only where it is kept:
//! a configuration can be shown, hashed and compared without giving anything away.

mod common;
mod mail;
mod store;
mod web;

pub use common::{Login, Pattern, Secret, Start, Tls, Transport, Trust};
pub use mail::{Ftp, Mailbox, Nntp, Smtp};
pub use store::{Ldap, Memcached, Oracle, Redis, ServerKey, Sql};
pub use web::{Grpc, Http, StatusRange, Version};

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What is said to the server and what it must answer. All servers of a service share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Dialogue {
    /// A TCP connection can be made.
    Tcp,
    /// Bytes are sent over a TCP connection, or over TLS, and answered.
    Talk(Arc<Talk>),
    /// A datagram is sent and answered.
    Udp(Arc<Udp>),
    /// A page is answered as expected (RFC 9110).
    Http(Arc<Http>),
    /// The health service of gRPC says that it serves.
    Grpc(Arc<Grpc>),
    /// A name is resolved (RFC 1035).
    Dns(Arc<Dns>),
    /// A mail server greets and takes a client's name (RFC 5321).
    Smtp(Arc<Smtp>),
    /// A mail store greets, or takes a login (RFC 9051).
    Imap(Arc<Mailbox>),
    /// A mail store greets, or takes a login (RFC 1939).
    Pop3(Arc<Mailbox>),
    /// A file server takes a login, and gives a file (RFC 959).
    Ftp(Arc<Ftp>),
    /// A news server greets, and knows a group (RFC 3977).
    Nntp(Arc<Nntp>),
    /// A directory takes a bind, and finds an entry (RFC 4511).
    Ldap(Arc<Ldap>),
    /// A MySQL or MariaDB server takes a login, and answers a query.
    Mysql(Arc<Sql>),
    /// A PostgreSQL server takes a login, and answers a query.
    Postgresql(Arc<Sql>),
    /// A Redis server answers a `PING`.
    Redis(Arc<Redis>),
    /// A memcached answers a `version`.
    Memcached(Arc<Memcached>),
    /// An Oracle listener knows a service.
    Oracle(Arc<Oracle>),
    /// A RADIUS server accepts a user (RFC 2865).
    Radius(Arc<Radius>),
    /// A SIP server answers `OPTIONS` (RFC 3261).
    Sip(Arc<Sip>),
    /// The host answers an ICMP echo request (RFC 792, RFC 4443).
    Ping,
    /// The server's agent says how it is.
    Agent(Arc<Agent>),
    /// A program on the director ends with status 0.
    Program(Arc<Program>),
    /// A file is there, and says so.
    File(Arc<File>),
    /// Always healthy; nobody is asked.
    On,
    /// Never healthy; nobody is asked.
    Off,
}

impl Dialogue {
    /// The word of the configuration for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Tcp | Self::Talk(_) => "tcp",
            Self::Udp(_) => "udp",
            Self::Http(_) => "http",
            Self::Grpc(_) => "grpc",
            Self::Dns(_) => "dns",
            Self::Smtp(_) => "smtp",
            Self::Imap(_) => "imap",
            Self::Pop3(_) => "pop3",
            Self::Ftp(_) => "ftp",
            Self::Nntp(_) => "nntp",
            Self::Ldap(_) => "ldap",
            Self::Mysql(_) => "mysql",
            Self::Postgresql(_) => "postgresql",
            Self::Redis(_) => "redis",
            Self::Memcached(_) => "memcached",
            Self::Oracle(_) => "oracle",
            Self::Radius(_) => "radius",
            Self::Sip(_) => "sip",
            Self::Ping => "ping",
            Self::Agent(_) => "agent",
            Self::Program(_) => "program",
            Self::File(_) => "file",
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// Where the secrets are kept that it needs.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        let login = match self {
            Self::Http(it) => it.login.as_ref(),
            Self::Smtp(it) => it.login.as_ref(),
            Self::Imap(it) | Self::Pop3(it) => it.login.as_ref(),
            Self::Ftp(it) => it.login.as_ref(),
            Self::Ldap(it) => it.login.as_ref(),
            Self::Mysql(it) | Self::Postgresql(it) => Some(&it.login),
            Self::Redis(it) => return it.password.iter().collect(),
            Self::Radius(it) => return [&it.login.password, &it.secret].into(),
            _ => None,
        };
        login.map(|login| &login.password).into_iter().collect()
    }

    /// Whether it begins with a connection, and asks for more than that.
    #[must_use]
    pub fn has_connection(&self) -> bool {
        match self {
            Self::Dns(it) => matches!(it.transport, Transport::Tcp),
            Self::Sip(it) => matches!(it.transport, Transport::Tcp),
            Self::Tcp | Self::Udp(_) | Self::Radius(_) | Self::Ping => false,
            Self::Program(_) | Self::File(_) | Self::On | Self::Off => false,
            _ => true,
        }
    }

    /// Whether it asks a port of the server, over TCP or UDP.
    #[must_use]
    pub const fn has_port(&self) -> bool {
        !matches!(self, Self::Ping | Self::Program(_) | Self::File(_) | Self::On | Self::Off)
    }

    /// How the connection is made secret, when it is.
    #[must_use]
    pub fn tls(&self) -> Option<&Tls> {
        match self {
            Self::Talk(it) => it.tls.as_ref(),
            Self::Http(it) => it.tls.as_ref(),
            Self::Grpc(it) => it.tls.as_ref(),
            Self::Smtp(it) => it.tls.as_ref(),
            Self::Imap(it) | Self::Pop3(it) => it.tls.as_ref(),
            Self::Ftp(it) => it.tls.as_ref(),
            Self::Nntp(it) => it.tls.as_ref(),
            Self::Ldap(it) => it.tls.as_ref(),
            Self::Mysql(it) | Self::Postgresql(it) => it.tls.as_ref(),
            Self::Redis(it) => it.tls.as_ref(),
            Self::Memcached(it) => it.tls.as_ref(),
            Self::Dns(it) => it.tls.as_ref(),
            Self::Sip(it) => it.tls.as_ref(),
            _ => None,
        }
    }
}

/// Bytes over a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Talk {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// What is sent once there is a connection.
    pub send: Vec<u8>,
    /// What must come; nothing needs to when absent.
    pub expect: Option<Pattern>,
}

/// A datagram and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Udp {
    /// What is sent.
    pub send: Vec<u8>,
    /// What the answer must contain; any answer will do when absent.
    pub expect: Option<Pattern>,
}

/// A question to a name server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Dns {
    /// Over TLS (RFC 7858), which goes over TCP.
    pub tls: Option<Tls>,
    /// Over what it is asked.
    pub transport: Transport,
    /// The name that is asked for.
    pub name: String,
    /// The kind of record.
    pub record: Record,
    /// What one of the records must be, in the text of a zone file; any will do when absent.
    pub expect: Option<Pattern>,
}

macro_rules! records {
    ($($variant:ident $name:literal $number:literal;)*) => {
        /// A kind of record (RFC 1035 §3.2.2 and the registry after it).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
        pub enum Record { $(#[doc = concat!("`", $name, "`.")] $variant,)* }

        impl Record {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in a zone file.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its number in a message.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }
        }
    };
}

records! {
    A "A" 1;
    Ns "NS" 2;
    Cname "CNAME" 5;
    Soa "SOA" 6;
    Ptr "PTR" 12;
    Mx "MX" 15;
    Txt "TXT" 16;
    Aaaa "AAAA" 28;
    Srv "SRV" 33;
}

/// A user that a RADIUS server must accept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Radius {
    /// Who asks for access.
    pub login: Login,
    /// What the director shares with the server.
    pub secret: Secret,
}

/// A question to a SIP server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Sip {
    /// Over TLS (RFC 3261 §26.2), which goes over TCP.
    pub tls: Option<Tls>,
    /// Over what it is asked.
    pub transport: Transport,
    /// Who asks and is asked for: `user@host`.
    pub user: String,
}

/// A question to an agent on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Agent {
    /// What is sent once there is a connection.
    pub send: Vec<u8>,
}

/// A program on the director.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Program {
    /// Its path and its arguments; the address and the port of the server come behind them.
    pub command: Vec<String>,
    /// As whom it runs.
    pub user: String,
}

/// A file on the director.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct File {
    /// Its path.
    pub path: String,
    /// What it must contain; anything will do when absent.
    pub expect: Option<Pattern>,
}
