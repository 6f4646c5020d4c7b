//! `override` of `[nodes.NAME]`: what one director has otherwise than the others.

use crate::cluster::{FENCE_TIMEOUT, NOTIFY_TIMEOUT};
use crate::found::{At, Found};
use crate::hook::hook;
use crate::operations;
use crate::section::{Keys, Section};
use crate::tree::{Entry, Kind, Value};
use crate::value::{name, named, wrong_type};
use director_core::config::Overrides;
use director_core::name::InterfaceName;

pub(crate) const KEYS: Keys =
    Keys { known: &["interfaces", "fence", "notify", "telemetry", "api", "maintenance"] };

const EXAMPLE: &str = r#"override = { interfaces = { eth0 = "ens3" } }"#;

/// An interface: what all call it, and what the node calls it.
type Renamed = (At<InterfaceName>, At<InterfaceName>);

pub(crate) fn read(
    key: &str,
    value: &Value<'_>,
    found: &mut Found<'_>,
) -> Option<(Vec<Renamed>, Overrides)> {
    let section = Section::open(format!("`{key}`"), value, &KEYS, EXAMPLE, found)?;
    let interfaces = section.read("interfaces", found, interfaces).or_else(|| Some(Vec::new()));
    let fence = section.read("fence", found, hook(FENCE_TIMEOUT)).given_or_absent();
    let notify = section.read("notify", found, hook(NOTIFY_TIMEOUT)).given_or_absent();
    let operations = operations::read(&section, found);
    let interfaces = interfaces?;
    let own = Overrides {
        interfaces: interfaces
            .iter()
            .map(|(common, own)| (common.value.clone(), own.value.clone()))
            .collect(),
        fence: fence?,
        notify: notify?,
        operations: operations?,
    };
    Some((interfaces, own))
}

fn interfaces(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Vec<Renamed>> {
    let Kind::Table(entries) = &value.kind else {
        let help = r#"write interfaces = { eth0 = "ens3" }"#;
        wrong_type(key, "a table", help, value, found);
        return None;
    };
    let read = |entry: &Entry<'_>| {
        let common = named(entry.key, &entry.key_span, InterfaceName::new, found);
        let own = name(InterfaceName::new)(entry.key, &entry.value, found);
        let own = At::new(own?, entry.value.span.clone());
        Some((At::new(common?, entry.key_span.clone()), own))
    };
    let renamed: Vec<Renamed> = entries.iter().filter_map(read).collect();
    (renamed.len() == entries.len()).then_some(renamed)
}
