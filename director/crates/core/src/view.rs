//! What a director looks like from outside: plain data for `status` and for tests.
//!
//! The JSON form is a promise to scripts: fields are added, never renamed or removed.

use crate::advert::Fault;
use crate::beat::{Claim, Incarnation};
use crate::config::{
    Digest, Forward, Priority, Scheduler, ServiceKey, SyncRole, Thresholds, Traffic, Via,
    VirtualAddress, VrrpVersion, Weight,
};
use crate::input::Ignored;
use crate::name::{AlertName, ClusterName, GroupName, InterfaceName, NodeName, ServiceName};
use crate::order::Author;
use crate::probe::{Advice, Failure, Phase};
use crate::report::{Health, PeerState, Report, Role};
use crate::standing::Duty;
use crate::time::Deadline;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU8;

/// A whole director. Times are milliseconds before the moment of the view.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct View {
    /// The cluster.
    pub cluster: ClusterName,
    /// This node.
    pub node: NodeName,
    /// This life of it.
    pub incarnation: Incarnation,
    /// Digest of the configuration in use.
    pub config: Digest,
    /// How long ago the machine started.
    pub started_ms: u64,
    /// What it will wake up for next.
    pub next: Option<Deadline>,
    /// Whether a witness is reached; `None` when there are none.
    pub witness: Option<bool>,
    /// Whether the voter answers; `None` when there is none.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub voter: Option<bool>,
    /// The groups.
    pub groups: Vec<GroupView>,
    /// The other directors.
    pub peers: Vec<PeerView>,
    /// Heartbeat packets that changed nothing since the start, by why.
    pub ignored: BTreeMap<Ignored, u64>,
    /// The virtual services.
    pub services: Vec<ServiceView>,
    /// Servers that have left the configuration and still have connections.
    pub draining: Vec<DrainView>,
    /// The channels of alerts.
    pub alerts: Vec<AlertView>,
    /// The kernel as last observed.
    pub kernel: KernelView,
}

/// A group of virtual addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct GroupView {
    /// Its name.
    pub name: GroupName,
    /// This node's role for it.
    pub role: Role,
    /// Since when.
    pub since_ms: u64,
    /// Why, in words.
    pub why: String,
    /// Whether it was handed over, and is not taken again while a peer is ready.
    pub resting: bool,
    /// Who owns it, as far as this node knows.
    pub owner: Option<NodeName>,
    /// Another director that owns it too, by its own word, and for how long that may have been so.
    pub rival: Option<RivalView>,
    /// In how long this node, which comes first, takes it back by itself; `None` when that is not
    /// in sight.
    pub failback_ms: Option<u64>,
    /// Its addresses.
    pub addresses: Vec<AddressView>,
    /// Its virtual router; `None` when heartbeats elect the owner.
    pub vrrp: Option<RouterView>,
}

/// A second owner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RivalView {
    /// The other.
    pub peer: NodeName,
    /// Since when both may have owned the group.
    pub since_ms: u64,
}

/// A virtual router.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RouterView {
    /// Version of the protocol.
    pub version: VrrpVersion,
    /// Its number.
    pub router: NonZeroU8,
    /// The interface of its adverts.
    pub interface: InterfaceName,
    /// This node's priority for it.
    pub priority: u8,
    /// Its state in the words of RFC 9568 §6.3.
    pub state: RouterState,
    /// The router that was heard last.
    pub active: Option<ActiveRouterView>,
    /// Adverts sent since the start.
    pub sent: u64,
    /// Adverts heard and believed since the start.
    pub heard: u64,
    /// Packets that changed nothing, by what was wrong with them.
    pub ignored: BTreeMap<Fault, u64>,
}

/// A state of a virtual router (RFC 9568 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum RouterState {
    /// Takes no part.
    Initialize,
    /// Watches the active router.
    Backup,
    /// Has the addresses.
    Active,
}

/// A router that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ActiveRouterView {
    /// Its address.
    pub address: IpAddr,
    /// Its priority; 0 when it gave up.
    pub priority: u8,
    /// When it was heard last.
    pub heard_ms: u64,
}

/// A virtual address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AddressView {
    /// The address.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub address: VirtualAddress,
    /// Whether the kernel held it when last asked.
    pub held: bool,
}

/// Another director.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PeerView {
    /// Its name.
    pub name: NodeName,
    /// Its priority.
    pub priority: Priority,
    /// What it is to this node.
    pub state: PeerState,
    /// Its present life, once known.
    pub incarnation: Option<Incarnation>,
    /// Whether its configuration equals ours; unknown before it is heard.
    pub same_config: Option<bool>,
    /// When it was heard last.
    pub heard_ms: Option<u64>,
    /// What it claims to be.
    pub claims: BTreeMap<GroupName, Claim>,
    /// Over which links it is heard.
    pub links: Vec<LinkView>,
}

/// A heartbeat link to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LinkView {
    /// Our interface.
    pub interface: InterfaceName,
    /// Whether the peer is heard over it.
    pub up: bool,
    /// When it was heard last over it.
    pub heard_ms: Option<u64>,
    /// Beats that should have come between two that came while the link was up.
    pub missed: u64,
}

