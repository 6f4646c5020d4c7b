//! Names of things: cheap to copy, impossible to mix up, impossible to have wrong.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It has no characters.
    Empty,
    /// It is longer than the limit.
    TooLong {
        /// Characters that it has.
        length: usize,
        /// Characters that it may have.
        limit: usize,
    },
    /// It has a character that names do not have.
    Character(char),
}

impl fmt::Display for NameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(formatter, "a name cannot be empty"),
            Self::TooLong { length, limit } => {
                write!(formatter, "a name of {length} characters is longer than {limit}")
            }
            Self::Character(character) => write!(
                formatter,
                "a name has letters, digits, '-', '_' and '.' only, not {character:?}"
            ),
        }
    }
}

impl core::error::Error for NameError {}

fn validate(text: &str, limit: usize, extra: &[char]) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    let wrong = |c: &char| {
        !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') || extra.contains(c))
    };
    if let Some(character) = text.chars().find(wrong) {
        return Err(NameError::Character(character));
    }
    if text.len() > limit {
        return Err(NameError::TooLong { length: text.len(), limit });
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $limit:literal, $extra:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name with this text.
            ///
            /// # Errors
            /// When the text is empty, too long, or has a character that names do not have.
            pub fn new(text: &str) -> Result<Self, NameError> {
                validate(text, $limit, $extra)?;
                Ok(Self(Arc::from(text)))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                Self::from(&*name.0)
            }
        }
    };
}

name!(
    /// A director, as `[nodes.NAME]` and, unless told otherwise, its host name.
    NodeName, 63, &[]
);
name!(
    /// A cluster of directors; heartbeats of another cluster are not ours.
    ClusterName, 63, &[]
);
name!(
    /// Virtual addresses that move together.
    GroupName, 63, &[]
);
name!(
    /// A virtual service.
    ServiceName, 63, &[]
);
name!(
    /// A channel by which people are told of what goes wrong.
    AlertName, 63, &[]
);
name!(
    /// A network interface (`IFNAMSIZ` leaves 15 characters, `linux/if.h`).
    InterfaceName, 15, &['@', ':']
);

impl InterfaceName {
    /// A name that is written in this crate, and known to be one.
    pub(crate) fn literal(name: &'static str) -> Self {
        debug_assert!(validate(name, 15, &[]).is_ok(), "{name:?} is no name of an interface");
        Self(Arc::from(name))
    }
}
