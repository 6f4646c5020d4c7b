//! What an operator orders while directors run.

use crate::show_duration;
use std::fmt;
use std::time::Duration;

/// One order beside a handover; servers are named by their nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorOrder {
    /// `director ready`: ends the rest that a handover or `standby` began.
    Ready,
    /// `director standby`: gives away what it owns, and rests.
    Standby,
    /// `director drain`: no new connections; those that there are go on.
    Drain {
        /// The real server's node.
        server: String,
        /// When it leaves the table whatever it still has.
        deadline: Option<Duration>,
    },
    /// `director undrain`.
    Undrain {
        /// The real server's node.
        server: String,
    },
    /// `director maintenance on|off`: no new connections and no checks.
    Maintenance {
        /// The real server's node.
        server: String,
        /// Whether it begins.
        on: bool,
    },
    /// `director weight`.
    Weight {
        /// The real server's node.
        server: String,
        /// The weight; the configuration's when there is none.
        weight: Option<u16>,
    },
    /// `director server add`.
    Add {
        /// Name of the virtual service.
        service: String,
        /// The real server's node.
        server: String,
        /// Its weight once it has passed a check.
        weight: u16,
    },
    /// `director server remove`: after its drain.
    Remove {
        /// Name of the virtual service.
        service: String,
        /// The real server's node.
        server: String,
    },
}

impl OperatorOrder {
    /// The real server's node, where it is about one.
    pub fn server(&self) -> Option<&str> {
        Some(match self {
            Self::Ready | Self::Standby => return None,
            Self::Drain { server, .. }
            | Self::Undrain { server }
            | Self::Maintenance { server, .. }
            | Self::Weight { server, .. }
            | Self::Add { server, .. }
            | Self::Remove { server, .. } => server,
        })
    }
}

impl fmt::Display for OperatorOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Standby => f.write_str("standby"),
            Self::Drain { server, deadline: None } => write!(f, "drain {server}"),
            Self::Drain { server, deadline: Some(deadline) } => {
                write!(f, "drain {server} {}", show_duration(*deadline))
            }
            Self::Undrain { server } => write!(f, "undrain {server}"),
            Self::Maintenance { server, on } => {
                write!(f, "maintenance {server} {}", if *on { "on" } else { "off" })
            }
            Self::Weight { server, weight: Some(weight) } => write!(f, "weight {server} {weight}"),
            Self::Weight { server, weight: None } => write!(f, "weight {server} configured"),
            Self::Add { service, server, weight } => write!(f, "add {service} {server} {weight}"),
            Self::Remove { service, server } => write!(f, "remove {service} {server}"),
        }
    }
}
