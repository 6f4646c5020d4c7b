//! The names that a director's configuration brings into a scenario.

use crate::parse_duration;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;
use toml_edit::{Document, Item, TableLike};

/// What expectations may refer to. Whether the configuration is valid is not judged here; that is
/// the configuration crate's work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The virtual addresses of all groups.
    pub addresses: BTreeSet<IpAddr>,
    /// The groups.
    pub groups: BTreeSet<String>,
    /// The virtual services by name, with what they listen on where it is an address.
    pub services: BTreeMap<String, Option<String>>,
    /// The longest that a configuration lets pass between two comparisons with the kernel, where
    /// one of them says so (`cluster.resync`).
    pub resync: Option<Duration>,
}

impl Facts {
    /// From the text of a `director.toml`; nothing when it is not TOML.
    pub fn of(text: &str) -> Option<Self> {
        let document = Document::parse(text).ok()?;
        let table = |key: &str| document.as_table().get(key).and_then(Item::as_table_like);
        let mut facts = Self::default();
        for (name, group) in table("groups").into_iter().flat_map(TableLike::iter) {
            facts.groups.insert(name.to_owned());
            let addresses = group.get("addresses").and_then(Item::as_array);
            for address in addresses.into_iter().flatten() {
                let word = address.as_str().and_then(|text| text.split(['/', ' ']).next());
                facts.addresses.extend(word.and_then(|word| word.parse::<IpAddr>().ok()));
            }
        }
        for (name, service) in table("services").into_iter().flat_map(TableLike::iter) {
            let listen = service.get("listen").and_then(Item::as_str).map(str::to_owned);
            facts.services.insert(name.to_owned(), listen);
        }
        let cluster = table("cluster").and_then(|cluster| cluster.get("resync"));
        let resync = cluster.and_then(Item::as_str).and_then(|text| parse_duration(text).ok());
        facts.resync = resync;
        Some(facts)
    }

    /// Adds another configuration's names.
    pub fn merge(&mut self, other: Self) {
        self.addresses.extend(other.addresses);
        self.groups.extend(other.groups);
        self.services.extend(other.services);
        self.resync = self.resync.max(other.resync);
    }

    /// The name of a service that is given by name or by what it listens on.
    pub fn service<'a>(&'a self, given: &'a str) -> &'a str {
        let named = self.services.iter().find(|(_, listen)| listen.as_deref() == Some(given));
        named.map_or(given, |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_groups_and_services() {
        let text = r#"
            [groups.web]
            addresses = ["10.0.0.100/24 on lan", "2001:db8::100/64 on lan"]
            [services.http]
            listen = "10.0.0.100:80"
            [services.marked]
            fwmark = 7
        "#;
        let facts = Facts::of(text).unwrap();
        assert_eq!(facts.addresses.len(), 2);
        assert!(facts.groups.contains("web"));
        assert_eq!(facts.service("10.0.0.100:80"), "http");
        assert_eq!(facts.service("marked"), "marked");
        assert_eq!(Facts::of("= nonsense"), None);
    }
}
