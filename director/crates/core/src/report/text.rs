//! The sentences that people read.

mod announce;

use super::{
    FenceState, Health, Level, PeerCause, PeerState, Report, Role, RoleCause, ServerCause,
};
use crate::alert::Fate;
use crate::probe::Admission;
use crate::wire::heartbeat::VERSION;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

impl Report {
    /// How much it matters.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::TwoOwners { .. }
            | Self::HeldBack { .. }
            | Self::Fencing { state: FenceState::Failed { .. }, .. }
            | Self::Panic { begun: true, .. }
            | Self::Unserved { unserved: true, .. } => Level::Error,
            Self::Stopped { left } if !left.is_empty() => Level::Error,
            Self::Role { why: RoleCause::CannotTake | RoleCause::CannotKeep, .. } => Level::Error,
            Self::Alert { fate: Fate::Lost { .. }, .. } => Level::Error,
            Self::Alert { fate: Fate::Failed { .. } | Fate::Suppressed, .. } => Level::Warn,
            Self::Peer { state: PeerState::Suspect, .. } => Level::Info,
            Self::Peer { state: PeerState::Dead, .. }
            | Self::Link { up: false, .. }
            | Self::Witness { reached: false }
            | Self::Fencing { state: FenceState::Asked, .. }
            | Self::ConfigDiffers { differs: true, .. }
            | Self::Rejected { .. }
            | Self::Version { .. }
            | Self::TwoRouters { .. }
            | Self::AdvertIgnored { .. }
            | Self::Server { state: Health::Down, .. }
            | Self::Certificate { .. }
            | Self::Flapping { .. }
            | Self::Quorum { reached: false, .. }
            | Self::Fallback { serving: true, .. }
            | Self::Rerouted { .. }
            | Self::StepFailed { .. }
            | Self::ObserveFailed { .. }
            | Self::Drift { .. }
            | Self::Foreign { .. }
            | Self::Stalled { .. } => Level::Warn,
            Self::StepDone { .. } => Level::Debug,
            _ => Level::Info,
        }
    }

    /// Whether it is a decision: what two tiers must agree on for the same scenario.
    #[must_use]
    pub fn is_decision(&self) -> bool {
        matches!(self, Self::Role { .. } | Self::Server { .. } | Self::Fallback { .. })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role { .. }
            | Self::Peer { .. }
            | Self::Link { .. }
            | Self::ConfigDiffers { .. }
            | Self::Rejected { .. }
            | Self::HeldBack { .. }
            | Self::Warming { .. }
            | Self::Witness { .. }
            | Self::Fencing { .. }
            | Self::Announcing { .. }
            | Self::Resting { .. } => self.fmt_cluster(f),
            Self::Version { .. } | Self::TwoOwners { .. } | Self::TwoOwnersOver { .. } => {
                self.fmt_discord(f)
            }
            Self::TwoRouters { .. } | Self::AdvertIgnored { .. } => self.fmt_vrrp(f),
            Self::Server { .. }
            | Self::CheckFailed { .. }
            | Self::Fallback { .. }
            | Self::Unserved { .. }
            | Self::Draining { .. }
            | Self::Drained { .. }
            | Self::Rerouted { .. } => self.fmt_health(f),
            Self::Ordered { .. }
            | Self::Advised { .. }
            | Self::Certificate { .. }
            | Self::Flapping { .. }
            | Self::Suspected { .. }
            | Self::Quorum { .. }
            | Self::Panic { .. } => self.fmt_policy(f),
            Self::Address { .. }
            | Self::StepDone { .. }
            | Self::StepFailed { .. }
            | Self::ObserveFailed { .. }
            | Self::Drift { .. }
            | Self::Foreign { .. }
            | Self::ForeignAddress { .. } => self.fmt_kernel(f),
            Self::Started { .. }
            | Self::Stalled { .. }
            | Self::Alert { .. }
            | Self::Reloaded
            | Self::Stopping
            | Self::Stopped { .. } => self.fmt_life(f),
        }
    }
}

