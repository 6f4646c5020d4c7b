//! Settings of the kernel that the director cares for.

use crate::name::InterfaceName;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// A setting of the kernel that the director cares for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Sysctl {
    /// `net/ipv4/conf/IF/arp_ignore`: 1 answers ARP only for addresses of the asked interface, so
    /// that a heartbeat interface on the same segment does not answer for a virtual address.
    ArpIgnore(InterfaceName),
    /// `net/ipv4/conf/IF/arp_announce`: 2 never uses a virtual address as the source of an ARP
    /// request that another local address fits better.
    ArpAnnounce(InterfaceName),
    /// `net/ipv4/conf/IF/accept_local`: 1 takes packets from an address that this host has too:
    /// what a real server answers to a check that went there through the service.
    AcceptLocal(InterfaceName),
    /// `net/ipv4/conf/IF/rp_filter`: 2 drops packets only when no interface leads to their source,
    /// 1 when this one does not, 0 none. The greater of this and that of `all` counts.
    ReversePathFilter(InterfaceName),
    /// `net/ipv4/conf/IF/send_redirects`: 0 does not tell a real server on the clients' segment to
    /// answer past the director, which with NAT must see the answers. `all` counts too.
    SendRedirects(InterfaceName),
    /// `net/ipv4/ip_forward`: 1 lets the answers of real servers behind NAT pass.
    Forwarding,
    /// `net/ipv6/conf/all/forwarding`: the same for IPv6.
    Forwarding6,
    /// `net/ipv4/vs/expire_nodest_conn`: 1 ends connections whose server has been removed at their
    /// next packet, instead of dropping their packets until they time out.
    ExpireNodestConn,
    /// `net/ipv4/vs/expire_quiescent_template`: 1 moves persistent clients off a server with weight
    /// 0.
    ExpireQuiescentTemplate,
    /// `net/ipv4/vs/conn_reuse_mode`: 1 schedules a client's port anew that is used again while
    /// the old connection is still in TIME_WAIT, instead of sending it to the old server, which may
    /// be gone.
    ConnReuseMode,
    /// `net/ipv4/vs/drop_entry`: 1 lets the kernel forget connections that nobody has answered yet,
    /// at random and only while memory runs out (`amemthresh`): a flood of them takes no more.
    DropEntry,
    /// `net/ipv4/vs/sync_threshold`: packets after which a connection is synchronised first, and
    /// packets between repetitions.
    SyncThreshold,
    /// `net/ipv4/vs/sync_refresh_period`: seconds between repetitions, instead of packets.
    SyncRefreshPeriod,
    /// `net/ipv4/vs/sync_retries`: how often each is sent again.
    SyncRetries,
}

impl Sysctl {
    /// The file below `/proc/sys`.
    #[must_use]
    pub fn path(&self) -> String {
        let interface = |name: &InterfaceName, key| alloc::format!("net/ipv4/conf/{name}/{key}");
        let table = |key| alloc::format!("net/ipv4/vs/{key}");
        match self {
            Self::ArpIgnore(name) => interface(name, "arp_ignore"),
            Self::ArpAnnounce(name) => interface(name, "arp_announce"),
            Self::AcceptLocal(name) => interface(name, "accept_local"),
            Self::ReversePathFilter(name) => interface(name, "rp_filter"),
            Self::SendRedirects(name) => interface(name, "send_redirects"),
            Self::Forwarding => String::from("net/ipv4/ip_forward"),
            Self::Forwarding6 => String::from("net/ipv6/conf/all/forwarding"),
            Self::ExpireNodestConn => table("expire_nodest_conn"),
            Self::ExpireQuiescentTemplate => table("expire_quiescent_template"),
            Self::ConnReuseMode => table("conn_reuse_mode"),
            Self::DropEntry => table("drop_entry"),
            Self::SyncThreshold => table("sync_threshold"),
            Self::SyncRefreshPeriod => table("sync_refresh_period"),
            Self::SyncRetries => table("sync_retries"),
        }
    }

