//! `[groups.NAME]`: virtual addresses that move together.

use crate::address::virtual_address;
use crate::code::Code;
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::{Entry, Value};
use crate::value::{list, named};
use director_core::config::{Group, VirtualAddress};
use director_core::name::GroupName;

pub(crate) const KEYS: Keys = Keys { known: &["addresses"], later: &[("vrrp", "VRRP")] };
const HELP: &str = r#"give it at least one: addresses = ["10.0.0.100/24 on eth0"]"#;

/// What `[groups.NAME]` says, as far as it is valid.
pub(crate) struct Draft {
    pub(crate) name: GroupName,
    /// The addresses that could be read.
    pub(crate) addresses: Vec<At<VirtualAddress>>,
    /// Whether that is all of them.
    pub(crate) complete: bool,
}

impl Draft {
    pub(crate) fn read(entry: &Entry<'_>, found: &mut Found<'_>) -> Option<Self> {
        let name = named(entry.key, &entry.key_span, GroupName::new, found);
        let title = format!("[groups.{}]", entry.key);
        let example = "[groups.web] on a line of its own, with addresses under it";
        let section = Section::open(title, &entry.value, &KEYS, example, found)?;
        let addresses = section.need("addresses", HELP, found, |key, value, found| {
            addresses(entry.key, key, value, found)
        });
        let (addresses, complete) = addresses.map_or((Vec::new(), false), |at| at.value);
        Some(Self { name: name?, addresses, complete })
    }

    pub(crate) fn build(self) -> Option<(GroupName, Group)> {
        let addresses = self.addresses.into_iter().map(|address| address.value).collect();
        self.complete.then_some((self.name, Group { addresses }))
    }
}

fn addresses(
    group: &str,
    key: &str,
    value: &Value<'_>,
    found: &mut Found<'_>,
) -> Option<(Vec<At<VirtualAddress>>, bool)> {
    let values = list(key, value, found)?;
    if values.is_empty() {
        let message = format!("group {} has no addresses", quote(group));
        found.add(Code::EmptyGroup, &value.span, message, HELP);
        return None;
    }
    let read = |value: &Value<'_>| {
        let address = virtual_address("addresses", value, found)?;
        Some(At::new(address, value.span.clone()))
    };
    let addresses: Vec<_> = values.iter().filter_map(read).collect();
    let complete = addresses.len() == values.len();
    Some((addresses, complete))
}