/// One function for each subject; `fmt` sends every variant to its own.
impl Report {
    fn fmt_cluster(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role { group, from, to, why } => {
                write!(f, "group {group}: {from} to {to}: {why}")
            }
            Self::Peer { peer, state, why } => write!(f, "peer {peer} is {state}: {why}"),
            Self::Link { peer, interface, up: true, .. } => {
                write!(f, "peer {peer} is heard over {interface}")
            }
            Self::Link { peer, interface, up: false, .. } => {
                write!(f, "peer {peer} is no longer heard over {interface}")
            }
            Self::ConfigDiffers { peer, differs: true } => {
                write!(f, "peer {peer} has another configuration: compare the files, then reload")
            }
            Self::ConfigDiffers { peer, differs: false } => {
                write!(f, "peer {peer} has the same configuration again")
            }
            Self::Rejected { link, from, why } => write!(
                f,
                "packet from {from} on link {} ignored: {why}: compare cluster names and key files",
                link.0
            ),
            Self::HeldBack { peer } => write!(
                f,
                "this node takes nothing while packets from {peer} do not fit its key or version: \
                 compare the key files and the releases, then reload"
            ),
            Self::Warming { group, wait_ms } => write!(
                f,
                "group {group} is taken back in {} s, when its owner's connections are known here",
                wait_ms.div_ceil(1000)
            ),
            Self::Fencing { peer, state: FenceState::Asked } => {
                write!(f, "peer {peer} is being fenced")
            }
            Self::Fencing { peer, state: FenceState::Succeeded } => {
                write!(f, "peer {peer} is fenced: it is off")
            }
            Self::Fencing { peer, state: FenceState::Failed { why } } => write!(
                f,
                "peer {peer} could not be fenced, and nothing is taken from it: {why}; trying again"
            ),
            Self::Witness { reached: true } => write!(f, "a witness is reached"),
            Self::Witness { reached: false } => write!(
                f,
                "no witness is reached: this node may be the one that is cut off, and takes nothing"
            ),
            Self::Announcing { group, why } => write!(f, "group {group} is announced: {why}"),
            Self::Resting { group, resting: true } => write!(
                f,
                "group {group} is not taken again while a peer is ready, until `director ready`"
            ),
            Self::Resting { group, resting: false } => {
                write!(f, "group {group} may be taken again")
            }
            _ => Ok(()),
        }
    }

    /// What directors do not have in common and should.
    fn fmt_discord(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { peer, version: VERSION } => {
                write!(
                    f,
                    "peer {peer} speaks version {VERSION} of the heartbeat, as this node does"
                )
            }
            Self::Version { peer, version } => write!(
                f,
                "peer {peer} speaks version {version} of the heartbeat, this node {VERSION}: it is \
                 alive; bring both to the same release"
            ),
            Self::TwoOwners { group, peer, winner, unheard_ms } => write!(
                f,
                "group {group} has two owners, this node and {peer}, for up to {unheard_ms} ms: \
                 {winner} keeps it; look at the heartbeat links"
            ),
            Self::TwoOwnersOver { group, peer, lasted_ms } => write!(
                f,
                "group {group} has one owner again; this node and {peer} both had it for up to \
                 {lasted_ms} ms"
            ),
            _ => Ok(()),
        }
    }

    fn fmt_vrrp(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoRouters { group, router, priority } => write!(
                f,
                "group {group} has another active router, {router} with priority {priority}, which \
                 ought to give way: does it hear this node?"
            ),
            Self::AdvertIgnored { interface, from, why } => {
                write!(f, "VRRP packet from {from} on {interface} ignored: {why}")
            }
            _ => Ok(()),
        }
    }

    fn fmt_health(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server { service, server, state, why } => {
                write!(f, "service {service}: server {server} is {state}: {why}")
            }
            Self::CheckFailed { service, server, failures, fall, failure } => write!(
                f,
                "service {service}: check {failures} of {fall} of server {server} failed: {failure}"
            ),
            Self::Fallback { service, serving: true } => {
                write!(f, "service {service}: no usable server is left, the fallback serves")
            }
            Self::Fallback { service, serving: false } => {
                write!(f, "service {service}: the fallback is no longer needed")
            }
            Self::Unserved { service, unserved: true } => {
                write!(f, "service {service}: no usable server is left and there is no fallback")
            }
            Self::Unserved { service, unserved: false } => {
                write!(f, "service {service} has a usable server again")
            }
            Self::Draining { service, server } => {
                write!(f, "server {server} of {service} leaves; it may end its connections")
            }
            Self::Drained { service, server, left: 0 } => {
                write!(f, "server {server} of {service} has no connections left")
            }
            Self::Drained { service, server, left } => write!(
                f,
                "server {server} of {service} is removed with {left} connections: its time is over"
            ),
            Self::Rerouted { service, server, from, connections } => write!(
                f,
                "server {server} of {service} has {connections} connections by {from}: until they \
                 end, new ones by direct routing may not reach it"
            ),
            _ => Ok(()),
        }
    }

    fn fmt_policy(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordered { service, server, duty, weight: None, by } => {
                write!(f, "service {service}: server {server} {duty}, by order of {by}")
            }
            Self::Ordered { service, server, duty, weight: Some(weight), by } => write!(
                f,
                "service {service}: server {server} {duty} with weight {weight}, by order of {by}"
            ),
            Self::Advised { service, server, weight_percent, admission } => {
                write!(f, "service {service}: the agent of server {server} wants ")?;
                match (admission, weight_percent) {
                    (Some(Admission::Drain), _) => write!(f, "no new connections (drain)"),
                    (Some(Admission::Maintenance), _) => {
                        write!(f, "no new connections (maintenance)")
                    }
                    (_, Some(percent)) => write!(f, "{percent} % of its weight"),
                    (_, None) => write!(f, "its whole weight"),
                }
            }
            Self::Flapping { service, server, falls, hold_ms } => write!(
                f,
                "service {service}: server {server} went down {falls} times in a short time and \
                 stays out until it has not failed for {hold_ms} ms"
            ),
            Self::Certificate { service, server, days } => write!(
                f,
                "service {service}: the certificate of server {server} ends in {days} days; \
                 renew it"
            ),
            Self::Suspected { service, server, half_open } => write!(
                f,
                "service {service}: server {server} leaves {half_open} more connections half \
                 open; it is checked at once"
            ),
            Self::Quorum { service, reached: true } => {
                write!(f, "service {service} has enough usable weight again")
            }
            Self::Quorum { service, reached: false } => {
                write!(f, "service {service} has less usable weight than its quorum")
            }
            Self::Panic { service, begun: true } => write!(
                f,
                "service {service}: so few servers pass their checks that all that ever did get \
                 connections; look at what the checks have in common"
            ),
            Self::Panic { service, begun: false } => {
                write!(f, "service {service}: enough servers pass their checks again")
            }
            _ => Ok(()),
        }
    }

    fn fmt_kernel(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { address, held: true } => write!(f, "address {address} is held"),
            Self::Address { address, held: false } => write!(f, "address {address} is released"),
            Self::StepDone { step } => write!(f, "kernel: {step}"),
            Self::StepFailed { step, why } => {
                write!(f, "kernel refused to {step}: {why}; it is tried again")
            }
            Self::ObserveFailed { why } => {
                write!(f, "kernel could not be asked what it holds: {why}; it is tried again")
            }
            Self::Drift { step } => {
                write!(f, "somebody changed the kernel behind this director: {step}")
            }
            Self::Foreign { service, server: None } => {
                write!(f, "service {service} in the kernel is not ours and left alone")
            }
            Self::Foreign { service, server: Some(server) } => {
                write!(f, "server {server} of {service} in the kernel is not ours and left alone")
            }
            Self::ForeignAddress { address } => {
                write!(f, "address {address} is not of the configuration and left alone")
            }
            _ => Ok(()),
        }
    }

    fn fmt_life(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { node, incarnation } => {
                write!(f, "director {node} started, incarnation {incarnation}")
            }
            Self::Stalled { late_ms } => write!(
                f,
                "this process was not run for {late_ms} ms; peers are given new time to be heard"
            ),
            Self::Alert { channel, fate: Fate::Suppressed, .. } => {
                write!(f, "alerts by {channel} are suppressed: there were too many")
            }
            Self::Alert { channel, number, fate } => {
                write!(f, "alert {number} by {channel} {fate}")
            }
            Self::Reloaded => write!(f, "new configuration in use"),
            Self::Stopping => write!(f, "stopping"),
            Self::Stopped { left } if left.is_empty() => {
                write!(f, "stopped, everything is released")
            }
            Self::Stopped { left } => {
                let left: Vec<_> = left.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "stopped, but the kernel still holds {}: take it off by hand, or two \
                     directors own it",
                    left.join(", ")
                )
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "waiting",
            Self::Standby => "standby",
            Self::Taking => "taking",
            Self::Active => "active",
            Self::Releasing => "releasing",
            Self::Stopped => "stopped",
        })
    }
}

