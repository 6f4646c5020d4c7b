//! What a machine can run out of, and its clocks.

use crate::show_duration;
use std::fmt;
use std::time::Duration;

/// What a director can have no more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// File descriptors: what is open stays open, nothing else can be opened (`EMFILE`).
    Descriptors,
    /// Space on the disks that it writes to (`ENOSPC`).
    Disk,
    /// Memory: the next allocation fails (`ENOMEM`).
    Memory,
    /// Kernel modules: what is in use stays, nothing else can be had (`ENOENT`).
    Modules,
}

impl Resource {
    /// Every resource, in the order in which messages list them.
    pub const ALL: [Self; 4] = [Self::Descriptors, Self::Disk, Self::Memory, Self::Modules];

    /// The word in a scenario file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Descriptors => "descriptors",
            Self::Disk => "disk",
            Self::Memory => "memory",
            Self::Modules => "modules",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How far a wall clock jumps, and where to: `+1h`, `-1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leap {
    /// Whether it is set back.
    pub back: bool,
    /// How far.
    pub by: Duration,
}

impl fmt::Display for Leap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.back { '-' } else { '+' };
        write!(f, "{sign}{}", show_duration(self.by))
    }
}

/// How much faster than time a clock goes, in parts per million: `+50ppm`, `-50ppm`, `0ppm`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skew(i32);

impl Skew {
    /// As fast as time.
    pub const NONE: Self = Self(0);
    /// The most, to either side: a tenth.
    pub const MOST: i32 = 100_000;

    /// So many parts per million, unless that is more than any clock that still is one.
    pub fn new(ppm: i32) -> Option<Self> {
        (-Self::MOST..=Self::MOST).contains(&ppm).then_some(Self(ppm))
    }

    /// The number.
    pub fn ppm(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 > 0 { "+" } else { "" };
        write!(f, "{sign}{}ppm", self.0)
    }
}
