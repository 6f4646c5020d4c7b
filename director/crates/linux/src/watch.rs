//! Links and addresses that change, told by the kernel.

use crate::interface;
use director_core::Input;
use director_core::name::InterfaceName;
use futures::StreamExt;
use futures::channel::mpsc::UnboundedReceiver;
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rtnetlink::MulticastGroup;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use tokio::task::JoinHandle;

type Told = (NetlinkMessage<RouteNetlinkMessage>, rtnetlink::sys::SocketAddr);

/// Operational (RFC 2863) and with carrier. `IFF_RUNNING` alone is also set for a moment on an
/// interface that was just switched on, before its carrier was looked at.
const CARRIER: LinkFlags = LinkFlags::Running.union(LinkFlags::LowerUp);

/// Watches interfaces for carrier and for addresses.
///
/// It begins with the present state of each interface, so that what happened before is known too.
#[derive(Debug)]
pub struct Watch {
    known: Known,
    told: UnboundedReceiver<Told>,
    connection: JoinHandle<()>,
}

/// What was last known of the watched interfaces, and what is still to be told.
#[derive(Debug, Default, PartialEq)]
struct Known {
    up: BTreeMap<InterfaceName, Option<bool>>,
    names: BTreeMap<u32, InterfaceName>,
    news: VecDeque<Input>,
}

impl Watch {
    /// Begins to watch. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the kernel's notifications or its present state cannot be had.
    pub fn open(interfaces: BTreeSet<InterfaceName>) -> io::Result<Self> {
        let groups = [MulticastGroup::Link, MulticastGroup::Ipv4Ifaddr, MulticastGroup::Ipv6Ifaddr];
        let (connection, _, told) = rtnetlink::new_multicast_connection(&groups)?;
        let connection = tokio::spawn(connection);
        let up = interfaces.into_iter().map(|interface| (interface, None)).collect();
        let known = Known { up, ..Known::default() };
        let mut watch = Self { known, told, connection };
        // After subscribing, so that no change falls in between.
        watch.known.look()?;
        Ok(watch)
    }

    /// Waits for the next change: [`Input::LinkChanged`] or [`Input::KernelChanged`].
    ///
    /// # Errors
    /// When the kernel tells no more, or its state cannot be read after notifications were lost.
    pub async fn next(&mut self) -> io::Result<Input> {
        loop {
            if let Some(input) = self.known.news.pop_front() {
                return Ok(input);
            }
            let Some((message, _)) = self.told.next().await else {
                return Err(io::Error::other("the kernel's notifications ended"));
            };
            match message.payload {
                NetlinkPayload::InnerMessage(change) => self.known.hear(&change),
                NetlinkPayload::Overrun(_) => {
                    self.known.look()?;
                    self.known.news.push_back(Input::KernelChanged);
                }
                _ => {}
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Known {
    /// Reads the state of all interfaces.
    fn look(&mut self) -> io::Result<()> {
        let interfaces = interface::all()?;
        let watched: Vec<InterfaceName> = self.up.keys().cloned().collect();
        self.names.clear();
        for name in watched {
            let found = interfaces.get(name.as_str());
            if let Some(interface) = found {
                self.names.insert(interface.index, name.clone());
            }
            self.note(&name, found.is_some_and(|interface| interface.up));
        }
        Ok(())
    }

    /// Takes in what the kernel told.
    fn hear(&mut self, change: &RouteNetlinkMessage) {
        match change {
            // A bridge tells of its ports under its own family, also with "deleted" for a port that
            // only left the bridge.
            RouteNetlinkMessage::NewLink(link) if is_interface(link) => self.link(link, true),
            RouteNetlinkMessage::DelLink(link) if is_interface(link) => self.link(link, false),
            RouteNetlinkMessage::NewAddress(address) | RouteNetlinkMessage::DelAddress(address)
                if self.names.contains_key(&address.header.index) =>
            {
                self.news.push_back(Input::KernelChanged);
            }
            _ => {}
        }
    }

    fn link(&mut self, link: &LinkMessage, exists: bool) {
        let index = link.header.index;
        let named = link.attributes.iter().find_map(|attribute| match attribute {
            LinkAttribute::IfName(name) => InterfaceName::new(name).ok(),
            _ => None,
        });
        let before = self.names.remove(&index);
        if let Some(before) = before.filter(|before| !exists || named.as_ref() != Some(before)) {
            self.note(&before, false);
        }
        let Some(name) = named.filter(|name| exists && self.up.contains_key(name)) else {
            return;
        };
        self.names.insert(index, name.clone());
        self.note(&name, link.header.flags.contains(CARRIER));
    }

    fn note(&mut self, name: &InterfaceName, up: bool) {
        let known = self.up.get_mut(name);
        if let Some(known) = known.filter(|known| **known != Some(up)) {
            *known = Some(up);
            self.news.push_back(Input::LinkChanged { interface: name.clone(), up });
        }
    }
}

fn is_interface(link: &LinkMessage) -> bool {
    link.header.interface_family == AddressFamily::Unspec
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eth0() -> InterfaceName {
        InterfaceName::new("eth0").expect("a name")
    }

    fn known() -> Known {
        Known {
            up: [(eth0(), Some(true))].into(),
            names: [(2, eth0())].into(),
            news: VecDeque::new(),
        }
    }

    fn link(name: &str, flags: LinkFlags) -> LinkMessage {
        let mut link = LinkMessage::default();
        link.header.index = 2;
        link.header.flags = flags;
        link.attributes.push(LinkAttribute::IfName(name.to_owned()));
        link
    }

    fn changed(up: bool) -> Vec<Input> {
        vec![Input::LinkChanged { interface: eth0(), up }]
    }

    fn news(known: &mut Known) -> Vec<Input> {
        known.news.drain(..).collect()
    }

    #[test]
    fn carrier_is_told_once_per_change() {
        let mut known = known();
        for flags in [LinkFlags::Up | CARRIER, LinkFlags::Up, LinkFlags::Up] {
            known.hear(&RouteNetlinkMessage::NewLink(link("eth0", flags)));
        }
        assert_eq!(news(&mut known), changed(false));
    }

    #[test]
    fn a_port_that_leaves_a_bridge_is_not_gone() {
        let mut known = known();
        let mut port = link("eth0", LinkFlags::Up | CARRIER);
        port.header.interface_family = AddressFamily::Bridge;
        known.hear(&RouteNetlinkMessage::DelLink(port));
        assert_eq!(news(&mut known), []);
    }

    #[test]
    fn an_interface_that_is_renamed_or_removed_is_down() {
        let up = LinkFlags::Up | CARRIER;
        let mut renamed = known();
        renamed.hear(&RouteNetlinkMessage::NewLink(link("lan0", up)));
        assert_eq!(news(&mut renamed), changed(false));
        renamed.hear(&RouteNetlinkMessage::NewLink(link("eth0", up)));
        assert_eq!(news(&mut renamed), changed(true));
        let mut removed = known();
        removed.hear(&RouteNetlinkMessage::DelLink(link("eth0", LinkFlags::empty())));
        assert_eq!(news(&mut removed), changed(false));
    }

    #[test]
    fn addresses_of_other_interfaces_are_no_news() {
        let mut known = known();
        let mut address = netlink_packet_route::address::AddressMessage::default();
        address.header.index = 3;
        known.hear(&RouteNetlinkMessage::NewAddress(address.clone()));
        assert_eq!(news(&mut known), []);
        address.header.index = 2;
        known.hear(&RouteNetlinkMessage::DelAddress(address));
        assert_eq!(news(&mut known), [Input::KernelChanged]);
    }
}
