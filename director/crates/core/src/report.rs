//! What a director tells: one variant per message, so that no sentence is written twice.

mod cause;
#[cfg(test)]
mod tests;
mod text;

use crate::advert::Fault;
use crate::alert::Fate;
pub use cause::{AnnounceCause, RoleCause};

use crate::beat::{Incarnation, LinkId};
use crate::config::{Forward, ServiceKey, VirtualAddress, Weight};
use crate::input::Rejection;
use crate::name::{AlertName, GroupName, InterfaceName, NodeName, ServiceName};
use crate::order::Author;
use crate::probe::{Admission, Failure};
use crate::standing::Duty;
use alloc::string::String;
use alloc::vec::Vec;

use core::net::{IpAddr, SocketAddr};

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Of use when looking for a fault.
    Debug,
    /// A change of state.
    Info,
    /// Worth a look in working hours.
    Warn,
    /// Worth waking somebody.
    Error,
}

/// Something worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "event", rename_all = "kebab-case"))]
pub enum Report {
    /// The machine begins.
    Started {
        /// This node.
        node: NodeName,
        /// This life.
        incarnation: Incarnation,
    },
    /// A group's role on this node changed.
    Role {
        /// The group.
        group: GroupName,
        /// What it was.
        from: Role,
        /// What it is.
        to: Role,
        /// What made it change.
        why: RoleCause,
    },
    /// A peer came, was suspected, or went.
    Peer {
        /// The peer.
        peer: NodeName,
        /// What it is now.
        state: PeerState,
        /// What made it change.
        why: PeerCause,
    },
    /// A peer is heard, or no longer heard, over one link.
    Link {
        /// The peer.
        peer: NodeName,
        /// The link.
        link: LinkId,
        /// The link's interface.
        interface: InterfaceName,
        /// Whether it is heard.
        up: bool,
    },
    /// A peer speaks another version of the heartbeat's protocol than we do, or ours again.
    Version {
        /// The peer.
        peer: NodeName,
        /// What it speaks.
        version: u8,
    },
    /// A peer's configuration differs from ours, or no longer does.
    ConfigDiffers {
        /// The peer.
        peer: NodeName,
        /// Whether it differs.
        differs: bool,
    },
    /// A packet on the heartbeat port was not believed. Told once per sender, cause and minute.
    Rejected {
        /// Over which link.
        link: LinkId,
        /// From where.
        from: IpAddr,
        /// What is wrong with it.
        why: Rejection,
    },
    /// This node has just started and takes nothing, because a peer whose packets do not fit our
    /// key or our version may own it.
    HeldBack {
        /// The peer.
        peer: NodeName,
    },
    /// This node comes first for a group, and takes it back by itself once it knows the
    /// connections of its owner.
    Warming {
        /// The group.
        group: GroupName,
        /// In how long.
        wait_ms: u64,
    },
    /// A witness is reached, or none is any more.
    Witness {
        /// Whether one is reached.
        reached: bool,
    },
    /// A silent peer is being fenced, or that has ended.
    Fencing {
        /// The peer.
        peer: NodeName,
        /// How far it is.
        state: FenceState,
    },
    /// Two directors own a group at once.
    TwoOwners {
        /// The group.
        group: GroupName,
        /// The other owner.
        peer: NodeName,
        /// Who keeps the group.
        winner: NodeName,
        /// For how long that may have been so already: neither had heard the other.
        unheard_ms: u64,
    },
    /// Two directors owned a group at once, and one of them has given way.
    TwoOwnersOver {
        /// The group.
        group: GroupName,
        /// The other owner.
        peer: NodeName,
        /// How long it lasted at most, from the last time that either heard the other before.
        lasted_ms: u64,
    },
    /// This node is active as virtual router, and another with a lower rank is, too.
    TwoRouters {
        /// The group.
        group: GroupName,
        /// The other's address.
        router: IpAddr,
        /// The other's priority.
        priority: u8,
    },
    /// A packet of VRRP's protocol changed nothing. Told once per sender, cause and minute.
    AdvertIgnored {
        /// By which interface it came.
        interface: InterfaceName,
        /// From where.
        from: IpAddr,
        /// What is wrong with it.
        why: Fault,
    },
    /// A real server's state changed.
    Server {
        /// The service.
        service: ServiceName,
        /// The server.
        server: SocketAddr,
        /// What it is now.
        state: Health,
        /// What made it change.
        why: ServerCause,
    },
    /// One check of a server failed without a consequence yet.
    CheckFailed {
        /// The service.
        service: ServiceName,
        /// The server.
        server: SocketAddr,
        /// Failures in a row so far.
        failures: u32,
        /// Failures in a row that would take it out.
        fall: u32,
        /// What was wrong.
        failure: Failure,
    },
    /// The operator has ordered something for a server, here or on a peer.
    Ordered {
        /// The service.
        service: ServiceName,
        /// The server.
        server: SocketAddr,
        /// What it is there for now.
        #[cfg_attr(feature = "serde", serde(flatten))]
        duty: Duty,
        /// Its weight, when it is not the configuration's.
        weight: Option<Weight>,
        /// Who ordered it, and why.
        by: Author,
    },
    /// A server's agent wants another weight, or other connections, than before.
    Advised {
        /// The service.
        service: ServiceName,
        /// The server.
        server: SocketAddr,
        /// The part of its weight that it wants, in per cent, if it has said one.
        weight_percent: Option<u16>,
        /// That it wants no new connections, and why.
        admission: Option<Admission>,
    },
    /// A server went down once too often in a short time; it is held there until it has not failed
    /// for a while.
    Flapping {
        /// The service.
        service: ServiceName,
        /// The server.
        server: SocketAddr,
        /// How often it went down.
        falls: u32,
        /// Milliseconds without a failure that end it.
        hold_ms: u64,
    },
    /// A server's certificate ends soon.
    Certificate {
        /// The service.
        service: ServiceName,
        /// The server.
        server: SocketAddr,
        /// Whole days that are left.
        days: u16,
    },
    /// A server leaves connections of clients half open: its check is brought forward.
    Suspected {
        /// The service.
        service: ServiceName,
        /// The server.
        server: SocketAddr,
        /// How many more than when the kernel was asked before.
        half_open: u32,
    },
    /// Too little weight of a service is usable, or enough again.
    Quorum {
        /// The service.
        service: ServiceName,
        /// Whether it is enough.
        reached: bool,
    },
    /// So few servers of a service pass their checks that these are not believed, or that is over.
    Panic {
        /// The service.
        service: ServiceName,
        /// Whether it has begun.
        begun: bool,
    },
    /// The fallback came into the table or left it.
    Fallback {
        /// The service.
        service: ServiceName,
        /// Whether it serves now.
        serving: bool,
    },
    /// A service has neither a usable server nor a fallback, or has one again.
    Unserved {
        /// The service.
        service: ServiceName,
        /// Whether nobody serves it.
        unserved: bool,
    },
    /// A real server has left the configuration and may still serve its connections.
    Draining {
        /// The service in the kernel.
        service: ServiceKey,
        /// The server.
        server: SocketAddr,
    },
    /// A server that left is no longer waited for.
    Drained {
        /// The service in the kernel.
        service: ServiceKey,
        /// The server.
        server: SocketAddr,
        /// Connections that it still had.
        left: u32,
    },
    /// A reload has a real server reached directly that has connections by another method.
    Rerouted {
        /// The service.
        service: ServiceName,
        /// The server.
        server: SocketAddr,
        /// The other method.
        from: Forward,
        /// Connections that it had when the kernel was looked at last.
        connections: u32,
    },
    /// An address is held now, or no longer.
    Address {
        /// The address.
        address: VirtualAddress,
        /// Whether it is held.
        held: bool,
    },
    /// Ownership of an address is being announced to the neighbours.
    Announcing {
        /// The group.
        group: GroupName,
        /// What made it necessary.
        why: AnnounceCause,
    },
    /// The kernel did something for us.
    StepDone {
        /// What, in words.
        step: String,
    },
    /// The kernel refused to do something; it is tried again.
    StepFailed {
        /// What, in words.
        step: String,
        /// What the kernel said.
        why: String,
    },
    /// The kernel could not be asked what it holds.
    ObserveFailed {
        /// What it said.
        why: String,
    },
    /// Somebody else changed what is ours in the kernel; it is put back.
    Drift {
        /// What is done about it, in words.
        step: String,
    },
    /// The kernel holds a service or server in the table that is not ours; it is left alone.
    Foreign {
        /// The service.
        service: ServiceKey,
        /// The server in a service of ours, or `None` for a whole service.
        server: Option<SocketAddr>,
    },
    /// An interface of a virtual address has one that the configuration does not name; it is left
    /// alone.
    ForeignAddress {
        /// The address.
        address: VirtualAddress,
    },
    /// This process was not run for a while, so that silence of others proves nothing.
    Stalled {
        /// For how many milliseconds it should have been running and was not.
        late_ms: u64,
    },
    /// A group was handed over and is not taken again while a peer is ready, or that has ended.
    Resting {
        /// The group.
        group: GroupName,
        /// Whether this node rests.
        resting: bool,
    },
    /// What became of an alert.
    Alert {
        /// By which channel.
        channel: AlertName,
        /// Its number.
        number: u64,
        /// What became of it.
        #[cfg_attr(feature = "serde", serde(flatten))]
        fate: Fate,
    },
    /// A new configuration is in use.
    Reloaded,
    /// An orderly stop begins.
    Stopping,
    /// The machine is over.
    Stopped {
        /// Addresses that the kernel has not released.
        left: Vec<VirtualAddress>,
    },
}

