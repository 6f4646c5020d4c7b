//! Why roles change.

use crate::name::{InterfaceName, NodeName};
use core::net::IpAddr;

/// What made a role change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", tag = "cause"))]
pub enum RoleCause {
    /// The director has just started and listens.
    Started,
    /// All peers were heard after the start, or the time for it was up.
    Heard,
    /// A peer owns the group.
    OwnedBy {
        /// The owner.
        peer: NodeName,
    },
    /// The owner died.
    OwnerDied {
        /// Who was the owner.
        peer: NodeName,
    },
    /// Nobody owns the group, and this node comes first.
    NoOwner,
    /// The addresses were found in the kernel at the start, and no peer owns the group.
    Adopted,
    /// The kernel holds all addresses.
    AddressesHeld,
    /// The kernel holds none of the addresses any more.
    AddressesReleased,
    /// A better-ranked peer asks for the group.
    Failback {
        /// Who.
        peer: NodeName,
    },
    /// Two owned the group, and the other comes first.
    LostConflict {
        /// The other.
        peer: NodeName,
    },
    /// The kernel did not release the addresses in time.
    ReleaseOverdue,
    /// The kernel would not hold its addresses, and a peer is ready.
    CannotTake,
    /// The kernel holds the addresses no longer and does not take them again; a peer is ready.
    CannotKeep,
    /// No witness is reached: this node may be the one that is cut off.
    Isolated,
    /// The voter has granted the group to another, of whom nothing is heard.
    Outvoted {
        /// Whose it is.
        peer: NodeName,
    },
    /// An interface of the group has no carrier.
    NoCarrier {
        /// Which.
        interface: InterfaceName,
    },
    /// No server of its services is usable from here, and a peer knows of none that is not.
    Unserved,
    /// A virtual router begins as backup.
    Backup,
    /// Another virtual router is active.
    RouterActive {
        /// Its address.
        router: IpAddr,
        /// Its priority.
        priority: u8,
    },
    /// The active virtual router comes after this one.
    Preempts {
        /// Its address.
        router: IpAddr,
        /// Its priority.
        priority: u8,
    },
    /// The active virtual router gave up.
    RouterLeft {
        /// Its address.
        router: IpAddr,
    },
    /// The active virtual router has not been heard for too long.
    RouterSilent {
        /// Its address.
        router: IpAddr,
        /// Milliseconds since it was heard last.
        silent_ms: u64,
    },
    /// This process was not run for so long that another may be active by now.
    Slept {
        /// For how many milliseconds it should have been running and was not.
        late_ms: u64,
    },
    /// The operator handed it over.
    Handover,
    /// An orderly stop.
    Stop,
}

/// What made an announcement necessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum AnnounceCause {
    /// The addresses have just been taken.
    Taken,
    /// A peer is heard again that may have owned the group.
    PeerReturned,
    /// Another owner gave way.
    RivalGaveWay,
    /// Another owner was heard, and this node stays.
    RivalHeard,
    /// The interface has carrier again.
    LinkUp,
    /// A peer is heard again over the interface.
    LinkHealed,
    /// A witness is reached again.
    WitnessReached,
    /// A peer is fit again that reached no witness, or whose interface had no carrier.
    PeerFit,
    /// A server of the group is reached again, of which none was.
    ServedAgain,
    /// Heartbeats over the interface were missing while it was announced.
    Unheard,
}
