//! Who asks.

/// Who is on the other side of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Guest {
    /// Somebody on this host, without TLS.
    Here,
    /// Somebody with a certificate.
    Known {
        /// The common name of its subject.
        name: String,
        /// Whether the configuration says that this one may give orders.
        may_order: bool,
    },
}

impl Guest {
    /// As the log names the author of an order; `None` when this one may give none.
    pub(super) fn author(&self) -> Option<String> {
        match self {
            Self::Known { name, may_order: true } => Some(format!("{name}, by certificate")),
            _ => None,
        }
    }

    /// Whether names under which it asks must be looked at.
    pub(super) fn may_be_tricked(&self) -> bool {
        *self == Self::Here
    }
}