    /// Whether a value that was found does what the wanted one is wanted for.
    ///
    /// A director wants no strict reverse path filter. One that is off already stays off: a loose
    /// one would drop clients to whom no route leads.
    #[must_use]
    pub fn is_met(&self, found: SysctlValue, wanted: SysctlValue) -> bool {
        let (off, loose) = (SysctlValue::One(0), SysctlValue::One(2));
        let filter = matches!(self, Self::ReversePathFilter(_));
        found == wanted || (filter && found == off && wanted == loose)
    }

    /// Why the director sets it, for a log or a plan.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::ArpIgnore(_) => "only the interface of a virtual address answers for it",
            Self::ArpAnnounce(_) => "virtual addresses are not the source of ARP requests",
            Self::AcceptLocal(_) => "answers to checks through the service must be taken",
            Self::ReversePathFilter(_) => "packets that come another way than answers go must pass",
            Self::SendRedirects(_) => "answers of real servers behind NAT must come back",
            Self::Forwarding | Self::Forwarding6 => "answers of real servers behind NAT must pass",
            Self::ExpireNodestConn => "connections of a removed server end at their next packet",
            Self::ExpireQuiescentTemplate => "persistent clients leave a server with weight 0",
            Self::ConnReuseMode => "a port that is used again is scheduled anew",
            Self::DropEntry => "a flood of half-open connections cannot use up the memory",
            Self::SyncThreshold | Self::SyncRefreshPeriod | Self::SyncRetries => {
                "as the cluster's synchronisation says"
            }
        }
    }
}

impl fmt::Display for Sysctl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path())
    }
}

/// What a setting holds: one number, or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SysctlValue {
    /// One number.
    One(i64),
    /// Two numbers.
    Two(i64, i64),
}

impl SysctlValue {
    /// The number, where there is one alone.
    #[must_use]
    pub const fn number(self) -> Option<i64> {
        match self {
            Self::One(number) => Some(number),
            Self::Two(..) => None,
        }
    }
}

impl From<i64> for SysctlValue {
    fn from(number: i64) -> Self {
        Self::One(number)
    }
}

impl fmt::Display for SysctlValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(number) => write!(formatter, "{number}"),
            Self::Two(first, second) => write!(formatter, "{first} {second}"),
        }
    }
}

/// The text is neither one number nor two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotASetting;

impl FromStr for SysctlValue {
    type Err = NotASetting;

    fn from_str(text: &str) -> Result<Self, NotASetting> {
        let mut numbers = text.split_whitespace().map(str::parse);
        let value = match (numbers.next(), numbers.next()) {
            (Some(Ok(number)), None) => Self::One(number),
            (Some(Ok(first)), Some(Ok(second))) => Self::Two(first, second),
            _ => return Err(NotASetting),
        };
        if numbers.next().is_none() { Ok(value) } else { Err(NotASetting) }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for SysctlValue {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(number) => serializer.serialize_i64(*number),
            Self::Two(..) => serializer.collect_str(self),
        }
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for SysctlValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Self::One(number)),
            Written::Text(text) => {
                text.parse().map_err(|_| serde::de::Error::custom("neither one number nor two"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn only_a_strict_reverse_path_filter_is_loosened() {
        let filter = Sysctl::ReversePathFilter(InterfaceName::literal("lan"));
        let met = [0, 1, 2].map(|found| filter.is_met(found.into(), 2.into()));
        assert_eq!(met, [true, false, true]);
        assert!(!filter.is_met(0.into(), 1.into()), "put back as it was");
        assert!(!Sysctl::DropEntry.is_met(0.into(), 1.into()));
    }

    #[test]
    fn values_are_read_as_the_kernel_writes_them() {
        assert_eq!("1\n".parse(), Ok(SysctlValue::One(1)));
        assert_eq!("3\t50\n".parse(), Ok(SysctlValue::Two(3, 50)));
        for text in ["", "x", "1 x", "1 2 3", "enabled"] {
            assert_eq!(text.parse::<SysctlValue>(), Err(NotASetting), "{text:?}");
        }
        assert_eq!(SysctlValue::Two(3, 50).to_string(), "3 50");
    }
}
