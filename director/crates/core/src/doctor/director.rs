//! What would bite on a director.

use super::{Answer, Facts, Finding, Interface, Mac, Severity};
use crate::config::{Config, Forward, Service, VirtualAddress};
use crate::name::{InterfaceName, NodeName};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Bytes of the outer IPv4 header (RFC 2003 §3).
const OUTER: u32 = 20;
/// Bytes of the outer IPv6 header (RFC 8200 §3).
const OUTER6: u32 = 40;
/// From here on `arp_ignore` has no address answered for (`arp_ignore` in `net/ipv4/arp.c`).
const ANSWERS_NOTHING: i64 = 8;
/// Files that a director needs beside its checks: sockets, logs, libraries.
const BASE_FILES: u64 = 64;

/// What would bite on the director `node`.
#[must_use]
pub fn director(config: &Config, node: &NodeName, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(answers(config, node, facts));
    findings.extend(forwarding(config, facts));
    findings.extend(redirects(config, facts));
    findings.extend(reverse_path(config, facts));
    findings.extend(tunnel_size(config, facts));
    findings.extend(unanswered(config, facts));
    findings.extend(without_ipv6(config, facts));
    findings.extend(advertisements(config, facts));
    findings.extend(open_files(config, facts));
    findings
}

fn services(config: &Config, forward: Forward) -> Vec<&Service> {
    config.services.values().filter(|service| service.forward == forward).collect()
}

/// Everybody whose MAC address could be learned, by name.
struct Known(BTreeMap<Mac, BTreeSet<String>>);

impl Known {
    fn of(config: &Config, facts: &Facts) -> Self {
        let mut names: BTreeMap<Mac, BTreeSet<String>> = BTreeMap::new();
        for Answer { address, mac, .. } in &facts.answers {
            names.entry(*mac).or_default().extend(Self::names(config, *address));
        }
        Self(names)
    }

    fn names(config: &Config, address: IpAddr) -> Vec<String> {
        let node =
            config.nodes.iter().filter(|(_, node)| node.addresses.values().any(|a| *a == address));
        let nodes = node.map(|(name, _)| format!("director {name}"));
        let mut servers = config.services.values().flat_map(|service| service.servers.keys());
        let server = servers.any(|server| server.ip() == address);
        nodes.chain(server.then(|| format!("real server {address}"))).collect()
    }

    fn is_director(&self, mac: Mac) -> bool {
        self.0.get(&mac).is_some_and(|names| names.iter().any(|name| name.starts_with("director ")))
    }

    fn has_name(&self, mac: Mac) -> bool {
        self.0.get(&mac).is_some_and(|names| !names.is_empty())
    }

    fn name(&self, mac: Mac) -> String {
        let names = self.0.get(&mac).filter(|names| !names.is_empty());
        match names {
            Some(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("{} ({mac})", names.join(" and "))
            }
            None => format!("an unknown host ({mac})"),
        }
    }
}

/// Who answers for a virtual address, beside its one owner.
fn answers(config: &Config, node: &NodeName, facts: &Facts) -> Vec<Finding> {
    let known = Known::of(config, facts);
    let mut findings = Vec::new();
    for address in config.groups.values().flat_map(|group| &group.addresses) {
        let here = |answer: &&Answer| answer.interface == address.interface;
        let own = facts.interfaces.get(&address.interface).is_some_and(|interface| {
            interface.addresses.iter().any(|(held, _)| *held == address.address)
        });
        // Where no director is known by its MAC address, a host without a name may be one.
        let told = own || facts.answers.iter().filter(here).any(|a| known.is_director(a.mac));
        let theirs = facts.answers.iter().filter(here).filter(|a| a.address == address.address);
        let macs: BTreeSet<Mac> = theirs.map(|answer| answer.mac).collect();
        let (owners, strangers): (Vec<Mac>, Vec<Mac>) =
            macs.into_iter().partition(|mac| known.is_director(*mac));
        let strangers = strangers.into_iter().filter(|mac| told || known.has_name(*mac));
        findings.extend(strangers.map(|mac| stranger(address, &known.name(mac))));
        let mut owners: Vec<String> = owners.iter().map(|mac| known.name(*mac)).collect();
        if own {
            owners.push(format!("director {node} (this host)"));
        }
        if owners.len() > 1 {
            findings.push(two_owners(address, &owners.join(", ")));
        }
    }
    findings
}

fn stranger(address: &VirtualAddress, who: &str) -> Finding {
    Finding {
        code: "address-answered",
        severity: Severity::Problem,
        what: format!("{who} answers ARP for the virtual address {}", address.address),
        consequence: "whoever believes it sends connections past the directors: no balancing, no \
                      takeover"
            .into(),
        cure: "on a real server run `director realserver apply`; any other host must give the \
               address up"
            .into(),
    }
}

