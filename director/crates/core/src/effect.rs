//! What a director wants done.

use crate::advert::Advert;
use crate::alert::Notice;
use crate::beat::{Beat, LinkId};
use crate::config::{Coverage, VirtualAddress, VirtualMac};
use crate::desired::DesiredState;
use crate::name::{AlertName, InterfaceName, NodeName};
use crate::probe::{Probe, Ticket};
use crate::vote::Question;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::net::{IpAddr, SocketAddr};

/// Something to be done; plain data, so that tests compare it.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a heartbeat packet, sealed with the cluster's key.
    Send {
        /// From our address on this link.
        link: LinkId,
        /// To a peer's address on it.
        to: SocketAddr,
        /// What to say.
        beat: Beat,
    },
    /// Send a VRRP advert with TTL or hop limit 255.
    Advertise {
        /// By this interface, from the node's own address on it.
        interface: InterfaceName,
        /// To a peer, or to everybody.
        to: IpAddr,
        /// What to say.
        advert: Arc<Advert>,
        /// What its checksum covers.
        coverage: Coverage,
        /// With this hardware address as the frame's source, if not the interface's own.
        mac: Option<VirtualMac>,
    },
    /// Start a probe; its end comes back as [`crate::Input::ProbeFinished`].
    StartProbe {
        /// Which.
        ticket: Ticket,
        /// What to ask of whom.
        probe: Arc<Probe>,
    },
    /// Stop a probe; no outcome is wanted any more.
    CancelProbe {
        /// Which.
        ticket: Ticket,
    },
    /// Make the kernel equal to this, and say what came of it as [`crate::Input::Reconciled`].
    ///
    /// The newest wins: an applier that has not begun with an older one drops it.
    Reconcile {
        /// Grows with every request.
        number: u64,
        /// What the kernel shall hold.
        desired: Arc<DesiredState>,
    },
    /// Send one gratuitous ARP (or unsolicited neighbour advertisement) for an address that we
    /// hold.
    Announce {
        /// Which.
        address: VirtualAddress,
    },
    /// Ask a host whether it is reached (ICMP echo); its answer comes back as
    /// [`crate::Input::WitnessAnswered`].
    AskWitness {
        /// Which.
        witness: IpAddr,
        /// Number of the question; no two have the same.
        question: u64,
    },
    /// Ask the voter, in a packet under the cluster's key; its answer comes back as
    /// [`crate::Input::VoterAnswered`].
    AskVoter {
        /// Where it is.
        voter: SocketAddr,
        /// What to ask.
        question: Box<Question>,
    },
    /// Make sure that a silent peer is off; what came of it comes back as
    /// [`crate::Input::Fenced`].
    Fence {
        /// Which.
        peer: NodeName,
    },
    /// Deliver an alert by its channel; what came of it comes back as
    /// [`crate::Input::AlertEnded`].
    Alert {
        /// Which channel of the configuration.
        channel: AlertName,
        /// What to say.
        notice: Arc<Notice>,
    },
    /// Everything is released and said: the process may end.
    Exit,
}
