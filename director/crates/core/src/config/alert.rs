//! Who is told of what goes wrong, and how.

use super::dialogue::{Login, Secret};
use crate::alert::Occasion;
use crate::name::ServiceName;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::num::{NonZeroU16, NonZeroU32};
use core::time::Duration;

/// A channel by which people, or their programs, are told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Alert {
    /// How they are told.
    pub means: Means,
    /// What they are told of.
    pub occasions: BTreeSet<Occasion>,
    /// Only of these services, as far as it is a matter of services; of all when there are none.
    pub services: BTreeSet<ServiceName>,
    /// Which director tells of services and servers.
    pub senders: Senders,
    /// After how long a trouble that lasts is told again; `None` for never.
    pub repeat: Option<Duration>,
    /// Whether the end of a trouble is told.
    pub recovery: bool,
    /// How many are told at most.
    pub limit: Limit,
    /// What follows when one could not be delivered.
    pub retry: Retry,
    /// How long one delivery may take.
    pub timeout: Duration,
}

/// How people are told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Means {
    /// A program, by its full path, and its arguments; never empty.
    Command(Vec<String>),
    /// A mail (RFC 5321, RFC 5322).
    Mail(Box<Mail>),
    /// A JSON text that is posted to an HTTP server (RFC 9110, RFC 8259).
    Webhook(Box<Webhook>),
}

/// Mails.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Mail {
    /// To whom; never empty.
    pub to: Vec<String>,
    /// From whom.
    pub from: String,
    /// The mail server's name or address.
    pub host: String,
    /// Its port.
    pub port: NonZeroU16,
    /// Whether the connection is secret.
    pub security: Security,
    /// A file with the roots below which the server's certificate is trusted; `None` for the
    /// system's.
    pub roots: Option<String>,
    /// Who logs in.
    pub login: Option<Login>,
    /// The name that a director gives itself; `None` for that of its node.
    pub helo: Option<String>,
}

/// Whether a connection to a mail server is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Security {
    /// It is not.
    Off,
    /// It becomes so by `STARTTLS` (RFC 3207), or nothing is sent.
    Starttls,
    /// It is so from the beginning (RFC 8314).
    Tls,
}

/// An HTTP server that takes alerts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Webhook {
    /// Whether over TLS.
    pub tls: bool,
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: NonZeroU16,
    /// What is posted to; begins with `/`.
    pub path: String,
    /// A file with the roots below which the server's certificate is trusted; `None` for the
    /// system's.
    pub roots: Option<String>,
    /// What proves who we are: sent as `Authorization: Bearer` (RFC 6750).
    pub token: Option<Secret>,
}

/// Which director tells of services and servers. Every one tells of itself and its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Senders {
    /// The one that owns the service's address.
    Active,
    /// Every one that sees it.
    All,
}

/// How many alerts are told at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Limit {
    /// So many.
    pub count: NonZeroU32,
    /// In so long a time, wherever it begins.
    pub within: Duration,
}

/// What follows when an alert could not be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Retry {
    /// The pause before the second attempt; it doubles with each.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How long after the first attempt it is given up.
    pub lasts: Duration,
}

impl Alert {
    /// A channel with every setting as it is when nothing is said.
    #[must_use]
    pub fn by(means: Means) -> Self {
        Self {
            means,
            occasions: Occasion::USUAL.iter().copied().collect(),
            services: BTreeSet::new(),
            senders: Senders::Active,
            repeat: None,
            recovery: true,
            limit: Limit { count: Self::USUAL_COUNT, within: Duration::from_secs(600) },
            retry: Retry {
                first: Duration::from_secs(5),
                longest: Duration::from_secs(300),
                lasts: Duration::from_secs(3600),
            },
            timeout: Duration::from_secs(20),
        }
    }

    const USUAL_COUNT: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);

    /// Where the secret is kept that a delivery needs.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        match &self.means {
            Means::Command(_) => None,
            Means::Mail(mail) => mail.login.as_ref().map(|login| &login.password),
            Means::Webhook(webhook) => webhook.token.as_ref(),
        }
    }
}