fn two_owners(address: &VirtualAddress, owners: &str) -> Finding {
    Finding {
        code: "two-owners",
        severity: Severity::Problem,
        what: format!("the virtual address {} is held by {owners}", address.address),
        consequence: "neighbours choose one by chance, and connections break when they change \
                      their mind"
            .into(),
        cure: "`director status` on each shows who should hold it; `director release` where no \
               director runs"
            .into(),
    }
}

/// With NAT the answers of the real servers are routed by the director.
fn forwarding(config: &Config, facts: &Facts) -> Vec<Finding> {
    let nat = services(config, Forward::Nat);
    let four = nat.iter().any(|s| s.servers.keys().any(core::net::SocketAddr::is_ipv4));
    let six = nat.iter().any(|s| s.servers.keys().any(core::net::SocketAddr::is_ipv6));
    let needed = [(four, "net/ipv4/ip_forward"), (six, "net/ipv6/conf/all/forwarding")];
    let off = needed.iter().filter(|(needed, path)| *needed && facts.setting(path) == Some(0));
    off.map(|(_, path)| Finding {
        code: "forwarding-off",
        severity: Severity::Problem,
        what: format!("{path} is 0, and services use NAT"),
        consequence: "requests reach the real servers, and their answers end here: every \
                      connection hangs"
            .into(),
        cure: format!("sysctl -w {path}=1, and in /etc/sysctl.d to keep it"),
    })
    .collect()
}

/// With NAT and clients, directors and servers on one segment, a redirect (RFC 792) tells the real
/// server to answer the client directly, past the translation.
fn redirects(config: &Config, facts: &Facts) -> Vec<Finding> {
    let nat = services(config, Forward::Nat);
    let near = |interface: &Interface| {
        let mut servers = nat.iter().flat_map(|service| service.servers.keys());
        servers.any(|server| interface.is_neighbour(server.ip()))
    };
    let sends = |name: &InterfaceName| facts.effective(name, "send_redirects") == Some(1);
    let on = facts.interfaces.iter().filter(|(name, interface)| near(interface) && sends(name));
    on.map(|(name, _)| Finding {
        code: "redirects-on",
        severity: Severity::Warning,
        what: format!("{name} sends ICMP redirects, and real servers reached by NAT are on it"),
        consequence: "for clients on that segment a real server learns to answer past the \
                      director: their connections hang"
            .into(),
        cure: format!(
            "sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.{name}.send_redirects=0"
        ),
    })
    .collect()
}

/// A strict reverse path filter drops clients that are routed elsewhere.
fn reverse_path(config: &Config, facts: &Facts) -> Vec<Finding> {
    let interfaces: BTreeSet<&InterfaceName> =
        config.groups.values().flat_map(|group| &group.addresses).map(|a| &a.interface).collect();
    let several = facts.interfaces.values().filter(|one| !one.addresses.is_empty()).count() > 2;
    let strict =
        interfaces.into_iter().filter(|name| facts.effective(name, "rp_filter") == Some(1));
    // With one interface beside `lo` every route leads there.
    strict
        .filter(|_| several)
        .map(|name| Finding {
            code: "strict-reverse-path",
            severity: Severity::Warning,
            what: format!("{name} holds virtual addresses and filters the reverse path strictly"),
            consequence: "packets of clients whose route leaves by another interface are dropped \
                          without a word"
                .into(),
            cure: format!("sysctl -w net.ipv4.conf.{name}.rp_filter=2 (loose)"),
        })
        .collect()
}

/// What a tunnelled packet is longer by, in bytes: the outer IP header, and what stands between the
/// two (`ip_vs_tunnel_xmit` in `net/netfilter/ipvs/ip_vs_xmit.c`).
fn outer(forward: Forward, server: IpAddr) -> Option<u32> {
    let Forward::Tunnel(tunnel) = forward else { return None };
    let outer = if server.is_ipv6() { OUTER6 } else { OUTER };
    Some(outer + u32::from(tunnel.headers()))
}

