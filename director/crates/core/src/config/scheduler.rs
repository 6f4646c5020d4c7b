//! How the kernel spreads connections.

use core::fmt;
use core::ops::BitOr;

macro_rules! schedulers {
    ($($variant:ident $name:literal $doc:literal;)*) => {
        /// How the kernel spreads connections (`net/netfilter/ipvs/ip_vs_*.c`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
        pub enum Scheduler { $(#[doc = $doc] $variant,)* }

        impl Scheduler {
            /// All of them, in the order of their names' first use in LVS.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The kernel's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The scheduler with the kernel's name `name`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

schedulers! {
    Rr "rr" "Round robin.";
    Wrr "wrr" "Weighted round robin.";
    Lc "lc" "Least connections.";
    Wlc "wlc" "Weighted least connections.";
    Lblc "lblc" "Locality-based least connections.";
    Lblcr "lblcr" "Locality-based least connections with replication.";
    Dh "dh" "Destination hashing.";
    Sh "sh" "Source hashing.";
    Sed "sed" "Shortest expected delay.";
    Nq "nq" "Never queue.";
    Fo "fo" "Weighted failover.";
    Ovf "ovf" "Weighted overflow.";
    Mh "mh" "Maglev hashing.";
    Twos "twos" "The better of two random choices.";
}

impl fmt::Display for Scheduler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Options of a scheduler (`IP_VS_SVC_F_SCHED1` and following in `linux/ip_vs.h`).
///
/// `sh` and `mh` know the first two; the kernel keeps all three for any scheduler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SchedulerFlags(u8);

impl SchedulerFlags {
    /// Nothing special.
    pub const NONE: Self = Self(0);
    /// When the server that the hash names cannot take a connection, another one does.
    pub const FALLBACK: Self = Self(1);
    /// The client's port goes into the hash as well: its connections are spread.
    pub const PORT: Self = Self(2);
    /// Without a meaning for any scheduler yet.
    pub const THIRD: Self = Self(4);

    /// The flags of these bits, the first flag being the lowest.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 7)
    }

    /// The bits, the first flag being the lowest.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether every flag of `other` is among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names that `ipvsadm -b` uses for the flags of this scheduler.
    pub fn names(self, scheduler: Scheduler) -> impl Iterator<Item = &'static str> {
        let names = match scheduler {
            Scheduler::Sh => ["sh-fallback", "sh-port", "flag-3"],
            Scheduler::Mh => ["mh-fallback", "mh-port", "flag-3"],
            _ => ["flag-1", "flag-2", "flag-3"],
        };
        let flags = [Self::FALLBACK, Self::PORT, Self::THIRD];
        flags.into_iter().zip(names).filter(move |(flag, _)| self.contains(*flag)).map(|it| it.1)
    }
}

impl BitOr for SchedulerFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
