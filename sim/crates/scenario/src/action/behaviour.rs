//! How real servers answer.

use std::fmt;

/// How a real server answers a client or a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Status 200 and the right body (for `tcp`: accepts).
    Ok,
    /// Status 200 and another page, in which the right body does not occur.
    Wrong,
    /// Status 503.
    Error,
    /// Nothing listens: the kernel answers with RST.
    Refuse,
    /// Accepts the connection and never answers.
    Hang,
    /// Over TLS its certificate has expired; everything else is right.
    Expired,
}

impl Behaviour {
    /// Every behaviour, in the order in which messages list them.
    pub const ALL: [Self; 6] =
        [Self::Ok, Self::Wrong, Self::Error, Self::Refuse, Self::Hang, Self::Expired];

    /// The word in a scenario file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wrong => "wrong",
            Self::Error => "error",
            Self::Refuse => "refuse",
            Self::Hang => "hang",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
