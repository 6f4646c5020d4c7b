//! `vrrp` of a group as text.

use super::{Pairs, quoted};
use director_core::config::{AdvertMac, Coverage, Dialect, Vrrp};
use std::time::Duration;

pub(super) fn inline(vrrp: &Vrrp) -> String {
    let mut pairs = Pairs::new();
    pairs.raw("id", vrrp.router);
    pairs.raw("version", vrrp.version());
    pairs.text("interface", &vrrp.interface);
    pairs.duration("interval", vrrp.interval.duration());
    pairs.raw("preempt", vrrp.preempt.is_some());
    if let Some(delay) = vrrp.preempt.filter(|delay| *delay > Duration::ZERO) {
        pairs.duration("preempt-delay", delay);
    }
    if let Some(owner) = &vrrp.owner {
        pairs.text("owner", owner);
    }
    if !vrrp.peers.is_empty() {
        let peers: Vec<String> = vrrp.peers.iter().map(|it| quoted(&it.to_string())).collect();
        pairs.raw("peers", format!("[{}]", peers.join(", ")));
    }
    if let Some(mac) = vrrp.mac {
        pairs.raw("virtual-mac", true);
        if mac == AdvertMac::Interface {
            pairs.text("advert-mac", "interface");
        }
    }
    if !vrrp.accept {
        pairs.raw("accept", false);
    }
    match vrrp.dialect {
        Dialect::V2 { password: Some(password) } => {
            let text = String::from_utf8_lossy(&password.0);
            pairs.text("password", text.trim_end_matches('\0'));
        }
        Dialect::V3 { coverage: Coverage::Message } => pairs.text("checksum", "message"),
        Dialect::V2 { password: None } | Dialect::V3 { coverage: Coverage::PseudoHeader } => {}
    }
    pairs.inline()
}
