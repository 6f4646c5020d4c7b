//! The real servers of a service.

use super::forward::{self, Drafted};
use crate::address::{Endpoint, endpoint};
use crate::code::Code;
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::tree::Value;
use crate::value::{list, number};
use director_core::config::{Forward, Server, Thresholds, Tunnel, Weight};

pub(crate) const SERVER_KEYS: Keys = Keys {
    known: &["address", "weight", "forward", "tunnel", "upper-threshold", "lower-threshold"],
};
pub(super) const SERVER_EXAMPLE: &str = r#"{ address = "10.0.0.21", weight = 1 }"#;
/// The kernel multiplies a threshold by four before it divides (`ip_vs_core.c`).
const MOST_CONNECTIONS: i64 = 0x1fff_ffff;

/// The real servers of a service.
pub(crate) struct Servers {
    /// Those that could be read.
    pub(crate) list: Vec<ServerDraft>,
    /// Whether that is all of them.
    pub(crate) complete: bool,
}

/// A real server.
pub(crate) struct ServerDraft {
    pub(crate) endpoint: At<Endpoint>,
    pub(super) weight: Option<Weight>,
    /// `None` when it is wrong, `Some(None)` when it is the service's.
    pub(crate) forward: Option<Option<Forward>>,
    thresholds: Option<Thresholds>,
}

impl ServerDraft {
    pub(super) fn build(&self) -> Option<Server> {
        let (forward, thresholds) = (self.forward?, self.thresholds?);
        Some(Server { weight: self.weight?, forward, thresholds })
    }
}

/// Reads the list; `tunnel` is that of the service.
pub(super) fn servers(
    key: &str,
    value: &Value<'_>,
    tunnel: Option<Tunnel>,
    found: &mut Found<'_>,
) -> Option<Servers> {
    let values = list(key, value, found)?;
    let list: Vec<_> = values.iter().filter_map(|value| server(value, tunnel, found)).collect();
    Some(Servers { complete: list.len() == values.len(), list })
}

fn server(value: &Value<'_>, tunnel: Option<Tunnel>, found: &mut Found<'_>) -> Option<ServerDraft> {
    let title = "a real server".to_owned();
    let section = Section::open(title, value, &SERVER_KEYS, SERVER_EXAMPLE, found)?;
    let help = format!("write {SERVER_EXAMPLE}");
    let endpoint = section.need("address", &help, found, endpoint);
    let weight = section.read("weight", found, number::<u16>(0..=65535)).or(Weight::ONE.0);
    let forward: Drafted = forward::read(&section, found);
    Some(ServerDraft {
        endpoint: endpoint?,
        weight: weight.map(Weight),
        forward: forward.of_server(tunnel),
        thresholds: thresholds(&section, found),
    })
}

fn thresholds(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Thresholds> {
    let upper = section.read("upper-threshold", found, number::<u32>(1..=MOST_CONNECTIONS)).or(0);
    let lower = section.read("lower-threshold", found, number::<u32>(1..=MOST_CONNECTIONS));
    let lower = lower.or_at(0, &section.span);
    let (upper, lower) = (upper?, lower?);
    if upper == 0 && lower.value > 0 {
        let message = "`lower-threshold` has no effect without `upper-threshold`";
        let help = "name the number of connections from which the server gets no more";
        found.add(Code::NoEffect, &lower.span, message, help);
    } else if lower.value > upper {
        let message = format!("{} is more than the upper threshold {upper}", lower.value);
        let help = format!("write a number up to {upper}, or leave it out for three quarters");
        found.add(Code::OutOfRange, &lower.span, message, help);
    }
    Some(Thresholds { upper, lower: lower.value })
}
