//! `[groups.NAME]`: virtual addresses that move together.

pub(crate) mod vrrp;

use crate::address::virtual_address;
use crate::code::Code;
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::{Entry, Kind, Value};
use crate::value::{list, named, number, wrong_type};
use director_core::config::{Group, Priority, VirtualAddress, VirtualMac, Vrrp};
use director_core::name::{GroupName, NodeName};

pub(crate) const KEYS: Keys = Keys { known: &["addresses", "priorities", "vrrp"] };
const HELP: &str = r#"give it at least one: addresses = ["10.0.0.100/24 on eth0"]"#;

/// What `[groups.NAME]` says, as far as it is valid.
pub(crate) struct Draft {
    pub(crate) name: GroupName,
    /// The addresses that could be read.
    pub(crate) addresses: Vec<At<VirtualAddress>>,
    /// Whether that is all of them.
    pub(crate) complete: bool,
    /// `None` when some priority could not be read.
    pub(crate) priorities: Option<Vec<(At<NodeName>, Priority)>>,
    /// `None` inside when there is none, outside when it was wrong.
    pub(crate) vrrp: Option<Option<vrrp::Draft>>,
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
        let priorities = section.read("priorities", found, priorities).or(Vec::new());
        let (addresses, complete) = addresses.map_or((Vec::new(), false), |at| at.value);
        let vrrp = section.read("vrrp", found, |_, value, found| {
            vrrp::Draft::read(entry.key, value, &addresses, found)
        });
        let vrrp = vrrp.given_or_absent();
        Some(Self { name: name?, addresses, complete, priorities, vrrp })
    }

    pub(crate) fn build(self) -> Option<(GroupName, Group)> {
        let priorities = self.priorities?.into_iter().map(|(node, it)| (node.value, it)).collect();
        let vrrp = match self.vrrp? {
            Some(draft) => Some(draft.build()?),
            None => None,
        };
        let router = vrrp.as_ref().filter(|vrrp: &&Vrrp| vrrp.mac.is_some());
        let mac = router.map(|vrrp| VirtualMac(vrrp.router));
        let addresses = self.addresses.into_iter();
        let addresses = addresses.map(|at| VirtualAddress { mac, ..at.value }).collect();
        self.complete.then_some((self.name, Group { addresses, priorities, vrrp }))
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

/// Who is preferred for this group, and how much.
fn priorities(
    key: &str,
    value: &Value<'_>,
    found: &mut Found<'_>,
) -> Option<Vec<(At<NodeName>, Priority)>> {
    let Kind::Table(entries) = &value.kind else {
        wrong_type(key, "a table", "write priorities = { d2 = 200 }", value, found);
        return None;
    };
    let read = |entry: &Entry<'_>| {
        let node = named(entry.key, &entry.key_span, NodeName::new, found);
        let priority = number::<u8>(1..=254)(entry.key, &entry.value, found);
        Some((At::new(node?, entry.key_span.clone()), Priority::new(priority?)?))
    };
    let priorities: Vec<_> = entries.iter().filter_map(read).collect();
    (priorities.len() == entries.len()).then_some(priorities)
}