/// A virtual service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ServiceView {
    /// Its name.
    pub name: ServiceName,
    /// What clients connect to.
    pub key: ServiceKey,
    /// Its scheduler.
    pub scheduler: Scheduler,
    /// Its settings in the words of `ipvsadm -L`, the scheduler first.
    pub settings: String,
    /// By which way its servers are checked.
    pub checked_via: Via,
    /// The packets that the director marks for it.
    pub marked: BTreeSet<Traffic>,
    /// Whether the fallback serves.
    pub fallback_serving: bool,
    /// The fallback.
    pub fallback: Option<SocketAddr>,
    /// Whether enough weight is usable; `true` without a quorum.
    pub quorate: bool,
    /// Whether checks are not believed, because too few servers pass theirs.
    pub panicking: bool,
    /// Its real servers.
    pub servers: Vec<ServerView>,
}

/// Why something is as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Explanation {
    /// What it is about: `server 10.0.0.21:80 of service http`.
    pub subject: String,
    /// What it is now, in words.
    pub state: String,
    /// What led there, oldest first.
    pub because: Vec<CauseView>,
    /// The last checks of a server, oldest first.
    pub checks: Vec<CheckView>,
}

/// An event that led to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CauseView {
    /// When it was told.
    pub ago_ms: u64,
    /// In words.
    pub text: String,
    /// The event.
    pub report: Report,
}

/// One check of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CheckView {
    /// When it was started.
    pub ago_ms: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// How long its parts took, as far as it came to them.
    pub phases: Vec<PhaseView>,
    /// Whether the server passed it.
    pub passed: bool,
    /// What came of it, in words.
    pub text: String,
    /// How it failed, and in which phase.
    pub failure: Option<Failure>,
}

/// A part of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PhaseView {
    /// Which.
    pub phase: Phase,
    /// How long it took, in microseconds.
    pub took_us: u64,
}

/// A real server of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ServerView {
    /// Its address.
    pub address: SocketAddr,
    /// Its state.
    pub health: Health,
    /// Since when.
    pub since_ms: u64,
    /// Why, in words.
    pub why: String,
    /// How packets reach it.
    pub forward: Forward,
    /// The weight that it has when it is in order: the operator's, or else the configured one.
    pub weight: Weight,
    /// Between which numbers of connections it is overloaded.
    pub thresholds: Thresholds,
    /// The weight that the kernel should have; `None` when it should not be in the table.
    pub desired_weight: Option<Weight>,
    /// The weight in the kernel when last asked; `None` when it was not in the table.
    pub kernel_weight: Option<Weight>,
    /// Active connections in the kernel when last asked.
    pub active: u32,
    /// Inactive connections in the kernel when last asked.
    pub inactive: u32,
    /// Checks that have succeeded in a row.
    pub successes: u32,
    /// Checks that have failed in a row.
    pub failures: u32,
    /// Checks that have succeeded since the check is made; services that share it see the same.
    pub checks_passed: u64,
    /// Checks that have failed.
    pub checks_failed: u64,
    /// How long the last check took, in microseconds.
    pub check_us: Option<u64>,
    /// Where it is asked.
    pub checked_at: SocketAddr,
    /// The firewall mark of its checks, when they go through the service.
    pub check_mark: Option<u32>,
    /// What its agent wants.
    pub advice: Advice,
    /// What it is there for, by the operator's order.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub duty: Duty,
    /// Since when, unless it simply serves.
    pub duty_ms: Option<u64>,
    /// Who ordered that, and why.
    pub by: Option<Author>,
    /// For how long it stays out because it went down too often.
    pub damped_ms: Option<u64>,
}

/// A server that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DrainView {
    /// The service in the kernel.
    pub service: ServiceKey,
    /// The server.
    pub address: SocketAddr,
    /// Connections for which it was still needed when the kernel was last asked.
    pub connections: u32,
    /// How long it may still take.
    pub remaining_ms: u64,
}

/// A channel of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AlertView {
    /// Its name.
    pub channel: AlertName,
    /// Alerts that wait, or are being delivered.
    pub waiting: usize,
    /// Troubles of its kind that last.
    pub troubles: usize,
    /// Alerts that were delivered.
    pub sent: u64,
    /// Deliveries that failed and were tried again.
    pub failed: u64,
    /// Alerts that were given up.
    pub lost: u64,
    /// Alerts that were suppressed because there were too many.
    pub suppressed: u64,
    /// What was wrong with the last delivery that failed.
    pub failure: Option<String>,
}

/// The kernel as last observed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct KernelView {
    /// Whether it holds what it should.
    pub converged: bool,
    /// When it was asked last.
    pub observed_ms: Option<u64>,
    /// Steps that it refused last time, in words.
    pub refused: Vec<String>,
    /// Services and servers in it that are not ours, in words.
    pub foreign: Vec<String>,
    /// The synchronisation daemons that ran when it was last asked, each with its settings in
    /// words; none where the configuration has no synchronisation.
    pub sync: BTreeMap<SyncRole, String>,
    /// For how long connections of others have been taken in without a break; `None` when they are
    /// not.
    pub sync_listening_ms: Option<u64>,
}
