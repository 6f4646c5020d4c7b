//! Addresses and neighbours of a node, told by the kernel at the moment they change.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::os::fd::OwnedFd;

use anyhow::Context;
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use scenario::Event;

use super::table;
use crate::plan::{Role, Setup};
use crate::record::Recorder;

/// `RTMGRP_NEIGH`, `linux/rtnetlink.h`.
const NEIGHBOURS: u32 = 0x4;
/// `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR`, `linux/rtnetlink.h`.
const ADDRESSES: u32 = 0x10 | 0x100;
/// The first interface of every network namespace (`LOOPBACK_IFINDEX`, `net/flow.h`).
const LOOPBACK: u32 = 1;

/// Begins to listen in a thread of its own; what happens from now on is recorded.
pub(super) fn start(setup: &Setup, recorder: &Recorder) -> anyhow::Result<()> {
    let groups = match setup.node.role {
        Role::Router { .. } => NEIGHBOURS,
        Role::Director(_) => ADDRESSES,
        Role::Server { .. } | Role::Voter(_) => return Ok(()),
    };
    let flags = SocketFlags::CLOEXEC;
    // Protocol 0 is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)
        .context("netlink socket")?;
    bind(&socket, &SocketAddrNetlink::new(0, groups)).context("netlink groups")?;
    let mut observer = Observer {
        node: setup.node.name.clone(),
        addresses: setup.addresses.clone(),
        hardware: setup.hardware.clone(),
        recorder: recorder.clone(),
        held: BTreeSet::new(),
        neighbours: BTreeMap::new(),
    };
    std::thread::Builder::new()
        .name("observer".to_owned())
        .spawn(move || observer.listen(&socket))
        .context("starting the observer")?;
    Ok(())
}

struct Observer {
    node: String,
    addresses: Vec<IpAddr>,
    hardware: BTreeMap<String, String>,
    recorder: Recorder,
    held: BTreeSet<IpAddr>,
    neighbours: BTreeMap<IpAddr, Option<String>>,
}

impl Observer {
    fn listen(&mut self, socket: &OwnedFd) {
        let mut buffer = vec![0_u8; 1 << 16];
        loop {
            match recv(socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((_, count)) => self.datagram(&buffer[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    let text = format!("observations were lost: {error}");
                    self.recorder.now(Event::Note { node: Some(self.node.clone()), text });
                    // ENOBUFS drops messages and goes on; anything else is the end.
                    if error != rustix::io::Errno::NOBUFS {
                        return;
                    }
                }
            }
        }
    }

    fn datagram(&mut self, mut bytes: &[u8]) {
        while let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(bytes) {
            match &message.payload {
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewAddress(address)) => {
                    self.address(address, true);
                }
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelAddress(address)) => {
                    self.address(address, false);
                }
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewNeighbour(neighbour)) => {
                    self.neighbour(neighbour, true);
                }
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelNeighbour(neighbour)) => {
                    self.neighbour(neighbour, false);
                }
                _ => {}
            }
            // Messages are aligned to four bytes (`NLMSG_ALIGN`).
            let length = usize::try_from(message.header.length).unwrap_or(usize::MAX);
            let Some(rest) = bytes.get(length.next_multiple_of(4)..) else { return };
            if length == 0 {
                return;
            }
            bytes = rest;
        }
    }

    fn address(&mut self, message: &AddressMessage, added: bool) {
        // IPv4 has both attributes and `Local` is the address; IPv6 has only `Address`.
        let local = message.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Local(address) => Some(*address),
            _ => None,
        });
        let plain = message.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        });
        let Some(address) = local.or(plain) else { return };
        // A director that is a real server too has the address on `lo`, and answers no ARP for it.
        if message.header.index == LOOPBACK || !self.addresses.contains(&address) {
            return;
        }
        // A change of flags or lifetime comes as another NEWADDR of the same address.
        let changed = if added { self.held.insert(address) } else { self.held.remove(&address) };
        if changed {
            let node = self.node.clone();
            // The order of table and address is one of the things to be judged.
            let _ = table::once(&node, &self.recorder);
            self.recorder.now(Event::Address { node, address, held: added });
        }
    }

    fn neighbour(&mut self, message: &NeighbourMessage, present: bool) {
        let address = message.attributes.iter().find_map(|attribute| match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(address)) => {
                Some(IpAddr::V4(*address))
            }
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(address)) => {
                Some(IpAddr::V6(*address))
            }
            _ => None,
        });
        let Some(address) = address.filter(|address| self.addresses.contains(address)) else {
            return;
        };
        let known = present
            && !matches!(
                message.header.state,
                NeighbourState::Incomplete | NeighbourState::Failed | NeighbourState::None
            );
        let owner = message.attributes.iter().find_map(|attribute| match attribute {
            NeighbourAttribute::LinkLayerAddress(bytes) if known => Some(self.owner(bytes)),
            _ => None,
        });
        if self.neighbours.get(&address).cloned().flatten() != owner {
            let observer = self.node.clone();
            self.recorder.now(Event::Neighbour { observer, address, owner: owner.clone() });
        }
        self.neighbours.insert(address, owner);
    }

    fn owner(&self, bytes: &[u8]) -> String {
        let text: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = text.join(":");
        // An address that no port of the topology has is shown as it is.
        self.hardware.get(&text).cloned().unwrap_or(text)
    }
}
