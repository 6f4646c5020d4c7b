//! The few facts of a director's configuration that its surroundings must know.
//!
//! The director itself reads and checks the file; this reading is lenient on purpose, so that the
//! lab can also show how the director meets a broken file.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// What the lab needs of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The virtual addresses of every group, in the order of the file.
    pub(crate) addresses: Vec<IpAddr>,
    /// The file of the cluster key.
    pub(crate) key_file: Option<String>,
    /// `address:port` of each virtual service to its fallback server.
    pub(crate) fallbacks: BTreeMap<String, SocketAddr>,
}

/// Reads a configuration; the error says what is not TOML about it.
pub(crate) fn read(text: &str) -> Result<Known, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut known = Known {
        key_file: lookup(&table, &["cluster", "key-file"])
            .and_then(toml::Value::as_str)
            .map(str::to_owned),
        ..Known::default()
    };
    for group in entries(&table, "groups") {
        let addresses = group.1.get("addresses").and_then(toml::Value::as_array);
        for line in addresses.into_iter().flatten().filter_map(toml::Value::as_str) {
            let address = line.split([' ', '/']).next().unwrap_or_default();
            known.addresses.extend(address.parse::<IpAddr>());
        }
    }
    for (_, service) in entries(&table, "services") {
        let text = |key: &str| service.get(key).and_then(toml::Value::as_str);
        let Some(listen) = text("listen") else { continue };
        let listen = listen.rsplit(' ').next().unwrap_or(listen).to_owned();
        if let Some(fallback) = text("fallback").and_then(|text| text.parse::<SocketAddr>().ok()) {
            known.fallbacks.insert(listen, fallback);
        }
    }
    Ok(known)
}

fn lookup<'a>(table: &'a toml::Table, path: &[&str]) -> Option<&'a toml::Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(*first)?;
    if rest.is_empty() { Some(value) } else { lookup(value.as_table()?, rest) }
}

fn entries<'a>(
    table: &'a toml::Table,
    key: &str,
) -> impl Iterator<Item = (&'a String, &'a toml::Table)> {
    table
        .get(key)
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name, value.as_table()?)))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_facts_of_a_configuration_are_found() {
        let known = read(
            r#"
            [cluster]
            key-file = "/etc/director/cluster.key"
            [groups.web]
            addresses = ["10.0.0.100/24 on lan", "2001:db8::100/64 on lan"]
            [services.http]
            listen = "10.0.0.100:80"
            fallback = "127.0.0.1:80"
            [services.dns]
            listen = "udp 10.0.0.100:53"
            fallback = "10.0.0.9:53"
            "#,
        )
        .unwrap();
        assert_eq!(known.addresses.len(), 2);
        assert_eq!(known.key_file.as_deref(), Some("/etc/director/cluster.key"));
        assert_eq!(known.fallbacks["10.0.0.100:80"].port(), 80);
        assert_eq!(known.fallbacks["10.0.0.100:53"].port(), 53);
    }

    #[test]
    fn what_is_not_toml_is_an_error_that_names_the_place() {
        assert!(read("[cluster\n").unwrap_err().contains("line 1"));
    }
}
