//! What a virtual router sends.

use super::machine::RELEASE;
use super::router::Router;
use crate::advert::Advert;
use crate::cluster::Out;
use crate::config::{AdvertMac, Coverage, Dialect, VirtualMac, everybody};
use crate::effect::Effect;
use crate::report::Role;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

impl Router {
    /// An advert with this priority, to everybody or to each peer.
    pub(super) fn advertise(&mut self, priority: u8, out: &mut Out) {
        if self.is_blind() && priority != RELEASE {
            return;
        }
        let (password, coverage) = match self.settings.dialect {
            Dialect::V2 { password } => (password, Coverage::Message),
            Dialect::V3 { coverage } => (None, coverage),
        };
        let mut addresses: Vec<IpAddr> = self.addresses.iter().map(|it| it.address).collect();
        // The link-local address comes first (RFC 9568 §5.2.9).
        addresses.sort_by_key(
            |address| !matches!(address, IpAddr::V6(six) if six.is_unicast_link_local()),
        );
        let Some(like) = addresses.first().copied() else { return };
        let advert = Arc::new(Advert {
            version: self.settings.version(),
            router: self.settings.router,
            priority,
            interval: self.settings.interval,
            addresses,
            password,
        });
        // Switches send to where the virtual router's hardware address was seen last: who does not
        // hold the addresses must not be seen with it.
        let by_virtual = self.settings.mac == Some(AdvertMac::Virtual) && self.role == Role::Active;
        let mac = by_virtual.then_some(VirtualMac(self.settings.router));
        let count = &mut self.count;
        let mut send = |to: IpAddr, mac: Option<VirtualMac>| {
            count.sent += 1;
            let (interface, advert) = (self.settings.interface.clone(), Arc::clone(&advert));
            out.effects.push_back(Effect::Advertise { interface, to, advert, coverage, mac });
        };
        if self.settings.peers.is_empty() {
            send(everybody(like), mac);
        } else {
            let others = self.settings.peers.iter().filter(|it| !self.own.addresses.contains(it));
            others.copied().for_each(|peer| send(peer, None));
        }
    }
}
