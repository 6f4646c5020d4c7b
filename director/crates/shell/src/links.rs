//! Heartbeat links, as the loop needs them.

use crate::Settings;
use director_core::advert::Advert;
use director_core::beat::LinkId;
use director_core::config::{Coverage, VirtualMac};
use director_core::name::InterfaceName;
use director_core::vote::Question;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// A packet that arrived on the heartbeat port; nothing about it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Over which link.
    pub link: LinkId,
    /// From where.
    pub from: SocketAddr,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The heartbeat links of this node.
pub trait Links {
    /// Waits for the next packet on any link. Dropping the future loses no packet.
    ///
    /// # Errors
    /// What the operating system said. The loop tells it and calls again.
    fn receive(&mut self) -> impl Future<Output = io::Result<Packet>>;

    /// Sends a packet without waiting; a full buffer is an error.
    ///
    /// # Errors
    /// When it could not be sent.
    fn send(&mut self, link: LinkId, to: SocketAddr, bytes: &[u8]) -> io::Result<()>;
}

/// Hosts that are asked whether this node is connected.
pub trait Witnesses {
    /// Sends a question without waiting. The answer comes as an input of the loop.
    ///
    /// # Errors
    /// When it could not be sent.
    fn ask(&mut self, witness: IpAddr, question: u64) -> io::Result<()>;

    /// Sends a question to the voter without waiting, sealed with the key of the settings; answers
    /// under that key come as inputs of the loop.
    ///
    /// # Errors
    /// When it could not be sent.
    fn ask_voter(
        &mut self,
        voter: SocketAddr,
        question: &Question,
        settings: &Settings,
    ) -> io::Result<()>;
}

/// The segments on which VRRP is spoken. What is heard comes as an input of the loop.
pub trait Routers {
    /// Sends an advert without waiting, with this hardware address as the frame's source, if not
    /// the interface's own.
    ///
    /// # Errors
    /// When it could not be sent.
    fn advertise(
        &mut self,
        interface: &InterfaceName,
        to: IpAddr,
        advert: &Advert,
        coverage: Coverage,
        mac: Option<VirtualMac>,
    ) -> io::Result<()>;
}
