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
    /// Where the virtual addresses belong.
    pub(crate) places: Vec<Place>,
    /// The virtual services by name, those that listen on an address.
    pub(crate) services: BTreeMap<String, Service>,
}

/// Where a virtual address belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The address.
    pub(crate) address: IpAddr,
    /// Its prefix length in bits.
    pub(crate) prefix: u8,
    /// The interface.
    pub(crate) interface: String,
}

impl Place {
    /// From `10.0.0.100/24 on lan`.
    fn read(line: &str) -> Option<Self> {
        let (cidr, interface) = line.split_once(" on ")?;
        let (address, prefix) = cidr.split_once('/')?;
        let (address, prefix) = (address.parse().ok()?, prefix.parse().ok()?);
        Some(Self { address, prefix, interface: interface.trim().to_owned() })
    }
}

/// A virtual service, as far as `ipvsadm` must be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    /// `tcp`, `udp` or `sctp`.
    protocol: String,
    /// `address:port`.
    pub(crate) listen: String,
    /// The forwarding method's word.
    forward: String,
    /// Its real servers.
    pub(crate) servers: Vec<SocketAddr>,
}

impl Service {
    /// The option that names it (ipvsadm(8)).
    pub(crate) fn flag(&self) -> &'static str {
        match self.protocol.as_str() {
            "udp" => "-u",
            "sctp" => "--sctp-service",
            _ => "-t",
        }
    }

    /// The option of its forwarding method (ipvsadm(8)).
    pub(crate) fn method(&self) -> &'static str {
        match self.forward.as_str() {
            "tunnel" => "-i",
            "nat" => "-m",
            _ => "-g",
        }
    }
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
            known.places.extend(Place::read(line));
        }
    }
    for (name, service) in entries(&table, "services") {
        let text = |key: &str| service.get(key).and_then(toml::Value::as_str);
        let Some(listen) = text("listen") else { continue };
        let listen = listen.to_owned();
        let protocol = text("protocol").unwrap_or("tcp");
        known.services.insert(
            name.clone(),
            Service {
                protocol: protocol.to_owned(),
                forward: text("forward").unwrap_or("direct").to_owned(),
                servers: servers(service, &listen),
                listen: listen.clone(),
            },
        );
        if let Some(fallback) = text("fallback").and_then(|text| text.parse::<SocketAddr>().ok()) {
            known.fallbacks.insert(listen, fallback);
        }
    }
    Ok(known)
}

/// The real servers of a service; one without a port has that of the service.
fn servers(service: &toml::Table, listen: &str) -> Vec<SocketAddr> {
    let port = listen.parse::<SocketAddr>().map_or(0, |listen| listen.port());
    let lines = service.get("servers").and_then(toml::Value::as_array);
    let lines = lines.into_iter().flatten().filter_map(|server| server.get("address")?.as_str());
    lines
        .filter_map(|line| {
            let alone = || Some(SocketAddr::new(line.parse().ok()?, port));
            line.parse().ok().or_else(alone)
        })
        .collect()
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
            listen = "10.0.0.100:53"
            protocol = "udp"
            fallback = "10.0.0.9:53"
            forward = "nat"
            servers = [{ address = "10.0.0.21" }, { address = "10.0.0.22:5353", weight = 3 }]
            "#,
        )
        .unwrap();
        assert_eq!(known.addresses.len(), 2);
        assert_eq!(known.key_file.as_deref(), Some("/etc/director/cluster.key"));
        assert_eq!(known.fallbacks["10.0.0.100:80"].port(), 80);
        assert_eq!(known.fallbacks["10.0.0.100:53"].port(), 53);
        let dns = &known.services["dns"];
        assert_eq!((dns.flag(), dns.method()), ("-u", "-m"));
        let ports: Vec<u16> = dns.servers.iter().map(std::net::SocketAddr::port).collect();
        assert_eq!(ports, [53, 5353]);
        assert_eq!((known.places[1].prefix, known.places[1].interface.as_str()), (64, "lan"));
    }

    #[test]
    fn what_is_not_toml_is_an_error_that_names_the_place() {
        assert!(read("[cluster\n").unwrap_err().contains("line 1"));
    }
}
