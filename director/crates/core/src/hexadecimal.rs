//! Numbers of 64 bits as text: most readers of JSON keep 53 bits of a number.

use alloc::string::String;

/// Sixteen hexadecimal digits.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Hexadecimal(pub(crate) String);

impl Hexadecimal {
    pub(crate) fn number(&self) -> Result<u64, core::num::ParseIntError> {
        u64::from_str_radix(&self.0, 16)
    }
}

/// Lets a newtype over `u64` that displays itself in hexadecimal be written and read as that text.
macro_rules! through_text {
    ($name:ident) => {
        impl From<$name> for Hexadecimal {
            fn from(value: $name) -> Self {
                Self(alloc::string::ToString::to_string(&value))
            }
        }

        impl TryFrom<Hexadecimal> for $name {
            type Error = core::num::ParseIntError;
            fn try_from(text: Hexadecimal) -> Result<Self, Self::Error> {
                text.number().map(Self)
            }
        }
    };
}

pub(crate) use through_text;