/// A tunnelled packet is longer than the client's. Without `pmtu_disc` the kernel asks no client
/// for less and takes the outer packet apart (`ensure_mtu_is_adequate` in `ip_vs_xmit.c`).
fn tunnel_size(config: &Config, facts: &Facts) -> Vec<Finding> {
    let clients = config.groups.values().flat_map(|group| &group.addresses);
    let clients = clients.filter_map(|address| facts.interfaces.get(&address.interface));
    let largest = clients.map(|interface| interface.mtu).max().unwrap_or(0);
    let fragments = facts.setting("net/ipv4/vs/pmtu_disc") == Some(0);
    let longer = |interface: &Interface| {
        let servers = config.services.values().flat_map(|service| {
            service.servers.keys().map(move |server| (service.forward_of(server), server.ip()))
        });
        let near = servers.filter(|(_, server)| interface.is_neighbour(*server));
        near.filter_map(|(forward, server)| outer(forward, server)).max()
    };
    let narrow = facts.interfaces.iter().filter_map(|(name, interface)| {
        let longer = longer(interface)?;
        (interface.mtu < largest.saturating_add(longer)).then_some((name, interface.mtu, longer))
    });
    narrow
        .map(|(name, mtu, longer)| Finding {
            code: "tunnel-size",
            severity: Severity::Warning,
            what: format!(
                "{name} carries packets of {mtu} bytes, and tunnelled ones are {longer} longer"
            ),
            consequence: if fragments {
                "net/ipv4/vs/pmtu_disc is 0: large packets go out as fragments; where a firewall \
                 drops those, large requests hang"
            } else {
                "clients are told by ICMP to send less; where a firewall drops that, large \
                 requests hang"
            }
            .into(),
            cure: format!(
                "raise the MTU between directors and real servers to {}, or have the real servers \
                 ask for less: ip route change default … advmss {}",
                largest + longer,
                mtu.saturating_sub(longer + 40)
            ),
        })
        .collect()
}

/// The interfaces with virtual addresses of a kind.
fn held(config: &Config, kind: fn(&IpAddr) -> bool) -> BTreeSet<&InterfaceName> {
    let all = config.groups.values().flat_map(|group| &group.addresses);
    all.filter(|one| kind(&one.address)).map(|one| &one.interface).collect()
}

/// The director sets `arp_ignore` of the interface; that of `all` goes before when it is greater.
fn unanswered(config: &Config, facts: &Facts) -> Option<Finding> {
    let path = "net/ipv4/conf/all/arp_ignore";
    let value = facts.setting(path).filter(|value| *value >= ANSWERS_NOTHING)?;
    (!held(config, IpAddr::is_ipv4).is_empty()).then(|| Finding {
        code: "address-unanswered",
        severity: Severity::Problem,
        what: format!("{path} is {value}"),
        consequence: "this host answers ARP for none of its addresses: whoever asks for a virtual \
                      address hears nobody"
            .into(),
        cure: format!("sysctl -w {path}=0; the director sets what the interface needs"),
    })
}

/// An interface without IPv6 takes no IPv6 address.
fn without_ipv6(config: &Config, facts: &Facts) -> Vec<Finding> {
    let off = |path: &str| facts.setting(path) == Some(1);
    let interfaces = held(config, IpAddr::is_ipv6).into_iter();
    let paths = interfaces.map(|name| format!("net/ipv6/conf/{name}/disable_ipv6"));
    let off = paths.filter(|path| off(path));
    off.map(|path| Finding {
        code: "ipv6-off",
        severity: Severity::Problem,
        what: format!("{path} is 1, and the interface is to have a virtual IPv6 address"),
        consequence: "the kernel refuses the address: the group is never taken here".into(),
        cure: format!("sysctl -w {path}=0, and in /etc/sysctl.d to keep it"),
    })
    .collect()
}

/// Who forwards IPv6 is a router, and hears no other (RFC 4861 §6.2.7; `accept_ra` in the kernel's
/// ip-sysctl).
fn advertisements(config: &Config, facts: &Facts) -> Vec<Finding> {
    let nat = |service: &&Service| {
        let mut all = service.servers.keys().map(|server| service.forward_of(server));
        service.key.is_ipv6() && all.any(|forward| forward == Forward::Nat)
    };
    let six = config.services.values().any(|service| nat(&service));
    let path = |name: &InterfaceName| format!("net/ipv6/conf/{name}/accept_ra");
    let names = facts
        .interfaces
        .keys()
        .filter(|name| six && name.as_str() != "lo" && facts.setting(&path(name)) == Some(1));
    names
        .map(|name| Finding {
            code: "router-unheard",
            severity: Severity::Warning,
            what: format!("{} is 1, and services use NAT over IPv6", path(name)),
            consequence:
                "the director turns IPv6 forwarding on, and the kernel then ignores router \
                          advertisements: a default route that came by one runs out"
                    .into(),
            cure: format!("sysctl -w {}=2, or a route that is configured", path(name)),
        })
        .collect()
}

fn open_files(config: &Config, facts: &Facts) -> Option<Finding> {
    let checks: usize = config.services.values().map(|service| service.servers.len()).sum();
    let needed = u64::try_from(checks).unwrap_or(u64::MAX).saturating_add(BASE_FILES);
    let may = facts.open_files.filter(|may| *may < needed)?;
    Some(Finding {
        code: "few-open-files",
        severity: Severity::Warning,
        what: format!("{may} files may be open, and {checks} checks may run at once"),
        consequence: "checks that get no socket fail, and take out servers that are well".into(),
        cure: format!("LimitNOFILE={} in the unit", needed.next_power_of_two()),
    })
}
