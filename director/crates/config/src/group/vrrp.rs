//! `vrrp` of `[groups.NAME]`: the owner is elected by VRRP.

use crate::address::host;
use crate::code::Code;
use crate::duration::{at_least, format_duration};
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::{boolean, choice, list, name, number, text};
use director_core::config::{
    AdvertInterval, AdvertMac, Coverage, Dialect, Password, VirtualAddress, Vrrp, VrrpVersion,
};
use director_core::name::{InterfaceName, NodeName};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::time::Duration;

pub(crate) const KEYS: Keys = Keys {
    known: &[
        "id",
        "version",
        "interface",
        "interval",
        "preempt",
        "preempt-delay",
        "owner",
        "peers",
        "password",
        "checksum",
        "accept",
        "virtual-mac",
        "advert-mac",
    ],
};
const EXAMPLE: &str = "vrrp = { id = 51 }";
const SECOND: Duration = Duration::from_secs(1);

/// What `vrrp` says, as far as it is valid.
pub(crate) struct Draft {
    pub(crate) id: Option<At<NonZeroU8>>,
    pub(crate) version: Option<VrrpVersion>,
    pub(crate) interface: Option<At<InterfaceName>>,
    /// `None` inside when there is none, outside when it was wrong.
    pub(crate) owner: Option<Option<At<NodeName>>>,
    pub(crate) peers: Option<Vec<At<IpAddr>>>,
    pub(crate) checksum: Option<At<Coverage>>,
    /// As `owner`.
    pub(crate) mac: Option<Option<At<AdvertMac>>>,
    accept: Option<bool>,
    interval: Option<AdvertInterval>,
    preempt: Option<Option<Duration>>,
    dialect: Option<Dialect>,
}

impl Draft {
    pub(super) fn read(
        group: &str,
        value: &Value<'_>,
        addresses: &[At<VirtualAddress>],
        found: &mut Found<'_>,
    ) -> Option<Self> {
        let title = format!("`vrrp` of [groups.{group}]");
        let section = Section::open(title, value, &KEYS, EXAMPLE, found)?;
        let help = format!("give the virtual router its number, 1 to 255: {EXAMPLE}");
        let id = section.need("id", &help, found, number::<u8>(1..=255));
        let versions = [(2, VrrpVersion::V2), (3, VrrpVersion::V3)];
        let version = section.read("version", found, number::<u8>(2..=3)).or(3);
        let version = version.and_then(|number| {
            versions.iter().find(|(known, _)| *known == number).map(|(_, version)| *version)
        });
        let checksum = section.read("checksum", found, choice(&CHECKSUMS)).at_or_absent();
        Some(Self {
            id: id.and_then(|at| Some(At::new(NonZeroU8::new(at.value)?, at.span))),
            interface: interface(&section, addresses, found),
            owner: section.read("owner", found, name(NodeName::new)).at_or_absent(),
            peers: section.read("peers", found, peers).or(Vec::new()),
            interval: version.and_then(|version| interval(&section, version, found)),
            preempt: preempt(&section, found),
            dialect: version
                .zip(checksum.as_ref())
                .and_then(|(version, checksum)| dialect(&section, version, checksum, found)),
            mac: mac(&section, found),
            accept: section.read("accept", found, boolean).or(true),
            checksum: checksum.flatten(),
            version,
        })
    }

    pub(super) fn build(self) -> Option<Vrrp> {
        Some(Vrrp {
            router: self.id?.value,
            interface: self.interface?.value,
            dialect: self.dialect?,
            interval: self.interval?,
            preempt: self.preempt?,
            owner: self.owner?.map(|at| at.value),
            mac: self.mac?.map(|at| at.value),
            accept: self.accept?,
            peers: self.peers?.into_iter().map(|at| at.value).collect(),
        })
    }
}

const CHECKSUMS: [(&str, Coverage); 2] =
    [("message", Coverage::Message), ("pseudo-header", Coverage::PseudoHeader)];

/// Named, or else that of the addresses when they are all on one.
fn interface(
    section: &Section<'_, '_>,
    addresses: &[At<VirtualAddress>],
    found: &mut Found<'_>,
) -> Option<At<InterfaceName>> {
    let named = section.read("interface", found, name(InterfaceName::new)).at_or_absent()?;
    if named.is_some() {
        return named;
    }
    let interfaces: BTreeSet<_> = addresses.iter().map(|at| &at.value.interface).collect();
    match interfaces.len() {
        0 => None,
        1 => Some(At::new((*interfaces.first()?).clone(), section.span.clone())),
        _ => {
            let message = "the addresses are on several interfaces: which one do adverts leave by?";
            let help = format!("name it: {{ interface = \"{}\" }}", interfaces.first()?);
            found.add(Code::MissingKey, &section.span, message.to_owned(), help);
            None
        }
    }
}