/// The role of a node for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Role {
    /// Has just started, listens.
    Waiting,
    /// Ready to take the group.
    Standby,
    /// Has decided to own the group, its kernel is being changed.
    Taking,
    /// Owns the group.
    Active,
    /// Gives the group up, its kernel is being changed.
    Releasing,
    /// Has left the cluster.
    Stopped,
}

/// What a peer is to this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum PeerState {
    /// Not heard since this node started.
    Unknown,
    /// Heard in time.
    Alive,
    /// Late, being asked.
    Suspect,
    /// Silent for too long.
    Dead,
    /// Has said goodbye.
    Left,
}

/// What made a peer's state change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", tag = "cause"))]
pub enum PeerCause {
    /// Heard for the first time.
    FirstHeard,
    /// Heard again.
    HeardAgain,
    /// It has started anew since it was heard last.
    Restarted,
    /// Its beat is late by so much.
    Late {
        /// Milliseconds since it was heard last.
        silent_ms: u64,
    },
    /// It answered no question on any link.
    Unanswered {
        /// Milliseconds since it was heard last.
        silent_ms: u64,
        /// Questions sent.
        asks: u32,
    },
    /// It was silent for the whole deadtime.
    Deadtime {
        /// Milliseconds since it was heard last.
        silent_ms: u64,
    },
    /// It said goodbye.
    Goodbye,
}

/// How far the fencing of a peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", tag = "fence"))]
pub enum FenceState {
    /// The command has been started.
    Asked,
    /// The peer is off.
    Succeeded,
    /// It may be running; the command is tried again.
    Failed {
        /// What was wrong, in words.
        why: String,
    },
}

/// The state of a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Health {
    /// Not checked yet, and not found in use at the start.
    Unknown,
    /// Usable.
    Up,
    /// Not usable.
    Down,
}

/// What made a server's state change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", tag = "cause"))]
pub enum ServerCause {
    /// Found in use in the kernel at the start.
    Adopted,
    /// So many checks in a row succeeded.
    Succeeded {
        /// How many.
        checks: u32,
    },
    /// So many checks in a row failed.
    Failed {
        /// How many.
        checks: u32,
        /// How the last one failed.
        failure: Failure,
    },
}