impl fmt::Display for PeerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "unknown",
            Self::Alive => "alive",
            Self::Suspect => "suspect",
            Self::Dead => "dead",
            Self::Left => "gone",
        })
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        })
    }
}

impl fmt::Display for RoleCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => write!(f, "it has just started and listens"),
            Self::Heard => write!(f, "the time of listening is over"),
            Self::OwnedBy { peer } => write!(f, "{peer} owns it"),
            Self::OwnerDied { peer } => write!(f, "its owner {peer} is gone"),
            Self::NoOwner => write!(f, "nobody owns it and this node comes first"),
            Self::Adopted => write!(f, "its addresses were found here and nobody else owns it"),
            Self::AddressesHeld => write!(f, "the kernel holds its addresses"),
            Self::AddressesReleased => write!(f, "the kernel has released its addresses"),
            Self::Failback { peer } => write!(f, "{peer} comes first and asks for it"),
            Self::LostConflict { peer } => write!(f, "{peer} owns it too and comes first"),
            Self::ReleaseOverdue => {
                write!(f, "the kernel did not release its addresses in time")
            }
            Self::CannotTake => write!(
                f,
                "the kernel would not hold its addresses and a peer is ready; `director ready` \
                 when that is mended"
            ),
            Self::CannotKeep => write!(
                f,
                "the kernel does not hold its addresses any more and a peer is ready; \
                 `director ready` when that is mended"
            ),
            Self::Isolated => write!(f, "this node reaches no witness"),
            Self::Outvoted { peer } => write!(f, "the voter has granted it to {peer}"),
            Self::Unserved => write!(f, "none of its servers is usable from here"),
            Self::NoCarrier { interface } => write!(f, "its interface {interface} has no carrier"),
            Self::Backup => write!(f, "it begins as backup"),
            Self::RouterActive { router, priority } => {
                write!(f, "{router} is active with priority {priority}")
            }
            Self::Preempts { router, priority } => {
                write!(f, "this node comes before {router}, whose priority is {priority}")
            }
            Self::RouterLeft { router } => write!(f, "{router} has given it up"),
            Self::RouterSilent { router, silent_ms } => {
                write!(f, "{router} has been silent for {silent_ms} ms")
            }
            Self::Slept { late_ms } => write!(
                f,
                "this process was not run for {late_ms} ms and another may be active by now"
            ),
            Self::Handover => write!(f, "the operator handed it over"),
            Self::Stop => write!(f, "this director stops"),
        }
    }
}

impl fmt::Display for PeerCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstHeard => write!(f, "heard for the first time"),
            Self::HeardAgain => write!(f, "heard again"),
            Self::Restarted => write!(f, "has started anew"),
            Self::Late { silent_ms } => write!(f, "silent for {silent_ms} ms, asking it"),
            Self::Unanswered { silent_ms, asks } => {
                write!(f, "silent for {silent_ms} ms, none of {asks} questions was answered")
            }
            Self::Deadtime { silent_ms } => {
                write!(f, "silent for {silent_ms} ms, the whole deadtime")
            }
            Self::Goodbye => write!(f, "said goodbye"),
        }
    }
}

impl fmt::Display for ServerCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adopted => write!(f, "found in use at the start"),
            Self::Succeeded { checks: 1 } => write!(f, "a check succeeded"),
            Self::Succeeded { checks } => write!(f, "{checks} checks in a row succeeded"),
            Self::Failed { checks: 1, failure } => write!(f, "a check failed: {failure}"),
            Self::Failed { checks, failure } => {
                write!(f, "{checks} checks in a row failed, the last: {failure}")
            }
        }
    }
}
