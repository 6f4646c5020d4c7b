//! `[nodes.NAME]`: the directors.

use crate::address::host;
use crate::found::{At, Found};
use crate::overrides;
use crate::section::{Keys, Section};
use crate::source::Span;
use crate::tree::{Entry, Kind, Value};
use crate::value::{named, number, wrong_type};
use director_core::config::{Node, Overrides, Priority};
use director_core::name::{InterfaceName, NodeName};
use std::net::IpAddr;

pub(crate) const KEYS: Keys = Keys { known: &["addresses", "priority", "override"] };

/// What `[nodes.NAME]` says, as far as it is valid.
pub(crate) struct Draft {
    pub(crate) span: Span,
    pub(crate) name: NodeName,
    /// The addresses that could be read.
    pub(crate) addresses: Vec<Address>,
    /// Whether that is all of them.
    pub(crate) complete: bool,
    priority: Option<Priority>,
    overrides: Option<Overrides>,
    /// What its interfaces are called here, by what they are called everywhere.
    pub(crate) interfaces: Vec<(At<InterfaceName>, At<InterfaceName>)>,
}

/// An address on an interface.
pub(crate) struct Address {
    pub(crate) interface: At<InterfaceName>,
    pub(crate) address: At<IpAddr>,
}

impl Draft {
    pub(crate) fn read(entry: &Entry<'_>, found: &mut Found<'_>) -> Option<Self> {
        let name = named(entry.key, &entry.key_span, NodeName::new, found);
        let title = format!("[nodes.{}]", entry.key);
        let example = "[nodes.d1] on a line of its own, with its keys under it";
        let section = Section::open(title, &entry.value, &KEYS, example, found)?;
        let help = r#"give its address on each link: addresses = { eth0 = "10.0.0.11" }"#;
        let addresses = section.need("addresses", help, found, addresses);
        let help = "write priority = 1 (least preferred as owner) to 254 (most)";
        let priority = section.need("priority", help, found, number::<u8>(1..=254));
        let read =
            section.read("override", found, overrides::read).or_else(|| Some(<_>::default()));
        let (interfaces, overrides) = read.map_or((Vec::new(), None), |(it, own)| (it, Some(own)));
        let (addresses, complete) = addresses.map_or((Vec::new(), false), |at| at.value);
        Some(Self {
            span: section.span,
            name: name?,
            addresses,
            complete,
            priority: priority.and_then(|at| Priority::new(at.value)),
            overrides,
            interfaces,
        })
    }

    pub(crate) fn has(&self, interface: &InterfaceName) -> bool {
        self.addresses.iter().any(|address| address.interface.value == *interface)
    }

    pub(crate) fn build(self) -> Option<(NodeName, Node)> {
        let addresses = self.addresses.into_iter();
        let addresses = addresses.map(|it| (it.interface.value, it.address.value)).collect();
        let node = Node { addresses, priority: self.priority?, overrides: self.overrides? };
        self.complete.then_some((self.name, node))
    }
}

fn addresses(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<(Vec<Address>, bool)> {
    let Kind::Table(entries) = &value.kind else {
        let help = r#"write addresses = { eth0 = "10.0.0.11" }"#;
        wrong_type(key, "a table", help, value, found);
        return None;
    };
    let read = |entry: &Entry<'_>| {
        let interface = named(entry.key, &entry.key_span, InterfaceName::new, found);
        let address = host(entry.key, &entry.value, found);
        Some(Address {
            interface: At::new(interface?, entry.key_span.clone()),
            address: At::new(address?, entry.value.span.clone()),
        })
    };
    let addresses: Vec<Address> = entries.iter().filter_map(read).collect();
    let complete = addresses.len() == entries.len();
    Some((addresses, complete))
}
