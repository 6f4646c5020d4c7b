//! Traps of alerts.

use super::{Found, Trap};
use director_core::config::{Config, Means, Security};
use std::net::IpAddr;

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    for (name, alert) in &config.alerts {
        let name = name.as_str();
        let (path, host, secret) = match &alert.means {
            Means::Command(_) => continue,
            Means::Mail(mail) => {
                (["alerts", name, "mail"], &mail.host, mail.security != Security::Off)
            }
            Means::Webhook(webhook) => (["alerts", name, "webhook"], &webhook.host, webhook.tls),
        };
        let address: Option<IpAddr> = host.parse().ok();
        let held = |address: IpAddr| {
            let groups = config.groups.values();
            groups.flat_map(|group| &group.addresses).any(|held| held.address == address)
        };
        if address.is_some_and(held) {
            let message = format!("alerts of {name} go to the virtual address {host}");
            found.add(Trap::AlertThroughItself, &path, message);
        }
        let here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        if !secret && !here {
            let message = format!("alerts of {name} go to {host} readable for everybody");
            found.add(Trap::AlertInTheClear, &path, message);
        }
    }
}