fn interval(
    section: &Section<'_, '_>,
    version: VrrpVersion,
    found: &mut Found<'_>,
) -> Option<AdvertInterval> {
    let least = Duration::from_millis(10);
    let read = section.read("interval", found, at_least(least));
    let at = read.or_at(SECOND, &section.span)?;
    let centiseconds = u16::try_from(at.value.as_millis() / 10).ok();
    let whole = at.value.as_nanos().is_multiple_of(10_000_000);
    let interval = centiseconds
        .filter(|_| whole)
        .and_then(|centiseconds| AdvertInterval::new(version, centiseconds));
    if interval.is_none() {
        let message = format!(
            "VRRP version {version} cannot say an interval of {}",
            format_duration(at.value)
        );
        let help = match version {
            VrrpVersion::V2 => "write whole seconds from \"1s\" to \"255s\", or version = 3",
            VrrpVersion::V3 => "write hundredths of a second from \"10ms\" to \"40.95s\"",
        };
        found.add(Code::OutOfRange, &at.span, message, help);
    }
    interval
}

fn preempt(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Option<Duration>> {
    let preempts = section.read("preempt", found, boolean).or(true);
    let delay = section.read("preempt-delay", found, at_least(Duration::ZERO)).at_or_absent();
    let (preempts, delay) = (preempts?, delay?);
    if let (false, Some(delay)) = (preempts, &delay) {
        let message = "`preempt-delay` has no effect with `preempt = false`".to_owned();
        found.add(Code::NoEffect, &delay.span, message, "leave one of them out");
    }
    Some(preempts.then(|| delay.map_or(Duration::ZERO, |at| at.value)))
}

fn dialect(
    section: &Section<'_, '_>,
    version: VrrpVersion,
    checksum: &Option<At<Coverage>>,
    found: &mut Found<'_>,
) -> Option<Dialect> {
    let password = section.read("password", found, password).at_or_absent()?;
    match version {
        VrrpVersion::V2 => {
            if let Some(checksum) = checksum {
                let message = "the checksum of VRRP version 2 has no choice".to_owned();
                found.add(Code::NoEffect, &checksum.span, message, "leave `checksum` out");
            }
            Some(Dialect::V2 { password: password.map(|at| at.value) })
        }
        VrrpVersion::V3 => {
            if let Some(password) = password {
                let message = "VRRP version 3 has no authentication".to_owned();
                let help = "leave `password` out, or write version = 2 if the other routers do";
                found.add(Code::NoEffect, &password.span, message, help);
            }
            let coverage = checksum.as_ref().map_or(Coverage::PseudoHeader, |at| at.value);
            Some(Dialect::V3 { coverage })
        }
    }
}

fn password(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Password> {
    let given = text(key, value, found)?;
    let password = Password::new(given);
    if password.is_none() {
        let message = format!("a password of {} bytes does not fit", given.len());
        found.add(Code::BadText, &value.span, message, "write one to eight bytes");
    }
    password
}

fn peers(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Vec<At<IpAddr>>> {
    let values = list(key, value, found)?;
    if values.is_empty() {
        let message = format!("{} has nobody", quote(key));
        let help = "leave it out to send adverts to everybody, or name the other routers";
        found.add(Code::OutOfRange, &value.span, message, help);
        return None;
    }
    let read = |value: &Value<'_>| Some(At::new(host(key, value, found)?, value.span.clone()));
    let peers: Vec<At<IpAddr>> = values.iter().filter_map(read).collect();
    (peers.len() == values.len()).then_some(peers)
}

const ADVERT_MACS: [(&str, AdvertMac); 2] =
    [("virtual", AdvertMac::Virtual), ("interface", AdvertMac::Interface)];

/// Whether the addresses have the virtual router's hardware address, and the adverts too.
fn mac(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Option<At<AdvertMac>>> {
    let wanted = section.read("virtual-mac", found, boolean).at_or_absent();
    let adverts = section.read("advert-mac", found, choice(&ADVERT_MACS)).at_or_absent();
    let (wanted, adverts) = (wanted?, adverts?);
    let Some(wanted) = wanted.filter(|wanted| wanted.value) else {
        if let Some(adverts) = adverts {
            let message = "`advert-mac` has no effect without `virtual-mac = true`".to_owned();
            found.add(Code::NoEffect, &adverts.span, message, "leave it out");
        }
        return Some(None);
    };
    let value = adverts.map_or(AdvertMac::Virtual, |adverts| adverts.value);
    Some(Some(At::new(value, wanted.span)))
}
