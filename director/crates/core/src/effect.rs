//! What a director wants done.

use crate::beat::{Beat, LinkId};
use crate::config::VirtualAddress;
use crate::desired::DesiredState;
use crate::name::NodeName;
use crate::probe::{Probe, Ticket};
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
    /// Make sure that a silent peer is off; what came of it comes back as
    /// [`crate::Input::Fenced`].
    Fence {
        /// Which.
        peer: NodeName,
    },
    /// Everything is released and said: the process may end.
    Exit,
}
