//! A share of frames or operations.

use crate::Stream;
use std::fmt;

/// Millionths of a whole: what of many is meant, each by its own draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Share(u32);

impl Share {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(1_000_000);

    /// So many millionths; `None` above the whole.
    pub const fn of_million(millionths: u32) -> Option<Self> {
        if millionths > Self::ALL.0 { None } else { Some(Self(millionths)) }
    }

    /// In millionths.
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// Whether the next one is meant. Nothing and everything take nothing from the stream.
    pub fn hits(self, stream: &mut Stream) -> bool {
        match self {
            Self::NONE => false,
            Self::ALL => true,
            Self(share) => stream.between(1, u64::from(Self::ALL.0)) <= u64::from(share),
        }
    }

    /// From `10%` or `0.5%`.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(number) = text.strip_suffix('%') else {
            return Err(format!("`{text}` is not a share"));
        };
        let wrong = || format!("`{text}` is not a share from 0% to 100%");
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 4 {
            return Err(wrong());
        }
        let whole: u32 = whole.parse().map_err(|_| wrong())?;
        let fraction: u32 = format!("{fraction:0<4}").parse().map_err(|_| wrong())?;
        let millionths = whole.checked_mul(10_000).and_then(|whole| whole.checked_add(fraction));
        millionths.and_then(Self::of_million).ok_or_else(wrong)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 {
            return write!(f, "{whole}%");
        }
        write!(f, "{whole}.{}%", format!("{rest:04}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_read_back_what_they_print() {
        for text in ["0%", "100%", "10%", "0.5%", "0.0001%", "33.3333%"] {
            assert_eq!(Share::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "%", "5", "-1%", "100.0001%", "1.23456%", "1e3%", ".5%", "5.%"] {
            assert!(Share::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn about_as_many_are_meant_as_it_says() {
        let mut stream = Stream::named(1, "share");
        let share = Share::parse("10%").unwrap();
        let hits = (0..10_000).filter(|_| share.hits(&mut stream)).count();
        assert!((850..1_150).contains(&hits), "{hits}");
    }
}
