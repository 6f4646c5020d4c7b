//! `sync` of `[cluster]`: connections survive a takeover.

use super::refresh_or_off;
use crate::code::Code;
use crate::duration::at_least;
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::service::settings::seconds;
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::{name, number, text};
use director_core::config::{SyncDaemon, SyncSettings};
use director_core::name::InterfaceName;
use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

pub(crate) const KEYS: Keys = Keys {
    known: &[
        "interface",
        "id",
        "group",
        "port",
        "ttl",
        "max-payload",
        "threshold",
        "period",
        "refresh",
        "retries",
        "warm",
    ],
};
const EXAMPLE: &str = r#"sync = { interface = "eth1" }"#;
/// The kernel's own group (`ip_vs_sync.c`).
const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 81));

/// Often enough for a failback half a minute after the return, and once in a while for the network.
const REFRESH: Duration = Duration::from_secs(10);

/// What `sync` says, as far as it is valid.
pub(crate) struct Draft {
    pub(crate) interface: At<InterfaceName>,
    sync: Option<SyncSettings>,
}

impl Draft {
    pub(super) fn read(value: &Value<'_>, found: &mut Found<'_>) -> Option<Self> {
        let title = "`sync` of [cluster]".to_owned();
        let section = Section::open(title, value, &KEYS, EXAMPLE, found)?;
        let help = format!("name the interface over which connections are told of: {EXAMPLE}");
        let interface = section.need("interface", &help, found, name(InterfaceName::new));
        let daemon = daemon(&section, interface.as_ref(), found);
        let threshold = section.read("threshold", found, number::<u16>(1..=65535)).or(3);
        let period = section.read("period", found, number::<u16>(0..=65535));
        let period = period.or_at(50, &section.span);
        if let (Some(threshold), Some(period)) = (threshold, &period)
            && period.value > 0
            && period.value <= threshold
        {
            let message = format!("a period of {} packets ends before it begins", period.value);
            let help = format!("write more than the threshold, {threshold}, or 0 for only once");
            found.add(Code::OutOfRange, &period.span, message, help);
        }
        // Who counts in packets wants no seconds.
        let usual = section.entry("period").is_none().then_some(REFRESH);
        let refresh = section
            .read("refresh", found, |key, value, found| refresh_or_off(key, value, found, seconds))
            .or(usual);
        let warm = section.read("warm", found, at_least(Duration::ZERO));
        let warm = warm.or_else(|| refresh.map(SyncSettings::warm_by_default));
        // The kernel takes no more (`ip_vs_ctl.c`).
        let retries = section.read("retries", found, number::<u8>(0..=3)).or(0);
        let sync = || {
            let (daemon, threshold, period) = (daemon?, threshold?, period?.value);
            let (refresh, retries, warm) = (refresh?, retries?, warm?);
            Some(SyncSettings { daemon, threshold, period, refresh, retries, warm })
        };
        Some(Self { interface: interface?, sync: sync() })
    }

    pub(super) fn build(self) -> Option<SyncSettings> {
        self.sync
    }
}

fn daemon(
    section: &Section<'_, '_>,
    interface: Option<&At<InterfaceName>>,
    found: &mut Found<'_>,
) -> Option<SyncDaemon> {
    let id = section.read("id", found, number::<u8>(0..=255)).or(1);
    let group = section.read("group", found, group).or(GROUP);
    let port = section.read("port", found, number::<u16>(1..=65535)).or(8848);
    let ttl = section.read("ttl", found, number::<u8>(1..=255)).or(1);
    let payload = section.read("max-payload", found, number::<u16>(1..=65507)).given_or_absent();
    Some(SyncDaemon {
        interface: interface?.value.clone(),
        id: id?,
        group: group?,
        port: NonZeroU16::new(port?)?,
        ttl: NonZeroU8::new(ttl?)?,
        max_payload: payload?.and_then(NonZeroU16::new),
    })
}

fn group(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<IpAddr> {
    let text = text(key, value, found)?;
    let group = text.parse::<IpAddr>().ok().filter(IpAddr::is_multicast);
    if group.is_none() {
        let message = format!("{} is not a multicast address", quote(text));
        let help = format!("write one such as \"{GROUP}\"");
        found.add(Code::BadAddress, &value.span, message, help);
    }
    group
}
